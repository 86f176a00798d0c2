// Questions and answers in turn: sent, stopped, asked again, edited.
import { isRunning, messagesOf, newAnswer, run } from "./ask.js";
import { isAtEnd, toEnd } from "./frame.js";
import { newID } from "./store.js";

const titleOf = (text) => text.split("\n")[0].slice(0, 60);

export class Dialogue {
  #running = null;

  /**
   * `parts`: `server`, `store`, `options`, `composer`, `talk` (the open conversation's view). `actions`: `model()`,
   * `budget()`, `changed()` when the list of conversations has, `failed(error)`, `noModel()`.
   */
  constructor(parts, actions) {
    Object.assign(this, parts, { actions });
  }

  stop() {
    this.#running?.abort();
  }

  /** Sends what stands in the composer. */
  async send() {
    const { composer, talk, store } = this;
    const text = composer.text.trim();
    const { pictures, editing } = composer;
    if (text === "" || this.#running) return;
    if (!this.actions.model()) return void this.actions.noModel();
    talk.current ??= { id: newID(), title: "", created: Date.now(), updated: Date.now(), turns: [] };
    if (editing) await talk.cutFrom(editing, pictures);
    const turn = {
      role: "user", text,
      pictures: pictures.map(({ id, name, type, width, height, size }) => ({ id, name, type, width, height, size })),
    };
    talk.addPictures(pictures);
    talk.current.turns.push(turn);
    talk.current.title ||= titleOf(text);
    composer.clear();
    talk.drawTurn(turn, []);
    this.actions.changed();
    // The conversation first: pictures that none refers to are taken for left over.
    const kept = store.save(talk.current);
    kept.then(() => Promise.all(pictures.map(({ id, blob }) => store.addPicture(id, blob))));
    await this.#answer(new Map(pictures.map(({ id, blob }) => [id, blob])));
  }

  /** Answers a question anew; what followed the old answer goes. */
  async again(turn) {
    const { talk } = this;
    if (this.#running || !talk.turns.includes(turn)) return;
    await talk.cutFrom(turn);
    await this.#answer();
  }

  /** Puts a question back into the composer. */
  async edit(turn) {
    if (this.#running) return;
    const pictures = [];
    for (const picture of turn.pictures) {
      const blob = await this.store.picture(picture.id);
      if (blob) pictures.push({ ...picture, blob, note: "" });
    }
    this.composer.edit(turn, pictures);
  }

  /** Answers the last question; `blobs` are pictures that may not be stored yet. */
  async #answer(blobs = new Map()) {
    const { talk, options } = this;
    const asked = talk.current;
    const earlier = [...asked.turns];
    const pictures = talk.pictures.filter(({ id }) => talk.addressOf(id));
    const budget = this.actions.budget();
    const compares = options.get("compare") && pictures.length > 0 && budget !== "full";
    const turn = {
      role: "assistant",
      answers: (compares ? [budget, "full"] : [budget]).map((each) => newAnswer(each, pictures.map(({ id }) => id))),
    };
    asked.turns.push(turn);
    const view = talk.drawTurn(turn, pictures);
    const asking = new AbortController();
    this.#running = asking;
    this.#busy(true);
    toEnd();
    const changed = () => {
      const follows = isAtEnd();
      view.update();
      if (!compares && talk.current === asked) talk.showSelections();
      if (follows) requestAnimationFrame(toEnd);
    };
    try {
      const messages = await messagesOf(
        earlier, options.get("system"), async (id) => blobs.get(id) ?? this.store.picture(id));
      for (const each of turn.answers) await this.#run(each, messages, pictures.length > 0, asking.signal, changed);
    } catch (error) {
      for (const each of turn.answers.filter(isRunning)) {
        Object.assign(each, { state: "failed", error: { message: error.message, status: 0, away: false } });
      }
    }
    changed();
    if (this.#running === asking) this.#running = null;
    asked.updated = Date.now();
    // Deleted while it was answered: it stays deleted.
    if (this.store.get(asked.id)) await this.store.save(asked);
    this.#busy(this.#running !== null);
    this.actions.changed();
    const failure = turn.answers.find(({ error }) => error)?.error;
    if (failure) this.actions.failed(failure);
  }

  async #run(answer, messages, hasPictures, signal, changed) {
    if (signal.aborted) {
      answer.state = "stopped";
      return;
    }
    const body = {
      model: this.actions.model().id, messages, ...this.options.sampling(),
      ...(hasPictures ? { visual_tokens: this.options.visualTokens(answer.budget) } : {}),
    };
    await run(answer, this.server, body, signal, changed);
  }

  #busy(flag) {
    this.composer.running(flag);
    this.talk.busy(flag);
  }
}
