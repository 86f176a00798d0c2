// The list of conversations: open, rename, export, delete.
import { button, element } from "./dom.js";
import { when } from "./format.js";
import { picturesOf } from "./store.js";
import { dataURL } from "./pictures.js";

export class HistoryList {
  /** `actions`: `open(id)`, `rename(id, title)`, `remove(id)`, `exported(id)`. */
  constructor(node, actions) {
    Object.assign(this, { node, actions });
  }

  show(conversations, current) {
    if (conversations.length === 0) {
      return this.node.replaceChildren(element("li", { class: "nothing" }, "Nothing asked yet."));
    }
    this.node.replaceChildren(...conversations.map((each) => this.#entry(each, each.id === current)));
  }

  #entry(conversation, isCurrent) {
    const title = element("span", { class: "title" }, conversation.title);
    const open = element("button", {
      type: "button", class: "open", "aria-current": isCurrent ? "page" : null,
      onclick: () => this.actions.open(conversation.id),
    }, title, element("span", { class: "when" }, when(conversation.updated)));
    const entry = element("li", { class: isCurrent ? "current" : null }, open,
      element("div", { class: "entry-actions" },
        button(`Rename ${conversation.title}`, "edit", () => this.#rename(entry, conversation)),
        button(`Export ${conversation.title}`, "export", () => this.actions.exported(conversation.id)),
        button(`Delete ${conversation.title}`, "remove", () => this.actions.remove(conversation.id))));
    return entry;
  }

  #rename(entry, conversation) {
    let ended = false;
    const end = (title) => {
      if (ended) return;
      ended = true;
      this.actions.rename(conversation.id, title.trim() || conversation.title);
    };
    const field = element("input", {
      type: "text", "aria-label": "Name of the conversation", maxlength: 120, class: "rename",
      onkeydown: (event) => {
        if (event.isComposing) return;
        if (event.key === "Enter") end(field.value);
        if (event.key === "Escape") end(conversation.title);
      },
      onblur: () => end(field.value),
    });
    field.value = conversation.title;
    entry.replaceChildren(field);
    field.focus();
    field.select();
  }
}

/** The conversation as a file: OpenAI's messages with the pictures in them, and the answers' figures. */
export async function exportFile(conversation, store) {
  const addresses = new Map();
  for (const { id } of picturesOf(conversation)) {
    const blob = await store.picture(id);
    if (blob) addresses.set(id, await dataURL(blob));
  }
  const messages = conversation.turns.map((turn) => (turn.role === "user" ? {
    role: "user",
    content: [
      ...turn.pictures.map(({ id, name }) => (addresses.has(id)
        ? { type: "image_url", image_url: { url: addresses.get(id) } } : { type: "text", text: `[${name}]` })),
      ...(turn.text ? [{ type: "text", text: turn.text }] : []),
    ],
  } : {
    role: "assistant", content: turn.answers[0].text,
    answers: turn.answers.map(({ budget, text, finish, usage, timings, ttft, rate, selections }) =>
      ({ budget, text, finish_reason: finish, usage, timings, ttft_ms: ttft, tokens_per_second: rate, selections })),
  }));
  return new Blob([JSON.stringify({ title: conversation.title, created: conversation.created, messages }, null, 1)],
    { type: "application/json" });
}

export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const fileName = (title) => `${title.normalize("NFKD").replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-+|-+$/g, "")
  .slice(0, 60) || "conversation"}.json`;
