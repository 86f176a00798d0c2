// A small safe subset of Markdown: text to a tree, a tree to DOM nodes. HTML is text like any other, pictures are
// never loaded, links lead to http and https only. Every step is bounded: answers come from outside.
import { parseInline } from "./markdown-inline.js";

const DEEPEST = 8;
const rule = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const fence = /^( {0,3})(`{3,64}|~{3,64})([^`]*)$/;
const quote = /^ {0,3}> ?/;
const bullet = /^( {0,3})([-*+])([ \t]+|$)/;
const numbered = /^( {0,3})(\d{1,9})([.)])([ \t]+|$)/;

const blank = (line) => line.trim() === "";
const marker = (line) => bullet.exec(line) ?? numbered.exec(line);

/** Ends a paragraph although no blank line stands before it. An empty item does not, nor a number other than 1. */
function interrupts(line) {
  if (rule.test(line) || heading.test(line) || fence.test(line) || quote.test(line)) return true;
  const item = marker(line);
  return item !== null && line.length > item[0].length && (item[2].length > 1 || !/\d/.test(item[2]) || item[2] === "1");
}

/**
 * The blocks of `text`: `{ kind, start, … }` with the line that each starts on. Kinds: paragraph, heading, code, quote,
 * list, table, rule.
 */
export function parseBlocks(text, depth = 0) {
  return blocksOf(text.split(/\r\n|\n|\r/), depth);
}

function blocksOf(lines, depth) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (blank(lines[at])) {
      at += 1;
      continue;
    }
    const start = at;
    const [block, end] = nextBlock(lines, at, depth);
    blocks.push({ ...block, start });
    at = end;
  }
  return blocks;
}

function nextBlock(lines, at, depth) {
  const line = lines[at];
  const fenced = fence.exec(line);
  if (fenced) return code(lines, at, fenced);
  const head = heading.exec(line);
  if (head) {
    const words = (head[2] ?? "").replace(/(^|[ \t])#+[ \t]*$/, "");
    return [{ kind: "heading", level: head[1].length, inline: parseInline(words.trim()) }, at + 1];
  }
  if (rule.test(line)) return [{ kind: "rule" }, at + 1];
  if (depth < DEEPEST) {
    if (quote.test(line)) return quoted(lines, at, depth);
    if (marker(line)) return list(lines, at, depth);
  }
  if (startsTable(lines, at)) return table(lines, at);
  let end = at + 1;
  while (end < lines.length && !blank(lines[end]) && !interrupts(lines[end]) && !startsTable(lines, end)) end += 1;
  const words = lines.slice(at, end).map((each) => each.trim()).join("\n");
  return [{ kind: "paragraph", inline: parseInline(words) }, end];
}

function code(lines, at, [, indent, fenceMark, info]) {
  const closing = new RegExp(`^ {0,3}${fenceMark[0] === "`" ? "`" : "~"}{${fenceMark.length},}[ \\t]*$`);
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end])) end += 1;
  const indented = new RegExp(`^ {0,${indent.length}}`);
  const text = lines.slice(at + 1, end).map((line) => line.replace(indented, "")).join("\n");
  return [{ kind: "code", language: info.trim().split(/\s/)[0].slice(0, 24), text }, Math.min(end + 1, lines.length)];
}

function quoted(lines, at, depth) {
  let end = at;
  while (end < lines.length && quote.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(quote, ""));
  return [{ kind: "quote", blocks: blocksOf(inner, depth + 1) }, end];
}

function list(lines, at, depth) {
  const first = marker(lines[at]);
  const ordered = /\d/.test(first[2]);
  const sign = ordered ? first[3] : first[2];
  const items = [];
  let end = at;
  while (end < lines.length) {
    const found = marker(lines[end]);
    if (!found || rule.test(lines[end])) break;
    if (/\d/.test(found[2]) !== ordered || (ordered ? found[3] : found[2]) !== sign) break;
    // What belongs to the item stands as far in as its text; five blanks and more are code in other Markdowns.
    const width = found[0].length > found[0].trimEnd().length + 4 || found[0].length === lines[end].length
      ? found[0].trimEnd().length + 1 : found[0].length;
    const inner = [lines[end].slice(width)];
    end += 1;
    while (end < lines.length) {
      if (blank(lines[end])) {
        let next = end + 1;
        while (next < lines.length && blank(lines[next])) next += 1;
        if (next === lines.length || indentOf(lines[next]) < width) break;
        while (end < next) {
          inner.push("");
          end += 1;
        }
      } else if (indentOf(lines[end]) >= width) {
        inner.push(lines[end].slice(width));
        end += 1;
      } else if (!blank(lines[end - 1]) && !marker(lines[end].trimStart()) && !interrupts(lines[end])) {
        inner.push(lines[end].trimStart());
        end += 1;
      } else break;
    }
    items.push(blocksOf(inner, depth + 1));
    let next = end;
    while (next < lines.length && blank(lines[next])) next += 1;
    if (next < lines.length && marker(lines[next]) && indentOf(lines[next]) < 4) end = next;
    else break;
  }
  return [{ kind: "list", ordered, first: ordered ? Number(first[2]) : 1, items }, end];
}

const indentOf = (line) => line.length - line.trimStart().length;

function cells(line) {
  const parts = [];
  let part = "";
  const words = line.trim().replace(/^\|/, "");
  for (let at = 0; at < words.length; at += 1) {
    if (words[at] === "\\" && words[at + 1] === "|") {
      part += "|";
      at += 1;
    } else if (words[at] === "|") {
      parts.push(part);
      part = "";
    } else part += words[at];
  }
  if (part.trim() !== "") parts.push(part);
  return parts.map((each) => each.trim());
}

/** Head and delimiter row with as many cells. */
function startsTable(lines, at) {
  if (at + 1 >= lines.length || !lines[at].includes("|") || !/^[-|: \t]+$/.test(lines[at + 1])) return false;
  const marks = cells(lines[at + 1]);
  return marks.length > 0 && marks.length <= 64 && marks.every((mark) => /^:?-+:?$/.test(mark))
    && cells(lines[at]).length === marks.length;
}

function table(lines, at) {
  const head = cells(lines[at]);
  const marks = cells(lines[at + 1]);
  const sides = marks.map((mark) => (mark.endsWith(":") ? (mark.startsWith(":") ? "middle" : "right") : ""));
  const rows = [];
  let end = at + 2;
  while (end < lines.length && !blank(lines[end]) && lines[end].includes("|")) {
    const row = cells(lines[end]).slice(0, head.length);
    while (row.length < head.length) row.push("");
    rows.push(row.map((cell) => parseInline(cell)));
    end += 1;
  }
  return [{ kind: "table", sides, head: head.map((cell) => parseInline(cell)), rows }, end];
}
