// The page: conversations, questions, answers.
import { element, icon, later, notice, say } from "./dom.js";
import { Server } from "./api.js";
import { isRunning, messagesOf, newAnswer, run, selectionOf } from "./ask.js";
import { totals } from "./budget.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { isAtEnd, showSide, toEnd } from "./frame.js";
import { HistoryList, download, exportFile, fileName } from "./history.js";
import { Options } from "./options.js";
import { PictureWindow } from "./picture-window.js";
import { pictureAddress } from "./pictures.js";
import { sampleEntries, sampleFile } from "./samples.js";
import { SettingsWindow, confirmed } from "./settings.js";
import { Store, newID, picturesOf } from "./store.js";
import { QuestionView, ReplyView, fullOf } from "./turns.js";

const at = (id) => document.getElementById(id);
const options = new Options();
const server = new Server(() => options.key);
const store = new Store(notice);

let conversation = null;
let views = new Map();
let running = null;
let counting = null;

// ---- Model and budget

const models = () => connection.models;
const model = () => models().find(({ id }) => id === options.get("model")) ?? models()[0] ?? null;
const budget = () => options.get("budget") || String(model()?.hired?.budget ?? "20%");

function setBudget(value) {
  options.set("budget", value);
  composer.slider.show(value);
  askCounts();
}

const askCounts = later(() => showCounts(), 160);

