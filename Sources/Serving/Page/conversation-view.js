// The conversation that is open: its turns as they stand on the page, and the pictures in them.
import { isRunning, selectionOf } from "./ask.js";
import { pictureAddress } from "./pictures.js";
import { picturesOf } from "./store.js";
import { QuestionView, ReplyView, fullOf } from "./turns.js";

export class ConversationView {
  /** The conversation as it is stored; null for one in which nothing was asked yet. */
  current = null;
  #views = new Map();
  #addresses = new Map();

  /** `actions`: `edit(turn)`, `again(turn)`, `open(picture, selection)`. */
  constructor(node, store, actions) {
    Object.assign(this, { node, store, actions });
  }

  get turns() {
    return this.current?.turns ?? [];
  }

  get pictures() {
    return this.current ? picturesOf(this.current) : [];
  }

  /** A picture's address within the page; null when its bytes are no longer stored. */
  addressOf = (id) => this.#addresses.get(id) ?? null;

  /** Takes in pictures whose bytes are at hand. */
  addPictures(pictures) {
    for (const { id, blob } of pictures) this.#addresses.set(id, pictureAddress(id, blob));
  }

  /** Opens a conversation, or an empty one for null. */
  async open(conversation) {
    this.current = conversation;
    // Stored while another tab was still answering.
    for (const answer of this.turns.flatMap((turn) => turn.answers ?? [])) if (isRunning(answer)) answer.state = "stopped";
    for (const { id } of this.pictures) {
      const blob = this.#addresses.has(id) ? null : await this.store.picture(id);
      if (blob) this.addPictures([{ id, blob }]);
    }
    this.draw();
  }

  draw() {
    this.#views = new Map();
    this.node.replaceChildren();
    const pictures = [];
    for (const turn of this.turns) {
      if (turn.role === "user") pictures.push(...turn.pictures);
      this.drawTurn(turn, [...pictures]);
    }
    this.showSelections();
  }

  /** Draws a turn below the others; `pictures` are those of the conversation up to there. */
  drawTurn(turn, pictures) {
    const view = turn.role === "user" ? new QuestionView(turn, this.addressOf, this.actions)
      : new ReplyView(turn, pictures, this.addressOf, this.actions);
    this.#views.set(turn, view);
    this.node.append(view.node);
    return view;
  }

  /** The newest answer's choice lies over the pictures of the questions. */
  showSelections() {
    const latest = this.turns.findLast((turn) => turn.role === "assistant" && turn.answers[0].selections.some(Boolean));
    if (!latest || latest.answers.length > 1) return;
    const [answer] = latest.answers;
    const before = this.turns.slice(0, this.turns.indexOf(latest));
    const whole = picturesOf({ turns: before }).length === 1 ? fullOf(answer) : null;
    for (const turn of before) {
      this.#views.get(turn)?.figures?.forEach((figure, place) =>
        figure.show(selectionOf(answer, turn.pictures[place].id), whole));
    }
  }

  /**
   * Takes a turn away, and what follows it. Pictures that no turn shows any longer go too, but for those of `kept`.
   */
  async cutFrom(turn, kept = []) {
    const before = this.pictures;
    this.current.turns = this.turns.slice(0, this.turns.indexOf(turn));
    const still = new Set([...this.pictures, ...kept].map(({ id }) => id));
    await this.store.removePictures(before.map(({ id }) => id).filter((id) => !still.has(id)));
    this.draw();
  }

  /** While an answer comes, what would change the conversation rests. */
  busy(flag) {
    this.node.classList.toggle("busy", flag);
    for (const each of this.node.querySelectorAll(".needs-rest")) each.disabled = flag;
  }
}
