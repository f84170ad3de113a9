/**
 * The prompt of a tab, saved as it is edited. Each living tab has a place of its own, held by a lock; a new tab takes
 * over the place of one that was closed or crashed, so nothing is lost and no two tabs write over each other.
 */
import { createStore, delMany, entries, get, keys, setMany, type UseStore } from 'idb-keyval';
import type { PromptState } from '../prompt/prompt.ts';
import { fromSaved, keysOf, parseSaved, type SavedPrompt, toSaved } from './record.ts';

const PLACE = 'flamingo-place';

/** Keys are `[place]` for a prompt and `[place, key]` for a picture. */
type Key = [place: string] | [place: string, picture: string];

export interface Draft {
  /** What was there before, or null. */
  found: PromptState | null;
  /** Saves the newest prompt; calls that come while one is being written wait as one. */
  save(prompt: PromptState): void;
}

/**
 * Opens the place of this tab. Rejects where the browser stores nothing: the prompt then lives as long as the page.
 */
export async function openDraft(): Promise<Draft> {
  const store = createStore('flamingo-prompts', 'prompts');
  const place = await takePlace(store);
  const stored = new Map<string, Blob>();
  const saved = parseStored(await get<unknown>([place], store));
  if (saved) {
    for (const key of keysOf(saved)) {
      const blob = await get<unknown>([place, key], store);
      if (blob instanceof Blob) stored.set(key, blob);
    }
  }
  await dropPictures(store, place, saved);

  const names = new Map([...stored].map(([key, blob]) => [blob, key]));
  const keyOf = (blob: Blob) => {
    const key = names.get(blob) ?? crypto.randomUUID();
    names.set(blob, key);
    return key;
  };
  let newest: PromptState | null = null;
  let writing = false;
  async function write(): Promise<void> {
    writing = true;
    try {
      while (newest) {
        const prompt = newest;
        newest = null;
        await put(store, place, toSaved(prompt, keyOf), names, stored);
      }
    } catch (cause) {
      console.warn('The prompt could not be saved; it stays on the page.', cause);
    } finally {
      writing = false;
    }
  }
  return {
    found: saved && fromSaved(saved, stored),
    save(prompt) {
      newest = prompt;
      if (!writing) void write();
    },
  };
}

/** Words and new pictures in one transaction: a record never names a picture that is not there. */
async function put(
  store: UseStore,
  place: string,
  saved: SavedPrompt,
  names: ReadonlyMap<Blob, string>,
  stored: Map<string, Blob>,
): Promise<void> {
  const wanted = new Set(keysOf(saved));
  const added = [...names].filter(([, key]) => wanted.has(key) && !stored.has(key));
  const pictures = added.map(([blob, key]): [Key, unknown] => [[place, key], blob]);
  await setMany([[[place], saved], ...pictures], store);
  for (const [blob, key] of added) stored.set(key, blob);
}

/** Pictures of this place that its prompt does not show any more. */
async function dropPictures(store: UseStore, place: string, saved: SavedPrompt | null) {
  const wanted = new Set(saved ? keysOf(saved) : []);
  const all = await keys<Key>(store);
  const old = all.filter(([of, key]) => of === place && key !== undefined && !wanted.has(key));
  if (old.length > 0) await delMany(old, store);
}

function parseStored(value: unknown): SavedPrompt | null {
  return value === undefined ? null : parseSaved(value);
}

/** This tab's place from before a reload, else one that a closed tab left, else a new one. */
async function takePlace(store: UseStore): Promise<string> {
  const mine = sessionStorage.getItem(PLACE);
  const prompts = (await entries<Key, unknown>(store)).filter(([key]) => key.length === 1);
  const left = prompts.map(([[place]]) => place);
  const places = [...(mine === null ? [] : [mine]), ...left.reverse(), crypto.randomUUID()];
  for (const place of places) {
    if (!(await hold(place))) continue;
    sessionStorage.setItem(PLACE, place);
    return place;
  }
  throw new Error('A new place is always free.');
}

/** Holds a place until the tab ends. False where another tab has it. */
function hold(place: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`flamingo prompt ${place}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise(() => {}) : undefined;
      })
      .catch(reject);
  });
}
