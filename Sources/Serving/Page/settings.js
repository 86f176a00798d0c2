// The settings: what is left empty is the server's default, which stands in the field.
import { button, element } from "./dom.js";

const numbers = [
  ["temperature", "Temperature", { min: 0, max: 2, step: "any" }],
  ["top_p", "Top-p", { min: 0, max: 1, step: "any" }],
  ["max_tokens", "Longest answer, tokens", { min: 1, step: 1 }],
  ["seed", "Seed", { step: 1 }],
];

let made = 0;

function field(name, control, hint) {
  const id = `setting-${made += 1}`;
  control.id = id;
  const note = hint ? element("p", { class: "hint-words", id: `${id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return element("div", { class: "field" }, element("label", { for: id }, name), control, note);
}

function select(entries, chosen, changed) {
  const node = element("select", { onchange: () => changed(node.value) },
    ...entries.map(([value, name]) => element("option", { value }, name)));
  node.value = entries.some(([value]) => value === chosen) ? chosen : entries[0]?.[0] ?? "";
  return node;
}

export class SettingsWindow {
  /** `actions`: `models()`, `model()`, `changed(name)`, `clear()`. */
  constructor(dialog, options, actions) {
    Object.assign(this, { dialog, options, actions });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  /** `focus` is "key" where the server wants one. */
  open(focus = null, words = "") {
    const { options, actions } = this;
    const hired = actions.model()?.hired ?? {};
    const defaults = hired.defaults ?? {};
    const set = (name) => (value) => {
      options.set(name, value);
      actions.changed(name);
    };
    const standard = (name) => (defaults[name] === undefined || defaults[name] === null ? "server's default" : String(defaults[name]));
    const number = ([name, label, limits]) => {
      const input = element("input", {
        type: "number", ...limits, placeholder: standard(name), inputmode: "decimal",
        onchange: () => { if (input.checkValidity()) set(name)(input.value); else input.reportValidity(); },
      });
      input.value = options.get(name);
      return field(label, input);
    };
    const key = element("input", { type: "password", autocomplete: "off", spellcheck: "false" });
    key.value = options.key;
    const remember = element("input", { type: "checkbox" });
    remember.checked = options.remembersKey;
    const keep = () => {
      options.setKey(key.value, remember.checked);
      actions.changed("key");
    };
    key.addEventListener("change", keep);
    remember.addEventListener("change", keep);
    const system = element("textarea", { rows: 3, onchange: () => set("system")(system.value) });
    system.value = options.get("system");
    const budget = element("input", {
      type: "text", spellcheck: "false", placeholder: hired.budget ? String(hired.budget) : "20%",
      onchange: () => {
        const value = budget.value.trim();
        const fits = /^(\d+(\.\d+)?%|[1-9]\d*|full|auto)?$/.test(value);
        budget.setCustomValidity(fits ? "" : "A percentage (20%), a number of tokens (640), full or auto.");
        if (budget.reportValidity()) set("budget")(value);
      },
    });
    budget.value = options.get("budget");
    const named = (names, standardName) => [["", `Server's default${standardName ? ` (${standardName})` : ""}`],
      ...(names ?? []).map((name) => [name, name])];

    const models = actions.models();
    const group = (title, ...fields) => element("fieldset", { class: "group" }, element("legend", {}, title), ...fields);
    this.dialog.replaceChildren(
      element("div", { class: "window-head" }, element("h2", { id: "settings-title" }, "Settings"),
        button("Close", "close", () => this.dialog.close())),
      element("form", { method: "dialog", class: "window-form" },
        words ? element("p", { class: "failure", role: "alert" }, words) : null,
        group("Server",
          models.length > 1 ? field("Model", select(models.map(({ id }) => [id, id]), options.get("model"), set("model"))) : null,
          field("API key", key, "Only needed where the server was started with one."),
          element("label", { class: "check" }, remember, "Remember it in this browser")),
        group("Answers", field("System prompt", system), element("div", { class: "pair" }, ...numbers.map(number))),
        group("Visual tokens",
          field("Budget", budget, "A percentage, a number of tokens, full or auto."),
          element("div", { class: "pair" },
            field("Strategy", select(named(hired.strategies, defaults.strategy), options.get("strategy"), set("strategy"))),
            field("Allocation", select(named(hired.allocations, defaults.allocation), options.get("allocation"), set("allocation"))),
            this.#alpha(standard("alpha"), set("alpha")))),
        group("This browser",
          element("p", { class: "hint-words" }, "Conversations and pictures stay in this browser; the server keeps none."),
          button("Delete all conversations", "remove", () => actions.clear(), { shown: true, kind: "plain danger" }))));
    this.dialog.setAttribute("aria-labelledby", "settings-title");
    if (!this.dialog.open) this.dialog.showModal();
    if (focus === "key") key.focus();
  }

  #alpha(placeholder, changed) {
    const input = element("input", {
      type: "number", min: 0, max: 1, step: "any", placeholder, inputmode: "decimal",
      onchange: () => { if (input.checkValidity()) changed(input.value); else input.reportValidity(); },
    });
    input.value = this.options.get("alpha");
    return field("Alpha", input, "Share of the full view; HiRED alone uses it.");
  }
}

/** Asks before what cannot be undone. Resolves to true when it is to be done. */
export function confirmed(question, deed) {
  return new Promise((resolve) => {
    const dialog = element("dialog", { class: "confirm", "aria-label": question, onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } }, element("form", { method: "dialog" }, element("p", {}, question),
      element("div", { class: "confirm-actions" },
        element("button", { value: "no", class: "plain" }, "Cancel"),
        element("button", { value: "yes", class: "plain danger" }, deed))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
