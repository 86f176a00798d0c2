// The words within a block: emphasis, code, links, line ends. One pass with a stack of openers, so that no text, however
// made, costs more than its length.

const LONGEST_LINK = 2048;
const punctuation = /[!-/:-@[-`{-~]/;
const wordLetter = /[\p{L}\p{N}]/u;

/** The address if it leads to http or https and names nobody, else null. */
export function safeAddress(text) {
  if (text.length > LONGEST_LINK) return null;
  // What a browser would drop silently, it is not to drop here.
  if (/[\u0000-\u0020\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\\]/.test(text)) return null;
  if (!/^https?:\/\//i.test(text)) return null;
  try {
    const address = new URL(text);
    if (address.protocol !== "http:" && address.protocol !== "https:") return null;
    return address.username || address.password ? null : address.href;
  } catch {
    return null;
  }
}

/**
 * The nodes of `text`: strings, `{ kind: "break" }`, `{ kind: "code", text }`, `{ kind: "link", address, children }`,
 * `{ kind: "em" | "strong" | "del", children }`.
 */
export function parseInline(text) {
  const nodes = [];
  const brackets = [];
  const missingTicks = new Set();
  let plain = "";
  const flush = () => {
    if (plain !== "") nodes.push(plain);
    plain = "";
  };
  const push = (node) => {
    flush();
    nodes.push(node);
  };
  let at = 0;
  while (at < text.length) {
    const letter = text[at];
    if (letter === "\\" && at + 1 < text.length && punctuation.test(text[at + 1])) {
      plain += text[at + 1];
      at += 2;
    } else if (letter === "\n") {
      plain = plain.replace(/[ \t]{1,8}$/, "");
      push({ kind: "break" });
      at += 1;
    } else if (letter === "`") {
      const run = runLength(text, at);
      const end = missingTicks.has(run) ? -1 : closingTicks(text, at + run, run);
      if (end < 0) {
        missingTicks.add(run);
        plain += "`".repeat(run);
        at += run;
      } else {
        push({ kind: "code", text: codeText(text.slice(at + run, end)) });
        at = end + run;
      }
    } else if (letter === "*" || letter === "_" || letter === "~") {
      const run = runLength(text, at);
      push(delimiterRun(text, at, run));
      at += run;
    } else if (letter === "[" || (letter === "!" && text[at + 1] === "[")) {
      const width = letter === "!" ? 2 : 1;
      flush();
      brackets.push({ place: nodes.length, width });
      nodes.push(text.slice(at, at + width));
      at += width;
    } else if (letter === "]" && brackets.length > 0) {
      flush();
      const opener = brackets.pop();
      const target = text[at + 1] === "(" ? destination(text, at + 2) : null;
      const address = target && safeAddress(target.address);
      if (address) {
        const children = emphasise(nodes.splice(opener.place).slice(1));
        nodes.push(nested({ kind: "link", address, children: unlinked(children) }));
        // A link holds no link.
        brackets.length = 0;
        at = target.end;
      } else {
        plain += "]";
        at += 1;
      }
    } else if ((letter === "h" || letter === "H") && !endsInWord(plain)) {
      const found = bareAddress(text, at);
      if (found) push({ kind: "link", address: found.address, children: [found.words] });
      else plain += letter;
      at += found ? found.words.length : 1;
    } else {
      plain += letter;
      at += 1;
    }
  }
  flush();
  return joined(emphasise(nodes));
}

const endsInWord = (text) => text !== "" && wordLetter.test(text[text.length - 1]);

