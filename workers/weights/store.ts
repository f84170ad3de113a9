/**
 * Files of models, kept in IndexedDB as Blobs under their SHA-256: getting one is a matter of milliseconds whatever
 * its size, since a Blob is only a handle, and models that share a shard share its bytes.
 */
import { createStore, del, get, set, type UseStore } from 'idb-keyval';

/** Where files are kept between visits. No method rejects because storage is full or forbidden. */
export interface BlobStore {
  get(sha256: string): Promise<Blob | undefined>;
  /** Keeps a Blob and returns it, on disk where that is possible. */
  put(sha256: string, blob: Blob): Promise<Blob>;
  delete(sha256: string): Promise<void>;
}

/**
 * The browser's storage, and memory where that fails (a private window, a full disk): the model then works for this
 * visit and is fetched again at the next. A failure is told on the console.
 */
export class IndexedDbStore implements BlobStore {
  readonly #memory = new Map<string, Blob>();
  #store: UseStore | undefined;

  async get(sha256: string): Promise<Blob | undefined> {
    const held = this.#memory.get(sha256);
    if (held) return held;
    return this.#attempt('read', (store) => get<Blob>(sha256, store));
  }

  async put(sha256: string, blob: Blob): Promise<Blob> {
    const stored = await this.#attempt('written', async (store) => {
      await set(sha256, blob, store);
      // What comes back lies on disk; the Blob that went in may hold its bytes in memory.
      return get<Blob>(sha256, store);
    });
    if (!stored) this.#memory.set(sha256, blob);
    return stored ?? blob;
  }

  async delete(sha256: string): Promise<void> {
    this.#memory.delete(sha256);
    await this.#attempt('changed', (store) => del(sha256, store));
  }

  async #attempt<T>(what: string, use: (store: UseStore) => Promise<T>): Promise<T | undefined> {
    try {
      this.#store ??= createStore('flamingo-weights', 'blobs');
      return await use(this.#store);
    } catch (cause) {
      console.warn(`The browser's storage could not be ${what}; going on in memory.`, cause);
      return undefined;
    }
  }
}
