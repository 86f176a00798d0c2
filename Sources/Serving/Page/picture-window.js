// One picture, large: which tokens are kept at which budget, before anything is asked.
import { button, element, later } from "./dom.js";
import { BudgetSlider, totals } from "./budget.js";
import { choice } from "./choice.js";
import { count } from "./format.js";
import { KeptView, keptCount, modesOf, partitionName, scoreOf } from "./overlay.js";
import { dataURL, pictureWords } from "./pictures.js";

// The server's digests of pictures that it has seen, by the page's own number.
const digests = new Map();

export class PictureWindow {
  #asking = null;
  #mode = null;
  #selection = null;
  #full = null;

  /** `actions`: `budget()`, `setBudget(budget)`, `select(body, signal)`, `blob(id)`, `visualTokens(budget)`. */
  constructor(dialog, actions) {
    Object.assign(this, { dialog, actions });
    this.slider = new BudgetSlider((budget) => {
      actions.setBudget(budget);
      this.#ask();
    });
    this.#ask = later(() => this.#select(), 160);
    dialog.addEventListener("close", () => this.#asking?.abort());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  /** `selection` is that of an answer, or null: then the server is asked. */
  open(picture, address, selection, full) {
    this.picture = picture;
    this.#selection = selection;
    this.#full = full;
    this.view = new KeptView({ source: address, width: picture.width, height: picture.height, name: picture.name, large: true });
    this.modes = element("div", {});
    this.words = element("p", { class: "quiet-words", role: "status" });
    this.table = element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Full view and tiles" });
    this.dialog.setAttribute("aria-label", picture.name);
    this.dialog.replaceChildren(element("div", { class: "window-head" },
      element("h2", {}, picture.name), element("span", { class: "quiet-words" }, pictureWords(picture)),
      button("Close", "close", () => this.dialog.close())),
    element("div", { class: "window-body" },
      element("div", { class: "window-picture" }, this.view.node),
      element("div", { class: "window-side" }, this.slider.node, this.modes, this.words, this.table)));
    this.#draw();
    this.dialog.showModal();
    if (selection?.asked !== this.actions.budget()) this.#select();
  }

  #ask;

  async #select() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.words.textContent = "Asking which tokens are kept …";
    try {
      const answer = await this.#answer(asking.signal);
      if (asking !== this.#asking || !this.dialog.open) return;
      const image = answer.images[0];
      if (image.digest) digests.set(this.picture.id, image.digest);
      this.#selection = image.selection ?? null;
      this.#full = image.full;
      this.#draw(totals(answer));
    } catch (error) {
      if (error.name !== "AbortError") this.words.textContent = error.message;
    }
  }

  async #answer(signal) {
    const fields = { visual_tokens: this.actions.visualTokens(this.actions.budget()), select: true };
    // An automatic budget is worked out for a whole prompt.
    const digest = this.actions.budget() === "auto" ? null : digests.get(this.picture.id);
    if (digest) {
      try {
        return await this.actions.select({ images: [{ digest }], ...fields }, signal);
      } catch (error) {
        if (error.status !== 404) throw error;
        digests.delete(this.picture.id);
      }
    }
    const blob = await this.actions.blob(this.picture.id);
    if (!blob) throw new Error("The picture is no longer stored.");
    // A prompt needs words; they do not change what is kept.
    const content = [
      { type: "image_url", image_url: { url: await dataURL(blob) } }, { type: "text", text: "What is in the picture?" },
    ];
    return this.actions.select({ messages: [{ role: "user", content }], ...fields }, signal);
  }

  #draw(counts = null) {
    const selection = this.#selection;
    const modes = modesOf(selection);
    if (selection && !modes.some(([mode]) => mode === this.#mode)) this.#mode = modes[0][0];
    const full = this.#full ?? selection?.full ?? null;
    const known = selection && full && selection.asked === this.actions.budget() ? { kept: keptCount(selection), full } : null;
    this.slider.show(this.actions.budget(), counts ?? known);
    this.view.show(selection, this.#mode ?? "off");
    if (!selection) return this.modes.replaceChildren();
    // The radio that has the focus keeps it while the slider moves on.
    if (this.modes.childElementCount === 0 || this.modes.dataset.modes !== String(modes.length)) {
      this.modes.dataset.modes = modes.length;
      this.modes.replaceChildren(choice("Shown over the picture", modes, this.#mode, (mode) => {
        this.#mode = mode;
        this.view.show(this.#selection, mode);
      }));
    }
    this.words.textContent =
      `${count(keptCount(selection))}${full ? ` of ${count(full)}` : ""} tokens are kept. Point at the picture for scores.`;
    const side = selection.tokens_per_side;
    this.table.replaceChildren(element("table", {},
      element("caption", { class: "unseen" }, "Tokens kept of the full view and of each tile"),
      element("thead", {}, element("tr", {}, ...["Part", "Kept", "Of", "Score"].map((name) =>
        element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...selection.kept.map((kept, place) => {
        const score = scoreOf(selection, place);
        return element("tr", { onpointerenter: () => this.view.mark(place), onpointerleave: () => this.view.mark(null) },
          element("th", { scope: "row" }, partitionName(place)), element("td", {}, count(kept.length)),
          element("td", {}, count(side * side)), element("td", {}, typeof score === "number" ? score.toFixed(3) : "–"));
      }))));
  }
}
