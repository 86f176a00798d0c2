// The budget: a slider whose steps are fine where tokens are few.
import { element } from "./dom.js";
import { budgetName, count } from "./format.js";

const shares = [2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 20, 22, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100];
export const stops = [...shares.map((share) => `${share}%`), "full"];

/** The stop nearest to a budget; for a number of tokens and for `auto` by the share that it comes to, if known. */
export function stopOf(budget, share = null) {
  const exact = stops.indexOf(budget);
  if (exact >= 0) return exact;
  const wanted = String(budget).endsWith("%") ? Number.parseFloat(budget) : share;
  if (wanted === null || !Number.isFinite(wanted)) return stops.indexOf("20%");
  const distances = shares.map((each) => Math.abs(each - wanted));
  return distances.indexOf(Math.min(...distances));
}

let made = 0;

export class BudgetSlider {
  #input;
  #name;
  #counts;

  /** `changed` is called with the budget while the slider moves. */
  constructor(changed) {
    const id = `budget-${made += 1}`;
    this.#input = element("input", {
      type: "range", id, min: 0, max: stops.length - 1, step: 1,
      oninput: () => {
        this.#draw(stops[this.#input.valueAsNumber], null);
        changed(stops[this.#input.valueAsNumber]);
      },
    });
    this.#name = element("strong", {});
    this.#counts = element("span", {});
    this.node = element("div", { class: "budget" },
      element("label", { for: id }, "Visual tokens"), this.#input,
      element("output", { for: id, class: "budget-value" }, this.#name, this.#counts));
  }

  /** `counts` is `{ kept, full, fits }`, or null while unknown. */
  show(budget, counts = null) {
    this.#input.value = stopOf(budget, counts && counts.full > 0 ? counts.kept / counts.full * 100 : null);
    this.#draw(budget, counts);
  }

  #draw(budget, counts) {
    this.#name.textContent = budgetName(budget);
    this.#counts.textContent = counts ? `${count(counts.kept)} of ${count(counts.full)}` : "";
    this.#counts.classList.toggle("warning", counts?.fits === false);
    if (counts?.fits === false) this.#counts.textContent += ", too many for the model";
    this.#input.setAttribute("aria-valuetext",
      `${budgetName(budget)}${counts ? `, ${count(counts.kept)} of ${count(counts.full)} tokens` : ""}`);
    this.#input.style.setProperty("--at", `${this.#input.valueAsNumber / (stops.length - 1) * 100}%`);
  }
}

/** Sums over the pictures of an answer of `/v1/visual_tokens`. */
export function totals(answer) {
  const sum = (name) => (answer.images ?? []).reduce((total, image) => total + (image[name] ?? 0), 0);
  return { kept: sum("kept"), full: sum("full"), fits: answer.fits ?? true };
}
