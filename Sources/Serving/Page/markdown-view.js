// A Markdown tree as DOM nodes, and answers that grow.
import { copyButton, element } from "./dom.js";
import { parseBlocks } from "./markdown.js";

function inlineNodes(nodes) {
  return nodes.map((node) => {
    if (typeof node === "string") return document.createTextNode(node);
    switch (node.kind) {
      case "break": return element("br");
      case "code": return element("code", {}, node.text);
      case "link": return element("a", {
        href: node.address, rel: "noopener noreferrer nofollow", target: "_blank", title: node.address,
      }, ...inlineNodes(node.children));
      default: return element(node.kind, {}, ...inlineNodes(node.children));
    }
  });
}

function blockNode(block) {
  switch (block.kind) {
    // The page's own headings are h1 and h2.
    case "heading": return element(`h${Math.min(block.level + 2, 6)}`, {}, ...inlineNodes(block.inline));
    case "rule": return element("hr");
    case "code": return codeNode(block);
    case "quote": return element("blockquote", {}, ...block.blocks.map(blockNode));
    case "list": return element(block.ordered ? "ol" : "ul",
      block.ordered && block.first !== 1 ? { start: block.first } : {}, ...block.items.map(itemNode));
    case "table": return tableNode(block);
    default: return element("p", {}, ...inlineNodes(block.inline));
  }
}

/** An item of one paragraph needs no paragraph around it. */
function itemNode(blocks) {
  return element("li", {}, ...blocks.flatMap((block, place) =>
    (block.kind === "paragraph" && place === 0 ? inlineNodes(block.inline) : [blockNode(block)])));
}

function codeNode(block) {
  const code = element("code", {}, block.text);
  return element("div", { class: "code" },
    element("div", { class: "code-head" }, element("span", {}, block.language || "code"),
      copyButton("Copy code", () => code.textContent)),
    element("pre", { tabindex: 0, "aria-label": "Code", role: "group" }, code));
}

function tableNode({ sides, head, rows }) {
  const side = (place) => (sides[place] ? { class: sides[place] } : {});
  return element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table" }, element("table", {},
    element("thead", {}, element("tr", {}, ...head.map((cell, place) =>
      element("th", { scope: "col", ...side(place) }, ...inlineNodes(cell))))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell, place) =>
      element("td", side(place), ...inlineNodes(cell))))))));
}

export const markdownNodes = (text) => parseBlocks(text).map(blockNode);

/**
 * Shows a text that grows at its end. Blocks behind which another has begun are settled: they are neither read nor drawn
 * again, so that a token costs as much in a long answer as in a short one.
 */
export class MarkdownView {
  #settled = 0;
  #shown = "";
  #tail = [];
  #kind = "";

  constructor(node) {
    this.node = node;
  }

  show(text) {
    const whole = text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
    if (!whole.startsWith(this.#shown.slice(0, this.#settled))) {
      this.node.replaceChildren();
      [this.#settled, this.#tail, this.#kind] = [0, [], ""];
    }
    this.#shown = whole;
    const rest = whole.slice(this.#settled);
    const blocks = parseBlocks(rest);
    const starts = lineStarts(rest);
    // Where a block begins is certain once two whole lines follow: the second may make a table of the first.
    const open = Math.max(0, blocks.findLastIndex((block) => starts[block.start + 2] !== undefined));
    const drawn = blocks.map((block) => block.kind);
    if (open === 0 && blocks.length === 1 && drawn[0] === "code" && this.#kind === "code" && this.#tail.length === 1) {
      // A block of code that grows keeps its button and its selection.
      this.#tail[0].querySelector("code").textContent = blocks[0].text;
      this.#tail[0].querySelector(".code-head span").textContent = blocks[0].language || "code";
      return;
    }
    for (const node of this.#tail) node.remove();
    const nodes = blocks.map(blockNode);
    this.node.append(...nodes);
    if (open > 0) this.#settled += starts[blocks[open].start];
    this.#tail = nodes.slice(open);
    this.#kind = this.#tail.length === 1 ? drawn[drawn.length - 1] : "";
  }
}

function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
