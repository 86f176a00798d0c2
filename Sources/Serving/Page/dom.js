// Elements from values, never from markup.

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** An HTML element; functions among the attributes (`onclick`) become listeners, `false` and `null` are left out. */
export const element = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);

export const drawn = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// Strokes on a field of 24 by 24.
const strokes = {
  plus: "M12 5v14M5 12h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  picture: "M4 5h16v14H4zM4 16l4.5-4.5L13 16M12 15l3-3 5 5M9 9h.01",
  copy: "M9 9h10v11H9zM6 15H5V4h10v2",
  done: "M5 12.5l4.5 4.5L19 7",
  again: "M20 12a8 8 0 1 1-2.6-5.9M20 4v4.5h-4.5",
  edit: "M4 20l1-4.5L16 4.5 19.5 8 8.5 19zM13.5 7l3.5 3.5",
  remove: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7M10.5 10.5v6M13.5 10.5v6",
  export: "M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19h14",
  settings: "M4 8h9M17 8h3M4 16h3M11 16h9M15 6v4M9 14v4",
  compare: "M4 5h7v14H4zM13 5h7v14h-7",
  look: "M3 12s3.3-6 9-6 9 6 9 6-3.3 6-9 6-9-6-9-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
};

export const icon = (name) => drawn("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
  name === "stop" ? drawn("rect", { x: 7, y: 7, width: 10, height: 10, rx: 2, class: "solid" })
    : drawn("path", { d: strokes[name] }));

/** A button with a picture and a name, and its words where `shown`. */
export function button(name, picture, pressed, { shown = false, kind = "quiet", ...attributes } = {}) {
  return element("button", {
    type: "button", class: `${kind}${shown ? "" : " bare"}`, onclick: pressed, ...attributes,
    ...(shown ? {} : { "aria-label": name, title: name }),
  }, picture ? icon(picture) : null, shown ? element("span", {}, name) : null);
}

/** Tells those who hear the page; the same words twice in a row are told twice. */
export function say(words) {
  const region = document.getElementById("said");
  region.replaceChildren();
  requestAnimationFrame(() => { region.textContent = words; });
}

let noticeTimer = 0;

/** Words that stand at the foot of the page for a while. */
export function notice(words) {
  const node = document.getElementById("notice");
  node.textContent = words;
  node.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { node.hidden = true; }, 6000);
  say(words);
}

/** Calls at most once in a frame, with the last arguments; hidden pages have no frames, so a timer stands behind it. */
export function onceAFrame(call) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const run = () => { if (waiting) { waiting = false; call(); } };
    requestAnimationFrame(run);
    setTimeout(run, 120);
  };
}

export function later(call, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), milliseconds);
  };
}

/** Works on pages that did not come over TLS too, where there is no clipboard interface. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { class: "unseen", "aria-hidden": "true" });
    field.value = text;
    const before = document.activeElement;
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    before?.focus();
    return copied;
  }
}

/** A copy button that says that it has copied. */
export function copyButton(name, text, options = {}) {
  const made = button(name, "copy", async () => {
    if (!(await copyText(text()))) return notice("The browser did not let the page copy.");
    made.querySelector("svg").replaceWith(icon("done"));
    say("Copied");
    setTimeout(() => made.querySelector("svg").replaceWith(icon("copy")), 1600);
  }, options);
  return made;
}
