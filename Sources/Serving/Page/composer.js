// The question that is being written: words, pictures, budget.
import { button, element, icon, notice, say } from "./dom.js";
import { BudgetSlider } from "./budget.js";
import { filesIn, forgetAddress, pictureAddress, pictureWords, readPicture } from "./pictures.js";

const at = (id) => document.getElementById(id);

export class Composer {
  pictures = [];
  editing = null;
  #field = at("question");
  #running = false;

  /** `actions`: `send()`, `stop()`, `changed()`, `setBudget(budget)`, `limits()`, `open(picture)`, `setCompare(flag)`. */
  constructor(actions) {
    this.actions = actions;
    this.slider = new BudgetSlider((budget) => actions.setBudget(budget));
    at("budget").append(this.slider.node);
    at("add").append(icon("picture"));
    at("send").append(icon("send"));
    at("stop").append(icon("stop"));
    at("compare").append(icon("compare"), element("span", {}, "Compare"));
    at("add").addEventListener("click", () => at("files").click());
    at("files").addEventListener("change", () => {
      this.add([...at("files").files]);
      at("files").value = "";
    });
    at("stop").addEventListener("click", () => actions.stop());
    at("compare").addEventListener("click", () => actions.setCompare(at("compare").getAttribute("aria-pressed") !== "true"));
    at("cancel-edit").addEventListener("click", () => this.clear());
    at("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#running) actions.send();
    });
    this.#field.addEventListener("input", () => this.#fit());
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("paste", (event) => this.#pasted(event));
    this.#acceptDrops();
    this.#fit();
  }

  get text() {
    return this.#field.value;
  }

  /** The text field grows with its words. */
  #fit() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, 220)}px`;
    at("send").disabled = this.#field.value.trim() === "";
  }

  #pressed(event) {
    // Enter also ends a word of an input method; that is not meant for us.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      if (!this.#running && !at("send").disabled) this.actions.send();
    }
    if (event.key === "Escape") {
      if (this.#running) this.actions.stop();
      else if (this.editing) this.clear();
    }
  }

  #pasted(event) {
    if (document.querySelector("dialog[open]")) return;
    const files = filesIn(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    this.add(files);
  }

  #acceptDrops() {
    let depth = 0;
    const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const show = (shown) => { at("drop").hidden = !shown; };
    addEventListener("dragenter", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth += 1;
      show(true);
    });
    addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
    addEventListener("dragleave", (event) => {
      if (!carriesFiles(event)) return;
      depth -= 1;
      if (depth <= 0) show(false);
    });
    addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      show(false);
      const files = filesIn(event.dataTransfer);
      if (files.length === 0) notice("Only pictures can be dropped here.");
      else this.add(files);
    });
  }

  async add(files) {
    const limits = this.actions.limits();
    for (const file of files) {
      if (this.pictures.length >= (limits.max_images ?? 16)) {
        notice(`No more than ${limits.max_images ?? 16} pictures in one question.`);
        break;
      }
      try {
        this.pictures.push(await readPicture(file, limits));
      } catch (error) {
        notice(error.message);
      }
    }
    this.#draw();
    this.actions.changed();
    this.focus();
  }

  #draw() {
    at("drafts").hidden = this.pictures.length === 0;
    at("drafts").replaceChildren(...this.pictures.map((picture) => {
      const address = pictureAddress(picture.id, picture.blob);
      return element("li", { class: "draft" },
        element("button", {
          type: "button", class: "draft-picture", "aria-label": `${picture.name}: see what is kept`,
          title: `${picture.name}, ${pictureWords(picture)}`, onclick: () => this.actions.open(picture),
        }, element("img", { src: address, alt: "" })),
        picture.note ? element("span", { class: "draft-note" }, picture.note) : null,
        button(`Remove ${picture.name}`, "close", () => this.#remove(picture), { class: "draft-remove" }));
    }));
    this.#fit();
  }

  #remove(picture) {
    this.pictures = this.pictures.filter((each) => each !== picture);
    if (!this.editing) forgetAddress(picture.id);
    this.#draw();
    this.actions.changed();
    say(`${picture.name} removed`);
    this.focus();
  }

  /** Takes an earlier question back into the field; `pictures` with their bytes. */
  edit(turn, pictures) {
    this.editing = turn;
    this.pictures = pictures;
    this.#field.value = turn.text;
    at("editing").hidden = false;
    this.#draw();
    this.actions.changed();
    this.focus();
  }

  clear() {
    this.editing = null;
    this.pictures = [];
    this.#field.value = "";
    at("editing").hidden = true;
    this.#draw();
    this.actions.changed();
  }

  write(text) {
    this.#field.value = text;
    this.#fit();
  }

  /** Not where a finger would then face a keyboard that nobody asked for. */
  focus() {
    if (!matchMedia("(pointer: coarse)").matches) this.#field.focus({ preventScroll: true });
  }

  running(flag) {
    const stopHadFocus = document.activeElement === at("stop");
    this.#running = flag;
    at("send").hidden = flag;
    at("stop").hidden = !flag;
    if (stopHadFocus && !flag) this.focus();
  }

  compare(flag) {
    at("compare").setAttribute("aria-pressed", String(flag));
  }
}
