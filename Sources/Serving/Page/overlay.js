// A picture with the tokens that are not kept dimmed, tile by tile.
import { drawn, element } from "./dom.js";
import { tokens as tokensText } from "./format.js";

export const partitionName = (place) => (place === 0 ? "Full view" : `Tile ${place}`);

/** The score of a partition; there may be none for the full view. */
export function scoreOf(selection, place) {
  const scores = selection.scores ?? [];
  return scores.length === selection.kept.length ? scores[place] : scores[place - 1];
}

/** What may be shown: "tiles" only where there are some. */
export const modesOf = (selection) => (selection && selection.kept?.length > 1
  ? [["tiles", "Tiles"], ["full", "Full view"], ["off", "Picture"]] : [["full", "Kept"], ["off", "Picture"]]);

/** Runs of dropped tokens, each a rectangle, as one path. */
function veilPath(kept, side, bounds) {
  const flags = new Uint8Array(side * side);
  for (const index of kept) flags[index] = 1;
  const [width, height] = [bounds.width / side, bounds.height / side];
  let path = "";
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side;) {
      let end = column;
      while (end < side && !flags[row * side + end]) end += 1;
      if (end > column) {
        path += `M${bounds.x + column * width} ${bounds.y + row * height}h${(end - column) * width}v${height}`
          + `h${(column - end) * width}z`;
      }
      column = Math.max(end, column + 1);
    }
  }
  return path;
}

export class KeptView {
  #selection = null;
  #mode = "off";
  #veils = drawn("g", { class: "veils" });
  #edges = drawn("g", { class: "edges" });
  #badges = element("div", { class: "badges", "aria-hidden": "true" });
  #hint = element("div", { class: "hint", hidden: true, "aria-hidden": "true" });

  /** `source` is the picture's address, `width` and `height` its upright size in pixels. */
  constructor({ source, width, height, name, large = false }) {
    Object.assign(this, { width, height, name });
    this.image = element("img", { src: source, width, height, alt: name, decoding: "async", draggable: "false" });
    const lines = drawn("svg", {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true",
    }, this.#veils, this.#edges);
    this.node = element("div", {
      class: `kept${large ? " large" : ""}`,
      onpointermove: (event) => this.#point(event), onpointerleave: () => this.mark(null),
    }, this.image, lines, this.#badges, this.#hint);
    this.node.style.aspectRatio = `${width} / ${height}`;
    this.node.style.setProperty("--ratio", width / height);
  }

  get mode() {
    return this.#mode;
  }

  show(selection, mode) {
    const usable = selection?.kept?.length > 0 && selection.partitions?.length === selection.kept.length;
    this.#selection = usable ? selection : null;
    this.#mode = usable ? mode : "off";
    const places = this.#places();
    const side = selection?.tokens_per_side;
    this.#veils.replaceChildren(...places.map((place, order) => {
      const veil = drawn("path", { class: "veil", d: veilPath(selection.kept[place], side, selection.partitions[place]) });
      veil.style.animationDelay = `${order * 70}ms`;
      return veil;
    }));
    this.#edges.replaceChildren(...(places.length < 2 ? [] : places.map((place) => {
      const { x, y, width, height } = selection.partitions[place];
      return drawn("rect", { x, y, width, height, class: "edge", "data-place": place });
    })));
    this.#badges.replaceChildren(...places.map((place) => {
      const bounds = selection.partitions[place];
      const badge = element("span", {}, String(selection.kept[place].length));
      badge.style.left = `${Math.max(0, bounds.x) / this.width * 100}%`;
      badge.style.top = `${Math.max(0, bounds.y) / this.height * 100}%`;
      return badge;
    }));
    this.image.alt = usable ? `${this.name}. ${describe(selection)}` : this.name;
    this.node.classList.toggle("veiled", this.#mode !== "off");
  }

  #places() {
    if (this.#mode === "off") return [];
    if (this.#mode === "full") return [0];
    return this.#selection.kept.map((_, place) => place).slice(1);
  }

  /** Makes one partition stand out; null for none. */
  mark(place) {
    for (const edge of this.#edges.children) edge.classList.toggle("marked", edge.dataset.place === String(place));
    this.#hint.hidden = true;
  }

  #point(event) {
    const places = this.#places();
    if (places.length === 0) return;
    const box = this.node.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * this.width;
    const y = (event.clientY - box.top) / box.height * this.height;
    const place = places.find((each) => {
      const bounds = this.#selection.partitions[each];
      return x >= bounds.x && y >= bounds.y && x < bounds.x + bounds.width && y < bounds.y + bounds.height;
    });
    this.mark(place ?? null);
    if (place === undefined) return;
    this.#hint.replaceChildren(...this.#hintLines(place, x, y).map((line) => element("div", {}, line)));
    this.#hint.hidden = false;
    // Beside the pointer, within the picture.
    const across = event.clientX - box.left;
    const down = event.clientY - box.top;
    this.#hint.style.left = `${Math.max(0, Math.min(across + 14, box.width - this.#hint.offsetWidth))}px`;
    this.#hint.style.top = `${down + 18 + this.#hint.offsetHeight > box.height
      ? Math.max(0, down - this.#hint.offsetHeight - 8) : down + 18}px`;
  }

  #hintLines(place, x, y) {
    const { partitions, kept, tokens_per_side: side, attention } = this.#selection;
    const bounds = partitions[place];
    const row = Math.min(side - 1, Math.floor((y - bounds.y) / bounds.height * side));
    const column = Math.min(side - 1, Math.floor((x - bounds.x) / bounds.width * side));
    const index = row * side + column;
    const state = kept[place].includes(index) ? "kept" : "dropped";
    const strength = attention?.[place]?.[index];
    return [
      partitionLine(this.#selection, place),
      `Token ${row + 1}, ${column + 1}: ${state}${strength === undefined ? "" : `, attention ${Math.round(strength / 2.55)} % of the most`}`,
    ];
  }
}

export function partitionLine(selection, place) {
  const score = scoreOf(selection, place);
  return `${partitionName(place)}: ${tokensText(selection.kept[place].length)}${
    typeof score === "number" ? `, score ${score.toFixed(3)}` : ""}`;
}

/** Separators between rows count too, where the server tells of them. */
export const keptCount = (selection) => selection.kept_count ?? selection.kept.reduce((sum, each) => sum + each.length, 0);

export const describe = (selection) =>
  `${tokensText(keptCount(selection))} kept: ${selection.kept.map((each, place) =>
    `${partitionName(place).toLowerCase()} ${each.length}`).join(", ")}.`;