function runLength(text, at) {
  let end = at + 1;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

function closingTicks(text, from, run) {
  let at = text.indexOf("`", from);
  while (at >= 0) {
    const found = runLength(text, at);
    if (found === run) return at;
    at = text.indexOf("`", at + found);
  }
  return -1;
}

function codeText(text) {
  const line = text.replaceAll("\n", " ");
  return line.startsWith(" ") && line.endsWith(" ") && line.trim() !== "" ? line.slice(1, -1) : line;
}

/** `(address "title")`, from behind the parenthesis; titles are read over. */
function destination(text, from) {
  const limit = Math.min(text.length, from + LONGEST_LINK);
  let depth = 0;
  for (let at = from; at < limit; at += 1) {
    if (text[at] === "\n") return null;
    if (text[at] === "(") depth += 1;
    else if (text[at] === ")") {
      if (depth === 0) {
        const inner = /^[ \t]*(?:<([^<>]*)>|(\S*))(?:[ \t]+(?:"[^"]*"|'[^']*'))?[ \t]*$/.exec(text.slice(from, at));
        return inner ? { address: inner[1] ?? inner[2], end: at + 1 } : null;
      }
      depth -= 1;
    }
  }
  return null;
}

const bare = /https?:\/\/[^\s<>"'`*\\|\]]{1,2000}/iy;

function bareAddress(text, at) {
  bare.lastIndex = at;
  let words = bare.exec(text)?.[0];
  if (!words) return null;
  words = words.replace(/[.,;:!?_~]{1,64}$/, "");
  // A closing parenthesis that was opened before the address belongs to the sentence.
  let surplus = words.split(")").length - words.split("(").length;
  while (surplus > 0 && words.endsWith(")")) {
    words = words.slice(0, -1);
    surplus -= 1;
  }
  const address = safeAddress(words);
  return address ? { words, address } : null;
}

function delimiterRun(text, at, run) {
  const sign = text[at];
  const before = at === 0 ? " " : text[at - 1];
  const after = at + run < text.length ? text[at + run] : " ";
  const mark = (letter) => punctuation.test(letter) || /[\p{P}\p{S}]/u.test(letter);
  const leftish = !/\s/.test(after) && (!mark(after) || /\s/.test(before) || mark(before));
  const rightish = !/\s/.test(before) && (!mark(before) || /\s/.test(after) || mark(after));
  const inWord = sign === "_";
  return {
    kind: "delimiter", sign, run, whole: run, opens: leftish && (!inWord || !rightish || mark(before)),
    closes: rightish && (!inWord || !leftish || mark(after)),
  };
}

// Openers that stand ready, a stack for each sign; whoever is left over is text.
function emphasise(nodes) {
  const out = [];
  const stack = [];
  // Where a closer of this kind looked in vain, the next one need not look again.
  const bottoms = new Map();
  for (const node of nodes) {
    if (node.kind !== "delimiter") {
      out.push(node);
      continue;
    }
    let left = node.run;
    while (node.closes && left > 0) {
      const key = `${node.sign}${node.opens}${node.whole % 3}${node.sign === "~" ? node.run : ""}`;
      const bottom = bottoms.get(key) ?? 0;
      let place = stack.length - 1;
      while (place >= bottom && !matches(stack[place], node, left)) place -= 1;
      if (place < bottom) {
        bottoms.set(key, stack.length);
        break;
      }
      const opener = stack[place];
      const used = node.sign === "~" ? left : Math.min(opener.left, left, 2);
      const children = out.splice(opener.place + 1);
      const kind = node.sign === "~" ? "del" : used === 2 ? "strong" : "em";
      out.push(nested({ kind, children: joined(children) }));
      opener.left -= used;
      left -= used;
      out[opener.place] = opener.sign.repeat(opener.left);
      stack.length = opener.left > 0 ? place + 1 : place;
      for (const [each, value] of bottoms) bottoms.set(each, Math.min(value, stack.length));
    }
    if (left > 0) {
      if (node.opens) stack.push({ sign: node.sign, left, whole: node.whole, closes: node.closes, place: out.length });
      out.push(node.sign.repeat(left));
    }
  }
  return out;
}

function matches(opener, closer, left) {
  if (opener.sign !== closer.sign) return false;
  if (closer.sign === "~") return opener.left === left && left <= 2;
  const mixed = opener.closes || closer.opens;
  return !(mixed && (opener.whole + closer.whole) % 3 === 0 && (opener.whole % 3 !== 0 || closer.whole % 3 !== 0));
}

const DEEPEST = 12;
const depthOf = (nodes) => nodes.reduce((most, node) => Math.max(most, node.depth ?? 0), 0);
const wordsOf = (nodes) => nodes.map((node) => (typeof node === "string" ? node
  : node.kind === "break" ? "\n" : node.text ?? wordsOf(node.children))).join("");

/** Emphasis within emphasis within emphasis ends somewhere: then the words alone stay. */
function nested(node) {
  const depth = depthOf(node.children) + 1;
  return depth > DEEPEST ? { ...node, children: [wordsOf(node.children)], depth: 1 } : { ...node, depth };
}

/** Links within a link's words become words. */
function unlinked(nodes) {
  return nodes.flatMap((node) => {
    if (node.kind === "link") return unlinked(node.children);
    return node.children ? [nested({ ...node, children: unlinked(node.children) })] : [node];
  });
}

function joined(nodes) {
  const out = [];
  for (const node of nodes) {
    if (node === "") continue;
    if (typeof node === "string" && typeof out[out.length - 1] === "string") out[out.length - 1] += node;
    else out.push(node);
  }
  return out;
}
