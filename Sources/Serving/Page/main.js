// The page: its parts, and what each asks of the others.
import { element, icon, later, notice, say } from "./dom.js";
import { Server } from "./api.js";
import { totals } from "./budget.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { ConversationView } from "./conversation-view.js";
import { Dialogue } from "./dialogue.js";
import { showSide, toEnd } from "./frame.js";
import { HistoryList, download, exportFile, fileName } from "./history.js";
import { Options } from "./options.js";
import { PictureWindow } from "./picture-window.js";
import { pictureAddress } from "./pictures.js";
import { sampleEntries, sampleFile } from "./samples.js";
import { SettingsWindow, confirmed } from "./settings.js";
import { Store } from "./store.js";

const at = (id) => document.getElementById(id);
const options = new Options();
const server = new Server(() => options.key);
const store = new Store(notice);

// ---- Model and budget

const models = () => connection.models;
const model = () => models().find(({ id }) => id === options.get("model")) ?? models()[0] ?? null;
const budget = () => options.get("budget") || String(model()?.hired?.budget ?? "20%");

function setBudget(value) {
  options.set("budget", value);
  composer.slider.show(value);
  askCounts();
}

function setCompare(flag) {
  options.set("compare", flag);
  composer.compare(flag);
  say(flag ? "Each question is asked twice: at the budget, and with all tokens." : "Each question is asked once.");
}

let counting = null;
const askCounts = later(() => showCounts(), 160);

/** What the budget comes to, from the pictures' sizes alone: those of the draft, else those of the conversation. */
async function showCounts() {
  counting?.abort();
  const pictures = composer.pictures.length > 0 ? composer.pictures : talk.pictures;
  composer.slider.show(budget());
  // An automatic budget depends on the words too.
  if (pictures.length === 0 || !model() || budget() === "auto") return;
  counting = new AbortController();
  const asked = budget();
  try {
    const answer = await server.count({
      model: model().id, images: pictures.map(({ width, height }) => ({ width, height })),
      visual_tokens: options.visualTokens(asked),
    }, counting.signal);
    if (asked === budget()) composer.slider.show(asked, totals(answer));
  } catch (error) {
    // The question itself will say it louder; here it is only a count that is missing.
    if (error.name !== "AbortError" && error.status === 400) notice(error.message);
  }
}

// ---- Conversations

function drawHistory() {
  const current = talk.current;
  history_.show(store.list(), current?.id);
  at("title").textContent = current?.title ?? "New conversation";
  document.title = current ? `${current.title} – HiRED` : "HiRED";
  at("welcome").hidden = talk.turns.length > 0;
}

async function open(id) {
  dialogue.stop();
  if (composer.editing) composer.clear();
  await talk.open(id ? store.get(id) ?? null : null);
  drawHistory();
  showSide(false);
  askCounts();
  toEnd();
  composer.focus();
}

function openPicture(picture, selection = null) {
  const address = talk.addressOf(picture.id) ?? (picture.blob ? pictureAddress(picture.id, picture.blob) : null);
  if (address) pictureWindow.open(picture, address, selection, null);
}

// ---- Parts

const composer = new Composer({
  send: () => dialogue.send(), stop: () => dialogue.stop(), setBudget, setCompare, changed: askCounts,
  limits: () => model()?.hired ?? {}, open: (picture) => openPicture(picture),
});
const talk = new ConversationView(at("turns"), store, {
  edit: (turn) => dialogue.edit(turn), again: (turn) => dialogue.again(turn), open: openPicture,
});
const dialogue = new Dialogue({ server, store, options, composer, talk }, {
  model, budget, changed: drawHistory, noModel: () => connection.check(true),
  failed: (error) => {
    if (error.status === 401) settings.open("key", error.message);
    else if (error.away) connection.check();
  },
});
const pictureWindow = new PictureWindow(at("picture-window"), {
  budget, setBudget, visualTokens: (value) => options.visualTokens(value),
  select: (body, signal) => server.count({ model: model()?.id, ...body }, signal),
  blob: async (id) => composer.pictures.find((each) => each.id === id)?.blob ?? store.picture(id),
});
const history_ = new HistoryList(at("history"), {
  open,
  rename: async (id, title) => {
    const each = store.get(id);
    each.title = title;
    await store.save(each);
    drawHistory();
    // The field is gone; whoever uses the keyboard is to find themselves in the list.
    if (document.activeElement === document.body) at("history").querySelector(".current .open, .open")?.focus();
  },
  remove: async (id) => {
    if (!(await confirmed(`Delete “${store.get(id).title}”?`, "Delete"))) return;
    const isOpen = talk.current?.id === id;
    if (isOpen) dialogue.stop();
    await store.remove(id);
    if (isOpen) await open(null);
    else drawHistory();
  },
  exported: async (id) => {
    const each = store.get(id);
    download(await exportFile(each, store), fileName(each.title));
  },
});
const settings = new SettingsWindow(at("settings"), options, {
  models, model,
  changed: (name) => {
    if (name === "key") connection.check();
    drawModel();
    askCounts();
  },
  clear: async () => {
    if (!(await confirmed("Delete all conversations and their pictures?", "Delete all"))) return;
    dialogue.stop();
    await store.clear();
    await open(null);
    notice("All conversations are deleted.");
  },
});
const connection = new Connection(server, () => {
  drawModel();
  askCounts();
}, (message) => settings.open("key", options.key ? message : "This server wants an API key."));

function drawModel() {
  at("model").textContent = model()?.id ?? "";
}

// ---- What is seen

at("new").append(icon("plus"), element("span", {}, "New conversation"));
at("open-settings").append(icon("settings"));
at("new").addEventListener("click", () => open(null));
at("open-settings").addEventListener("click", () => settings.open());
at("samples").append(...sampleEntries(async (sample) => {
  try {
    await composer.add([await sampleFile(sample)]);
    composer.write(sample.question);
  } catch (error) {
    notice(error.message);
  }
}));

composer.compare(options.get("compare"));
composer.slider.show(budget());
showSide(false);
await store.open();
await open(null);
await connection.check();
