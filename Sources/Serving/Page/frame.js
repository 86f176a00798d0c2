// The frame: the list of conversations that slides in where the page is narrow, and the conversation's end.
import { icon } from "./dom.js";

const at = (id) => document.getElementById(id);
const talk = at("talk");
const narrow = matchMedia("(max-width: 860px)");

export const isAtEnd = () => talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60;

export function toEnd() {
  talk.scrollTop = talk.scrollHeight;
}

/** Slides the list in or out; where the page is wide it always stands there. */
export function showSide(shown) {
  const open = shown && narrow.matches;
  at("side").classList.toggle("open", open);
  at("side").inert = narrow.matches && !open;
  at("shade").hidden = !open;
  at("open-side").setAttribute("aria-expanded", String(open));
  if (open) at("close-side").focus();
}

talk.addEventListener("scroll", () => { at("to-end").hidden = isAtEnd(); }, { passive: true });
at("to-end").addEventListener("click", toEnd);
at("open-side").append(icon("menu"));
at("close-side").append(icon("close"));
at("open-side").addEventListener("click", () => showSide(true));
at("close-side").addEventListener("click", () => {
  showSide(false);
  at("open-side").focus();
});
at("shade").addEventListener("click", () => showSide(false));
at("side").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && at("side").classList.contains("open")) at("close-side").click();
});
narrow.addEventListener("change", () => showSide(false));
