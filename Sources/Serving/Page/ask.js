// One answer: a request, its events, and what they say of it.
import { dataURL } from "./pictures.js";

/** A fresh answer; `pictures` are the numbers of those that it is about. States: waiting, queued, looking, reading, answering, then done, stopped or failed. */
export const newAnswer = (budget, pictures) => ({
  budget, pictures, state: "waiting", place: null, done: 0, total: 0, view: null, text: "", selections: [], counted: null,
  usage: null, timings: null, ttft: null, rate: null, milliseconds: null, finish: null, error: null,
});

/** What the answer kept of a picture, or null. */
export const selectionOf = (answer, id) => answer.selections[answer.pictures.indexOf(id)] ?? null;

export const isRunning = (answer) => ["waiting", "queued", "looking", "reading", "answering"].includes(answer.state);

/**
 * OpenAI's messages for the turns: pictures as they are stored, one that is no longer there as a word. `blobOf` gives a
 * picture's bytes or null.
 */
export async function messagesOf(turns, system, blobOf) {
  const messages = system.trim() === "" ? [] : [{ role: "system", content: system }];
  for (const turn of turns) {
    if (turn.role === "assistant") {
      messages.push({ role: "assistant", content: turn.answers[0].text });
      continue;
    }
    const parts = [];
    for (const picture of turn.pictures) {
      const blob = await blobOf(picture.id);
      if (blob) parts.push({ type: "image_url", image_url: { url: await dataURL(blob) } });
      else parts.push({ type: "text", text: "[a picture that is no longer stored]\n" });
    }
    if (turn.text !== "") parts.push({ type: "text", text: turn.text });
    messages.push({ role: "user", content: parts });
  }
  return messages;
}

/** Fills `answer` from the server's events; `changed` is called after each. Ends quietly, the answer says how. */
export async function run(answer, server, body, signal, changed) {
  const start = performance.now();
  let first = 0;
  let last = 0;
  let pieces = 0;
  answer.state = "queued";
  changed();
  try {
    const request = {
      ...body, stream: true, stream_options: { include_usage: true, include_visual_tokens: true },
    };
    for await (const { name, value } of server.chat(request, signal)) {
      if (name.startsWith("visual_tokens.")) {
        note(answer, name.slice("visual_tokens.".length), value);
        changed();
        continue;
      }
      if (value.usage) answer.usage = value.usage;
      const choice = value.choices?.[0];
      const piece = choice?.delta?.content;
      if (typeof piece === "string" && piece !== "") {
        last = performance.now();
        if (first === 0) {
          first = last;
          answer.ttft = first - start;
        }
        pieces += 1;
        answer.text += piece;
        answer.state = "answering";
      }
      if (choice?.finish_reason) answer.finish = choice.finish_reason;
      changed();
    }
    answer.state = "done";
  } catch (error) {
    if (error.name === "AbortError" || signal.aborted) answer.state = "stopped";
    else {
      answer.state = "failed";
      answer.error = {
        message: error.message, status: error.status ?? 0, away: error.away === true, retryAfter: error.retryAfter ?? null,
        code: error.code ?? null,
      };
      if (!("status" in error)) console.error(error);
    }
  }
  finish(answer, start, first, last, pieces);
  changed();
}

function note(answer, name, value) {
  switch (name) {
    case "accepted":
      answer.place = value.queue_place ?? null;
      break;
    case "counted":
      answer.counted = value;
      if (value.image_tokens?.full > 0) answer.state = "looking";
      else answer.state = "reading";
      break;
    case "encoding":
      answer.state = "looking";
      answer.view = { at: value.view, of: value.views };
      break;
    case "selected":
      if (value.selection) answer.selections[value.picture] = { ...value.selection, asked: answer.budget };
      answer.state = "reading";
      answer.view = null;
      break;
    case "prefill":
      Object.assign(answer, { done: value.done, total: value.total });
      if (answer.text === "") answer.state = "reading";
      break;
    case "timings":
      answer.timings = value;
      break;
    default:
  }
}

function finish(answer, start, first, last, pieces) {
  const { timings, usage } = answer;
  answer.milliseconds = timings?.total_ms ?? performance.now() - start;
  if (typeof timings?.ttft_ms === "number") answer.ttft = timings.ttft_ms;
  const count = usage?.completion_tokens ?? pieces;
  if (typeof timings?.tokens_per_second === "number") answer.rate = timings.tokens_per_second;
  else if (count > 1 && last > first) answer.rate = (count - 1) / (last - first) * 1000;
}
