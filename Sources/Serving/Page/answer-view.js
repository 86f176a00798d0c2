// An answer as it comes: queued, looking, reading, answering; then its figures.
import { button, element, onceAFrame, say } from "./dom.js";
import { budgetName, count, rate, seconds, tokens } from "./format.js";
import { isRunning } from "./ask.js";
import { MarkdownView } from "./markdown-view.js";

/** What is going on, in words. */
export function stateWords(answer) {
  switch (answer.state) {
    case "waiting": return "Waits until the other is done, so that neither slows the other";
    case "queued": return answer.place > 0 ? `In the queue, ${count(answer.place)} before it` : "Sent";
    case "looking": return answer.view?.of ? `Looking at the picture, view ${answer.view.at} of ${answer.view.of}`
      : "Looking at the picture";
    case "reading": return answer.total > 0 ? `Reading, ${count(answer.done)} of ${tokens(answer.total)}` : "Reading";
    case "answering": return "Answering";
    case "stopped": return "Stopped";
    case "failed": return "Failed";
    default: return "Done";
  }
}

export class AnswerView {
  #text = element("div", { class: "markdown" });
  #state = element("div", { class: "state" });
  #facts = element("div", { class: "facts" });
  #markdown = new MarkdownView(this.#text);
  #spoken = "";

  /** `retry` asks again. */
  constructor(answer, retry) {
    this.answer = answer;
    this.retry = retry;
    this.node = element("div", { class: "answer" }, this.#state, this.#text, this.#facts);
    this.update = onceAFrame(() => this.#draw());
    this.#draw();
  }

  #draw() {
    const { answer } = this;
    const running = isRunning(answer);
    this.node.dataset.state = answer.state;
    this.#markdown.show(answer.text);
    this.#text.hidden = answer.text === "";
    this.#text.classList.toggle("growing", answer.state === "answering");
    this.node.setAttribute("aria-busy", String(running));
    if (running) this.#drawState();
    else this.#state.replaceChildren();
    this.#state.hidden = !running;
    this.#facts.replaceChildren(...(running ? [] : this.#ending()));
    this.#speak();
  }

  #drawState() {
    const { answer } = this;
    const shown = answer.state === "reading" && answer.total > 0;
    const words = stateWords(answer);
    let line = this.#state.querySelector(".state-words");
    if (!line) {
      line = element("span", { class: "state-words" });
      this.#state.append(element("span", { class: "pulse", "aria-hidden": "true" }), line,
        element("progress", { "aria-label": "Prompt read", max: 1, hidden: true }));
    }
    if (line.textContent !== words) line.textContent = words;
    const bar = this.#state.querySelector("progress");
    bar.hidden = !shown;
    if (shown) {
      bar.max = answer.total;
      bar.value = answer.done;
    }
  }

  #ending() {
    const { answer } = this;
    const nodes = [];
    if (answer.state === "failed") {
      const wait = answer.error.retryAfter;
      nodes.push(element("div", { class: "failure", role: "alert" },
        element("p", {}, answer.error.message),
        wait ? element("p", { class: "quiet-words" }, `It asks to wait ${count(wait)} s.`) : null,
        this.retry ? button("Try again", "again", () => this.retry(), { shown: true, kind: "plain" }) : null));
    }
    const facts = factsOf(answer);
    if (answer.state === "stopped") facts.unshift("Stopped");
    if (answer.finish === "length") facts.push("cut off at the token limit");
    if (answer.state === "done" && answer.text === "") nodes.push(element("p", { class: "quiet-words" }, "The model said nothing."));
    if (facts.length > 0) nodes.push(element("p", { class: "fact-line" }, ...facts.map((fact) => element("span", {}, fact))));
    return nodes;
  }

  #speak() {
    const { state, text } = this.answer;
    if (state === this.#spoken) return;
    const before = this.#spoken;
    this.#spoken = state;
    if (before === "" && !isRunning(this.answer)) return;
    if (state === "done") say(`Answer: ${text.slice(0, 600)}`);
    else if (state !== "failed") say(stateWords(this.answer));
  }
}

/** What is known of an answer's cost, as short phrases. */
export function factsOf(answer) {
  const facts = [];
  const image = answer.usage?.image_tokens;
  if (image?.full > 0) {
    facts.push(image.kept === image.full ? `all ${count(image.full)} image tokens`
      : `${count(image.kept)} of ${count(image.full)} image tokens`);
    if (image.budget_lowered) facts.push(`budget lowered to ${image.budget}`);
  }
  if (typeof answer.ttft === "number") facts.push(`first token ${seconds(answer.ttft)}`);
  if (typeof answer.rate === "number") facts.push(rate(answer.rate));
  const cached = answer.usage?.prompt_tokens_details?.cached_tokens;
  if (cached > 0) facts.push(`${count(cached)} of ${tokens(answer.usage.prompt_tokens)} already read`);
  return facts;
}

export const answerTitle = (answer) => (answer.budget === "full" ? "All tokens" : `HiRED, ${budgetName(answer.budget)}`);
