/** The page's IndexedDB from outside: what is stored, and damage to it. */
import type { Page } from 'playwright-core';

/** Keys of a database of the page, as JSON; empty while there is none. */
export function storedKeys(page: Page, database: string, store = 'blobs'): Promise<string[]> {
  return page.evaluate(
    async ([name, kind]) => {
      const known = await indexedDB.databases();
      if (!known.some((entry) => entry.name === name)) return [];
      const open = indexedDB.open(name);
      await new Promise((resolve) => open.addEventListener('success', resolve));
      if (!open.result.objectStoreNames.contains(kind)) return [];
      const request = open.result.transaction(kind).objectStore(kind).getAllKeys();
      await new Promise((resolve) => request.addEventListener('success', resolve));
      open.result.close();
      return request.result.map((key) => JSON.stringify(key));
    },
    [database, store] as const,
  );
}

/** Turns one bit of a stored file. */
export async function damageStored(page: Page, sha256: string): Promise<void> {
  await page.evaluate(async (key) => {
    const open = indexedDB.open('flamingo-weights');
    await new Promise((resolve) => open.addEventListener('success', resolve));
    const read = open.result.transaction('blobs').objectStore('blobs').get(key);
    await new Promise((resolve) => read.addEventListener('success', resolve));
    const bytes = new Uint8Array(await (read.result as Blob).arrayBuffer());
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    const write = open.result
      .transaction('blobs', 'readwrite')
      .objectStore('blobs')
      .put(new Blob([bytes]), key);
    await new Promise((resolve) => write.addEventListener('success', resolve));
    open.result.close();
  }, sha256);
}
