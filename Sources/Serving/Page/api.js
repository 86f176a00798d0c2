// What the page asks of the server.
import { serverEvents } from "./events.js";

/** What went wrong, in words for a person. `away` when the server did not answer at all. */
export class Failure extends Error {
  constructor(message, { status = 0, code = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, retryAfter, away: status === 0 });
  }
}

async function refusal(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // A proxy's page; the status has to do.
  }
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  const words = typeof error.message === "string" ? error.message
    : `The server answered with status ${response.status}${response.statusText ? ` (${response.statusText})` : ""}.`;
  return new Failure(words, { status: response.status, code: error.code ?? null, retryAfter });
}

export class Server {
  /** `key` gives the API key, or an empty string. */
  constructor(key) {
    this.key = key;
  }

  async #fetch(path, { body, signal } = {}) {
    const headers = { accept: "application/json" };
    const key = this.key();
    if (key) headers.authorization = `Bearer ${key}`;
    if (body) headers["content-type"] = "application/json";
    let response;
    try {
      // Relative, so that the page works under a proxy's prefix too.
      response = await fetch(new URL(path, document.baseURI), {
        method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal, cache: "no-store",
        credentials: "same-origin",
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Failure("The server does not answer.");
    }
    return response;
  }

  async #json(path, options) {
    const response = await this.#fetch(path, options);
    if (!response.ok) throw await refusal(response);
    try {
      return await response.json();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Failure("The server's answer broke off.");
    }
  }

  /** "ready", "warming", "unavailable" or "draining". */
  async state(signal) {
    const response = await this.#fetch("health/ready", { signal });
    if (response.ok) return "ready";
    if (response.status !== 503) throw await refusal(response);
    try {
      return (await response.json()).status ?? "warming";
    } catch {
      return "warming";
    }
  }

  async models(signal) {
    return (await this.#json("v1/models", { signal })).data ?? [];
  }

  count(body, signal) {
    return this.#json("v1/visual_tokens", { body, signal });
  }

  /** The events of one answer: `{ name, value }`, name "" for OpenAI's chunks. */
  async* chat(body, signal) {
    const response = await this.#fetch("v1/chat/completions", { body, signal });
    if (!response.ok) throw await refusal(response);
    let ended = false;
    try {
      for await (const { name, data } of serverEvents(response.body)) {
        if (data === "[DONE]") {
          ended = true;
          return;
        }
        let value;
        try {
          value = JSON.parse(data);
        } catch {
          throw new Failure("The server sent something that is not an answer.", { status: response.status });
        }
        if (value.error) {
          throw new Failure(value.error.message ?? "The answer broke off.",
            { status: response.status, code: value.error.code ?? null });
        }
        yield { name, value };
      }
    } catch (error) {
      if (error.name === "AbortError" || error instanceof Failure) throw error;
      throw new Failure("The connection to the server broke off.");
    }
    if (!ended) throw new Failure("The connection to the server broke off.");
  }
}
