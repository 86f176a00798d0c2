// Whether the server is there: a splash while it is away or warming up, and the way back.
import { say } from "./dom.js";

const words = {
  away: ["The server is away", "Nothing answers at this address. The page goes on as soon as it does."],
  warming: ["The model is warming up", "It is read and made ready; the page goes on by itself."],
  unavailable: ["The language model cannot be reached", "It is served elsewhere; the page goes on as soon as it is back."],
  draining: ["The server is shutting down", "It finishes what it has begun and takes nothing new."],
};

export class Connection {
  #timer = 0;
  #wait = 1000;
  #kind = "";
  #asking = false;

  /** `connected(models)` is called when the server is ready, `locked(message)` when it wants a key. */
  constructor(server, connected, locked) {
    Object.assign(this, { server, connected, locked, models: [] });
    this.node = document.getElementById("splash");
    document.getElementById("retry").addEventListener("click", () => this.check(true));
  }

  /** Asks the server and shows or takes away the splash. True when it is ready. */
  async check(byHand = false) {
    if (this.#asking) return false;
    this.#asking = true;
    clearTimeout(this.#timer);
    try {
      const state = await this.server.state();
      if (state !== "ready") return this.#splash(state in words ? state : "warming", byHand);
      this.models = await this.server.models();
      this.node.hidden = true;
      document.getElementById("app").inert = false;
      if (this.#kind !== "") say("The server is ready.");
      this.#kind = "";
      this.#wait = 1000;
      this.connected(this.models);
      return true;
    } catch (error) {
      if (error.status === 401 || error.status === 403) {
        this.node.hidden = true;
        document.getElementById("app").inert = false;
        this.locked(error.message);
        return false;
      }
      return this.#splash("away", byHand, error.away ? "" : error.message);
    } finally {
      this.#asking = false;
    }
  }

  #splash(kind, byHand, message = "") {
    const [title, text] = words[kind];
    document.getElementById("splash-title").textContent = title;
    if (kind !== this.#kind || byHand) document.getElementById("splash-words").textContent = message || text;
    const appears = this.node.hidden;
    this.node.dataset.kind = kind;
    this.node.hidden = false;
    document.getElementById("app").inert = true;
    if (appears) document.getElementById("retry").focus();
    this.#kind = kind;
    // Less and less often, but never seldom.
    this.#timer = setTimeout(() => this.check(), this.#wait);
    this.#wait = kind === "away" ? Math.min(this.#wait * 1.6, 10_000) : 1000;
    return false;
  }
}
