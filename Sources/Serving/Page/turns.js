// Questions and answers as they stand in the conversation.
import { button, copyButton, element } from "./dom.js";
import { AnswerView, answerTitle } from "./answer-view.js";
import { isRunning, selectionOf } from "./ask.js";
import { ComparisonTable } from "./comparison.js";
import { PictureFigure } from "./figure.js";

/** A question: its pictures, its words. `actions`: `edit(turn)`, `open(picture, selection)`. */
export class QuestionView {
  constructor(turn, addressOf, actions) {
    this.turn = turn;
    this.figures = turn.pictures.map((picture) =>
      new PictureFigure(picture, addressOf(picture.id), (selection) => actions.open(picture, selection)));
    this.node = element("article", { class: "turn question", "aria-label": "Question" },
      this.figures.length > 0 ? element("div", { class: "figures" }, ...this.figures.map((figure) => figure.node)) : null,
      turn.text === "" ? null : element("div", { class: "bubble" }, turn.text),
      element("div", { class: "actions" },
        button("Edit and ask again", "edit", () => actions.edit(turn), { class: "quiet bare needs-rest" }),
        turn.text === "" ? null : copyButton("Copy question", () => turn.text)));
  }
}

/**
 * One answer, or two beside each other. `pictures` are those of the conversation so far, in order; `actions`:
 * `again(turn)`, `open(picture, selection)`.
 */
export class ReplyView {
  #comparison = null;
  #figures = [];

  constructor(turn, pictures, addressOf, actions) {
    this.turn = turn;
    this.pictures = pictures;
    const two = turn.answers.length > 1;
    this.views = turn.answers.map((answer) => new AnswerView(answer, () => actions.again(turn)));
    this.node = element("article", { class: `turn reply${two ? " comparison" : ""}`, "aria-label": "Answer" });
    if (two) {
      this.#figures = turn.answers.map(() => pictures.map((picture) =>
        new PictureFigure(picture, addressOf(picture.id), (selection) => actions.open(picture, selection))));
      this.#comparison = new ComparisonTable();
      this.node.append(
        element("div", { class: "columns" }, ...turn.answers.map((answer, place) =>
          element("section", { class: "column", "aria-label": answerTitle(answer) },
            element("h2", {}, answerTitle(answer)),
            element("div", { class: "figures" }, ...this.#figures[place].map((figure) => figure.node)),
            this.views[place].node))),
        this.#comparison.node);
    } else this.node.append(this.views[0].node);
    this.actions = element("div", { class: "actions" },
      copyButton("Copy answer", () => turn.answers[0].text),
      button("Answer again", "again", () => actions.again(turn), { class: "quiet bare needs-rest" }));
    this.node.append(this.actions);
    this.update();
  }

  update() {
    for (const view of this.views) view.update();
    const running = this.turn.answers.some((answer) => isRunning(answer));
    this.actions.hidden = running || this.turn.answers.every((answer) => answer.state === "failed");
    this.#figures.forEach((figures, place) => figures.forEach((figure, picture) =>
      figure.show(selectionOf(this.turn.answers[place], this.pictures[picture].id),
        this.pictures.length === 1 ? fullOf(this.turn.answers[place]) : null)));
    this.#comparison?.show(this.turn.answers);
  }
}

export const fullOf = (answer) => answer.usage?.image_tokens?.full ?? answer.counted?.image_tokens?.full ?? null;