/** What the budget comes to, from the pictures' sizes alone: those of the draft, else those of the conversation. */
async function showCounts() {
  counting?.abort();
  const pictures = composer.pictures.length > 0 ? composer.pictures : conversation ? picturesOf(conversation) : [];
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

const addresses = new Map();
const addressOf = (id) => addresses.get(id) ?? null;

/** Addresses of the conversation's pictures, before its turns are drawn. */
async function loadPictures(pictures) {
  for (const { id } of pictures) {
    if (addresses.has(id)) continue;
    const blob = await store.picture(id);
    if (blob) addresses.set(id, pictureAddress(id, blob));
  }
}

function drawHistory() {
  history_.show(store.list(), conversation?.id);
  at("title").textContent = conversation?.title ?? "New conversation";
  document.title = conversation ? `${conversation.title} – HiRED` : "HiRED";
  at("welcome").hidden = conversation !== null && conversation.turns.length > 0;
}

async function open(id) {
  stop();
  if (composer.editing) composer.clear();
  conversation = id ? store.get(id) ?? null : null;
  // Stored while another tab was still answering.
  for (const each of conversation?.turns.flatMap((turn) => turn.answers ?? []) ?? []) if (isRunning(each)) each.state = "stopped";
  await loadPictures(conversation ? picturesOf(conversation) : []);
  drawTurns();
  drawHistory();
  showSide(false);
  askCounts();
  toEnd();
  composer.focus();
}

function drawTurns() {
  views = new Map();
  at("turns").replaceChildren();
  const pictures = [];
  for (const turn of conversation?.turns ?? []) {
    if (turn.role === "user") pictures.push(...turn.pictures);
    drawTurn(turn, [...pictures]);
  }
  showSelections();
}

function drawTurn(turn, pictures) {
  const actions = { edit, again, open: openPicture };
  const view = turn.role === "user" ? new QuestionView(turn, addressOf, actions)
    : new ReplyView(turn, pictures, addressOf, actions);
  views.set(turn, view);
  at("turns").append(view.node);
}

/** The newest answer's choice lies over the pictures of the questions. */
function showSelections() {
  const turns = conversation?.turns ?? [];
  const latest = turns.findLast((turn) => turn.role === "assistant" && turn.answers[0].selections.some(Boolean));
  if (!latest || latest.answers.length > 1) return;
  const whole = picturesOf({ turns: turns.slice(0, turns.indexOf(latest)) }).length === 1 ? fullOf(latest.answers[0]) : null;
  for (const turn of turns.slice(0, turns.indexOf(latest))) {
    views.get(turn)?.figures?.forEach((figure, place) =>
      figure.show(selectionOf(latest.answers[0], turn.pictures[place].id), whole));
  }
}

// ---- Asking

function stop() {
  running?.abort();
}

async function send() {
  const text = composer.text.trim();
  if ((text === "" && composer.pictures.length === 0) || running) return;
  if (!model()) return void connection.check(true);
  const pictures = composer.pictures;
  const editing = composer.editing;
  const isNew = conversation === null;
  conversation ??= { id: newID(), title: "", created: Date.now(), updated: Date.now(), turns: [] };
  if (editing) await cutFrom(editing, pictures);
  const turn = {
    role: "user", text,
    pictures: pictures.map(({ id, name, type, width, height, size }) => ({ id, name, type, width, height, size })),
  };
  for (const picture of pictures) addresses.set(picture.id, pictureAddress(picture.id, picture.blob));
  conversation.turns.push(turn);
  if (isNew || !conversation.title) conversation.title = titleOf(text, pictures);
  composer.clear();
  drawTurn(turn, []);
  drawHistory();
  // The conversation first: pictures that none refers to are taken for left over.
  const kept = store.save(conversation);
  const blobs = new Map(pictures.map(({ id, blob }) => [id, blob]));
  kept.then(() => Promise.all(pictures.map(({ id, blob }) => store.addPicture(id, blob))));
  await answer(blobs);
}

const titleOf = (text, pictures) => (text.split("\n")[0].slice(0, 60) || pictures[0]?.name || "Conversation");

/** Takes away a turn and what follows; pictures that no turn shows any longer go too. */
async function cutFrom(turn, kept) {
  const before = picturesOf(conversation);
  conversation.turns = conversation.turns.slice(0, conversation.turns.indexOf(turn));
  const still = new Set([...picturesOf(conversation), ...kept].map((picture) => picture.id));
  await store.removePictures(before.map(({ id }) => id).filter((id) => !still.has(id)));
  drawTurns();
}

async function answer(blobs = new Map()) {
  const asked = conversation;
  const earlier = [...asked.turns];
  const pictures = picturesOf(asked).filter(({ id }) => addressOf(id));
  const sent = pictures.map(({ id }) => id);
  const compares = options.get("compare") && pictures.length > 0 && budget() !== "full";
  const turn = {
    role: "assistant", answers: (compares ? [budget(), "full"] : [budget()]).map((each) => newAnswer(each, sent)),
  };
  asked.turns.push(turn);
  drawTurn(turn, pictures);
  const view = views.get(turn);
  const asking = new AbortController();
  running = asking;
  rest(false);
  toEnd();
  const changed = () => {
    const follows = isAtEnd();
    view.update();
    if (!compares && conversation === asked) showSelections();
    if (follows) requestAnimationFrame(toEnd);
  };
  try {
    const messages = await messagesOf(earlier, options.get("system"), async (id) => blobs.get(id) ?? store.picture(id));
    for (const each of turn.answers) {
      if (asking.signal.aborted) {
        each.state = "stopped";
        continue;
      }
      const body = {
        model: model().id, messages, ...options.sampling(),
        ...(pictures.length > 0 ? { visual_tokens: options.visualTokens(each.budget) } : {}),
      };
      await run(each, server, body, asking.signal, changed);
    }
  } catch (error) {
    for (const each of turn.answers.filter(isRunning)) {
      Object.assign(each, { state: "failed", error: { message: error.message, status: 0, away: false } });
    }
  }
  changed();
  running = running === asking ? null : running;
  asked.updated = Date.now();
  // Deleted while it was answered: it stays deleted.
  if (store.get(asked.id)) await store.save(asked);
  rest(running === null);
  drawHistory();
  const failure = turn.answers.find(({ error }) => error)?.error;
  if (failure?.status === 401) settings.open("key", failure.message);
  else if (failure?.away) connection.check();
}

function rest(flag) {
  composer.running(!flag);
  at("turns").classList.toggle("busy", !flag);
  for (const each of at("turns").querySelectorAll(".needs-rest")) each.disabled = !flag;
}

async function again(turn) {
  if (running || !conversation) return;
  const place = conversation.turns.indexOf(turn);
  if (place < 0) return;
  const following = conversation.turns[place + 1];
  if (following) await cutFrom(following, []);
  conversation.turns.splice(place, 1);
  views.get(turn)?.node.remove();
  drawTurns();
  await answer();
}

async function edit(turn) {
  if (running) return;
  const pictures = [];
  for (const picture of turn.pictures) {
    const blob = await store.picture(picture.id);
    if (blob) pictures.push({ ...picture, blob, note: "" });
  }
  composer.edit(turn, pictures);
}

// ---- What is seen

at("new").append(icon("plus"), element("span", {}, "New conversation"));
at("open-settings").append(icon("settings"));
at("new").addEventListener("click", () => open(null));
at("open-settings").addEventListener("click", () => settings.open());

function openPicture(picture, selection = null) {
  const address = addressOf(picture.id) ?? (picture.blob ? pictureAddress(picture.id, picture.blob) : null);
  if (address) pictureWindow.open(picture, address, selection, null);
}

function setCompare(flag) {
  options.set("compare", flag);
  composer.compare(flag);
  say(flag ? "Each question is asked twice: at the budget, and with all tokens." : "Each question is asked once.");
}

// ---- Parts

const composer = new Composer({
  send, stop, setBudget, setCompare, changed: askCounts, limits: () => model()?.hired ?? {},
  open: (picture) => openPicture(picture),
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
    if (conversation?.id === id) stop();
    await store.remove(id);
    if (conversation?.id === id) await open(null);
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
    stop();
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
