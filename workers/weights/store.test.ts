import { expect, test, vi } from 'vitest';
import type { StorageTrouble } from './database.ts';
import { IndexedDbStore } from './store.ts';

test('without storage files are held in memory, and why is known', async () => {
  // Node has no IndexedDB, as a browser whose storage is forbidden.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const troubles: StorageTrouble[] = [];
  const store = new IndexedDbStore((trouble) => troubles.push(trouble));
  expect(await store.get('a')).toBeUndefined();
  await store.put('a', new Blob(['alpha']));
  expect(await (await store.get('a'))?.text()).toBe('alpha');
  await store.delete('a');
  expect(await store.get('a')).toBeUndefined();
  expect(await store.sizes()).toEqual(new Map());
  expect(new Set(troubles)).toEqual(new Set(['unavailable']));
});
