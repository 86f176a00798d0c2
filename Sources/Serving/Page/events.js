// Server-sent events from bytes as they come.

/** Takes pieces of text in any cut and gives back whole events. */
export class EventReader {
  #rest = "";
  #name = "";
  #data = [];

  /** The events that `text` completes: `{ name, data }`, name "" for those without. */
  feed(text) {
    const events = [];
    this.#rest += text;
    // A carriage return at the end may be the first half of a line end.
    const held = this.#rest.endsWith("\r") ? "\r" : "";
    const lines = this.#rest.slice(0, this.#rest.length - held.length).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + held;
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) events.push({ name: this.#name, data: this.#data.join("\n") });
        this.#name = "";
        this.#data = [];
        continue;
      }
      if (line.startsWith(":")) continue;
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(line.startsWith(": ", colon) ? colon + 2 : colon + 1);
      if (field === "data") this.#data.push(value);
      else if (field === "event") this.#name = value;
    }
    return events;
  }
}

/** The events of a response's body. One decoder for the whole of it: a character may be cut between two parts. */
export async function* serverEvents(body) {
  const decoder = new TextDecoder("utf-8");
  const reader = body.getReader();
  const events = new EventReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      yield* events.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (done) return;
    }
  } finally {
    // Also when the reader of these events leaves early: the server is to stop.
    reader.cancel().catch(() => {});
  }
}
