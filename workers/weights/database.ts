/** One store of the browser's IndexedDB, which may be forbidden, full, broken or asleep: then nothing is kept, and why is known. */
import { createStore, type UseStore } from 'idb-keyval';

/** Why the browser does not keep what it is given. */
export type StorageTrouble = 'full' | 'unavailable';

/** Opening waits for ever where another tab holds on to a database that is being deleted. */
const OPEN_MS = 10_000;

export class Database {
  readonly #name: string;
  readonly #onTrouble: (trouble: StorageTrouble) => void;
  #opening: Promise<UseStore> | undefined;

  /** `onTrouble` hears of every failure. */
  constructor(name: string, onTrouble: (trouble: StorageTrouble) => void) {
    this.#name = name;
    this.#onTrouble = onTrouble;
  }

  /** What `use` gives; undefined where storage fails, which is told on the console too. */
  async attempt<T>(use: (store: UseStore) => Promise<T>): Promise<T | undefined> {
    try {
      this.#opening ??= open(this.#name);
      return await use(await this.#opening);
    } catch (cause) {
      const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
      console.warn(`The browser's storage (${this.#name}) failed; going on in memory.`, cause);
      this.#onTrouble(full ? 'full' : 'unavailable');
      return undefined;
    }
  }
}

async function open(name: string): Promise<UseStore> {
  const store = createStore(name, 'blobs');
  const opened = store('readonly', () => undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} does not open.`)), OPEN_MS);
  });
  try {
    await Promise.race([opened, late]);
    return store;
  } finally {
    clearTimeout(timer);
  }
}
