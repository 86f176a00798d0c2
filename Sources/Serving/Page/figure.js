// A picture of a turn, with what was kept of it.
import { button, element } from "./dom.js";
import { choice } from "./choice.js";
import { count } from "./format.js";
import { KeptView, keptCount, modesOf } from "./overlay.js";

export class PictureFigure {
  #view = null;
  #selection = null;
  #mode = null;

  /** `address` is null for a picture that is no longer stored; `open` is called with the figure's selection. */
  constructor(picture, address, open) {
    this.node = element("figure", { class: "figure" });
    this.open = open;
    if (!address) {
      this.node.append(element("p", { class: "gone" }, `${picture.name} is no longer stored.`));
      return;
    }
    this.#view = new KeptView({ source: address, width: picture.width, height: picture.height, name: picture.name });
    this.caption = element("figcaption", {});
    this.node.append(element("div", { class: "figure-picture" }, this.#view.node), this.caption);
    this.#draw();
  }

  /** `full` is how many tokens there were to choose from. */
  show(selection, full = null) {
    if (!this.#view || (selection === this.#selection && full === this.full)) return;
    this.#selection = selection;
    this.full = full;
    this.#draw();
  }

  #draw() {
    const modes = modesOf(this.#selection);
    const known = modes.some(([mode]) => mode === this.#mode);
    const mode = this.#selection ? (known ? this.#mode : modes[0][0]) : "off";
    const apply = (value) => {
      this.#mode = value;
      this.#view.show(this.#selection, value);
    };
    this.#view.show(this.#selection, mode);
    const kept = this.#selection ? keptCount(this.#selection) : 0;
    this.caption.replaceChildren(
      ...(this.#selection ? [choice("Shown over the picture", modes, mode, apply),
        element("span", { class: "figure-words" },
          `${count(kept)}${this.full ? ` of ${count(this.full)}` : ""} kept`)] : []),
      button("Enlarge and try budgets", "look", () => this.open(this.#selection)));
  }
}
