// All tokens against fewer: two answers, one after the other, and what the fewer save.
import { element } from "./dom.js";
import { count, percent, rate, seconds } from "./format.js";
import { isRunning } from "./ask.js";

const tokensOf = (answer) => answer.usage?.image_tokens?.kept;
const number = (value) => (typeof value === "number" ? value : null);

/**
 * What is compared. The server keeps what the vision tower made of a picture: where one answer found it ready and the
 * other did not, that time is left out of both.
 */
export function compared([fewer, all]) {
  const visions = [fewer, all].map((answer) => number(answer.timings?.vision_ms));
  const uneven = visions.every((value) => value !== null) && (visions[0] < 1) !== (visions[1] < 1);
  const without = (answer, value) => (value === null ? null : value - (uneven ? answer.timings.vision_ms : 0));
  const first = [fewer, all].map((answer) => without(answer, number(answer.ttft)));
  const whole = [fewer, all].map((answer) => without(answer, number(answer.milliseconds)));
  return { uneven, first, whole, tokens: [fewer, all].map(tokensOf) };
}

export class ComparisonTable {
  constructor() {
    this.node = element("div", { class: "comparison-figures" });
  }

  show(answers) {
    if (answers.some((answer) => isRunning(answer)) || answers.some((answer) => answer.state !== "done")) {
      return this.node.replaceChildren();
    }
    const { uneven, first, whole, tokens } = compared(answers);
    const row = (name, cells, saved) => element("tr", {}, element("th", { scope: "row" }, name),
      ...cells.map((cell) => element("td", {}, cell)), element("td", saved.startsWith("none") ? {} : { class: "saved" }, saved));
    const time = (value) => (value === null ? "–" : seconds(value));
    const gain = ([less, more]) => (less === null || more === null ? "–"
      : more >= less ? `${seconds(more - less)} (${percent(more - less, more)})` : `none, ${seconds(less - more)} more`);
    const rates = answers.map((answer) => number(answer.rate));
    const rows = [];
    if (tokens.every((value) => typeof value === "number")) {
      rows.push(row("Image tokens", tokens.map(count),
        `${count(Math.max(0, tokens[1] - tokens[0]))} (${percent(tokens[1] - tokens[0], tokens[1])})`));
    }
    rows.push(row("First token", first.map(time), gain(first)));
    if (rates.some((value) => value !== null)) {
      rows.push(row("Answering", rates.map((value) => (value === null ? "–" : rate(value))), ""));
    }
    rows.push(row("In all", whole.map(time), gain(whole)));
    this.node.replaceChildren(
      element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Figures of both answers" },
        element("table", {},
          element("caption", { class: "unseen" }, "Fewer tokens against all tokens"),
          element("thead", {}, element("tr", {}, element("td", {}), element("th", { scope: "col" }, "HiRED"),
            element("th", { scope: "col" }, "All tokens"), element("th", { scope: "col" }, "Saved"))),
          element("tbody", {}, ...rows))),
      uneven ? element("p", { class: "quiet-words" },
        "One of them found the picture already encoded; that time is left out of both.") : "");
  }
}
