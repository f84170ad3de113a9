/**
 * Files of models, kept in IndexedDB as Blobs under their SHA-256: getting one is a matter of milliseconds whatever
 * its size, since a Blob is only a handle, and models that share a shard share its bytes.
 */
import { del, entries, get, set } from 'idb-keyval';
import { Database, type StorageTrouble } from './database.ts';

/** Where files are kept between visits. No method rejects because storage is full or forbidden. */
export interface BlobStore {
  get(sha256: string): Promise<Blob | undefined>;
  /** Keeps a Blob and returns it, on disk where that is possible. */
  put(sha256: string, blob: Blob): Promise<Blob>;
  delete(sha256: string): Promise<void>;
}

/**
 * The browser's storage, and memory where that fails (a private window, a full disk): the model then works for this
 * visit and is fetched again at the next.
 */
export class IndexedDbStore implements BlobStore {
  readonly #memory = new Map<string, Blob>();
  readonly #database: Database;

  constructor(onTrouble: (trouble: StorageTrouble) => void) {
    this.#database = new Database('flamingo-weights', onTrouble);
  }

  async get(sha256: string): Promise<Blob | undefined> {
    const held = this.#memory.get(sha256);
    if (held) return held;
    const stored = await this.#database.attempt((store) => get<unknown>(sha256, store));
    return stored instanceof Blob ? stored : undefined;
  }

  async put(sha256: string, blob: Blob): Promise<Blob> {
    const stored = await this.#database.attempt(async (store) => {
      await set(sha256, blob, store);
      // What comes back lies on disk; the Blob that went in may hold its bytes in memory.
      return get<Blob>(sha256, store);
    });
    if (!stored) this.#memory.set(sha256, blob);
    return stored ?? blob;
  }

  async delete(sha256: string): Promise<void> {
    this.#memory.delete(sha256);
    await this.#database.attempt((store) => del(sha256, store));
  }

  /** Bytes of each file on disk, by its SHA-256. */
  async sizes(): Promise<Map<string, number>> {
    const all = await this.#database.attempt((store) => entries<string, unknown>(store));
    return new Map(
      (all ?? []).map(([key, value]) => [key, value instanceof Blob ? value.size : 0]),
    );
  }
}
