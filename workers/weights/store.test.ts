import { expect, test, vi } from 'vitest';
import { IndexedDbStore } from './store.ts';

test('where the browser has no storage, files stay in memory and the console says so', async () => {
  // Node has no IndexedDB, like a browser that forbids it.
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const store = new IndexedDbStore();
  const blob = new Blob(['weights']);
  expect(await store.get('a')).toBeUndefined();
  expect(await store.put('a', blob)).toBe(blob);
  expect(await store.get('a')).toBe(blob);
  expect(warn).toHaveBeenCalledWith(
    expect.stringContaining('going on in memory'),
    expect.anything(),
  );
  await store.delete('a');
  expect(await store.get('a')).toBeUndefined();
  warn.mockRestore();
});
