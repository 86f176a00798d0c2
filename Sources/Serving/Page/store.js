// Conversations and pictures, kept in this browser: IndexedDB, because pictures are large; in memory alone where that
// does not work. Nothing here throws: what cannot be stored stays until the page is closed, and the person is told once.

const MOST_CONVERSATIONS = 300;
const MOST_PICTURE_BYTES = 256_000_000;

const promised = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Without crypto.randomUUID, which pages that did not come over TLS lack. */
export const newID = () => [...crypto.getRandomValues(new Uint8Array(12))]
  .map((value) => value.toString(16).padStart(2, "0")).join("");

export const picturesOf = (conversation) => conversation.turns.flatMap((turn) => turn.pictures ?? []);

export class Store {
  #database = null;
  #conversations = new Map();
  #blobs = new Map();
  #trouble;
  #told = false;

  /** `trouble` is called with words, once. */
  constructor(trouble) {
    this.#trouble = trouble;
  }

  async open() {
    try {
      const request = indexedDB.open("hired", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("conversations", { keyPath: "id" });
        request.result.createObjectStore("pictures", { keyPath: "id" });
      };
      this.#database = await promised(request);
      // A newer page in another tab is not to wait for this one.
      this.#database.onversionchange = () => {
        this.#database.close();
        this.#database = null;
      };
      for (const each of await promised(this.#read("conversations").getAll())) this.#conversations.set(each.id, each);
      await this.#dropOrphans();
    } catch (error) {
      this.#failed(error);
    }
  }

  #read(name) {
    return this.#database.transaction(name).objectStore(name);
  }

  async #write(name, change) {
    if (!this.#database) return;
    try {
      const transaction = this.#database.transaction(name, "readwrite");
      change(transaction.objectStore(name));
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error) {
    console.info("storage:", error?.name ?? error);
    if (this.#told) return;
    this.#told = true;
    this.#trouble(error?.name === "QuotaExceededError"
      ? "This browser's storage is full: new conversations last until the page is closed."
      : "This browser keeps nothing for this page: conversations last until it is closed.");
  }

  /** Newest first. */
  list() {
    return [...this.#conversations.values()].sort((one, other) => other.updated - one.updated);
  }

  get(id) {
    return this.#conversations.get(id);
  }

  /** Keeps the conversation and those pictures of it that are new, and makes room where there is too much. */
  async save(conversation) {
    this.#conversations.set(conversation.id, conversation);
    await this.#write("conversations", (store) => store.put(plain(conversation)));
    await this.#makeRoom(conversation.id);
  }

  async addPicture(id, blob) {
    this.#blobs.set(id, blob);
    await this.#write("pictures", (store) => store.put({ id, blob }));
  }

  /** The picture's bytes, or null when they are no longer there. */
  async picture(id) {
    if (this.#blobs.has(id)) return this.#blobs.get(id);
    if (!this.#database) return null;
    try {
      const found = await promised(this.#read("pictures").get(id));
      if (found) this.#blobs.set(id, found.blob);
      return found?.blob ?? null;
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  async remove(id) {
    const conversation = this.#conversations.get(id);
    this.#conversations.delete(id);
    await this.#write("conversations", (store) => store.delete(id));
    if (conversation) await this.removePictures(picturesOf(conversation).map((picture) => picture.id));
  }

  async removePictures(ids) {
    if (ids.length === 0) return;
    for (const id of ids) this.#blobs.delete(id);
    await this.#write("pictures", (store) => ids.forEach((id) => store.delete(id)));
  }

  async clear() {
    for (const { id } of this.list()) await this.remove(id);
  }

  /** Old conversations go, and before them old pictures; never those of the conversation at hand. */
  async #makeRoom(current) {
    const old = this.list().filter((each) => each.id !== current);
    while (old.length >= MOST_CONVERSATIONS) await this.remove(old.pop().id);
    const size = (each) => picturesOf(each).reduce((sum, picture) => sum + (picture.gone ? 0 : picture.size), 0);
    let total = this.list().reduce((sum, each) => sum + size(each), 0);
    while (total > MOST_PICTURE_BYTES && old.length > 0) {
      const oldest = old.pop();
      total -= size(oldest);
      const pictures = picturesOf(oldest).filter((picture) => !picture.gone);
      if (pictures.length === 0) continue;
      for (const picture of pictures) picture.gone = true;
      await this.#write("conversations", (store) => store.put(plain(oldest)));
      await this.removePictures(pictures.map((picture) => picture.id));
    }
  }

  async #dropOrphans() {
    const known = new Set(this.list().flatMap(picturesOf).map((picture) => picture.id));
    const keys = await promised(this.#read("pictures").getAllKeys());
    await this.removePictures(keys.filter((key) => !known.has(key)));
  }
}

/** A copy of values alone, whatever else hangs on a turn while it is shown. */
const plain = (conversation) => JSON.parse(JSON.stringify(conversation));
