// One of several, by mouse, touch or arrow keys.
import { element } from "./dom.js";

let made = 0;

/** `entries` are `[value, name]`. */
export function choice(legend, entries, chosen, changed) {
  const group = `choice-${made += 1}`;
  return element("fieldset", { class: "choice" }, element("legend", { class: "unseen" }, legend),
    ...entries.map(([value, name]) => {
      const input = element("input", { type: "radio", name: group, value, onchange: () => changed(value) });
      input.checked = value === chosen;
      return element("label", {}, input, element("span", {}, name));
    }));
}
