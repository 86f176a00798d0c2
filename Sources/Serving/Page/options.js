// What a person has set: kept in localStorage (it is small), the key only where that is wanted.

const NAME = "hired.options";
const KEY = "hired.key";

const nothing = {
  model: "", system: "", temperature: "", top_p: "", max_tokens: "", seed: "",
  budget: "", strategy: "", allocation: "", alpha: "", compare: false,
};

const storages = () => {
  try {
    return [localStorage, sessionStorage];
  } catch {
    return [];
  }
};

export class Options {
  #values = { ...nothing };
  #key = "";
  remembersKey = false;

  constructor() {
    try {
      const [lasting, passing] = storages();
      const stored = JSON.parse(lasting?.getItem(NAME) ?? "{}");
      for (const name of Object.keys(nothing)) {
        if (typeof stored[name] === typeof nothing[name]) this.#values[name] = stored[name];
      }
      this.remembersKey = Boolean(lasting?.getItem(KEY));
      this.#key = lasting?.getItem(KEY) ?? passing?.getItem(KEY) ?? "";
    } catch {
      // Damaged or forbidden: the defaults.
    }
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    this.#values[name] = value;
    try {
      storages()[0]?.setItem(NAME, JSON.stringify(this.#values));
    } catch {
      // It holds until the page is closed.
    }
  }

  get key() {
    return this.#key;
  }

  setKey(key, remember) {
    this.#key = key.trim();
    this.remembersKey = remember;
    try {
      const [lasting, passing] = storages();
      lasting?.removeItem(KEY);
      passing?.removeItem(KEY);
      if (this.#key) (remember ? lasting : passing)?.setItem(KEY, this.#key);
    } catch {
      // It holds until the page is closed.
    }
  }

  /** The fields of a request that the person has set; what is not set is the server's affair. */
  sampling() {
    const fields = {};
    for (const name of ["temperature", "top_p", "max_tokens", "seed"]) {
      const value = this.#values[name];
      if (value !== "" && Number.isFinite(Number(value))) fields[name] = Number(value);
    }
    return fields;
  }

  /** `visual_tokens` for a budget. A server refuses an option that a strategy does not use, so none is sent idly. */
  visualTokens(budget) {
    const fields = { budget: /^\d+$/.test(budget) ? Number(budget) : budget };
    if (budget === "full") return fields;
    for (const name of ["strategy", "allocation"]) if (this.#values[name]) fields[name] = this.#values[name];
    if (this.#values.alpha !== "") fields.alpha = Number(this.#values.alpha);
    return fields;
  }
}
