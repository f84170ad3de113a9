import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import type { LoadProgress } from '../protocol.ts';
import { obtainFiles } from './obtain.ts';
import type { BlobStore } from './store.ts';

const file = (path: string, content: string) => ({
  path,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

function memoryStore(): BlobStore & { blobs: Map<string, Blob> } {
  const blobs = new Map<string, Blob>();
  return {
    blobs,
    get: async (sha256) => blobs.get(sha256),
    put: async (sha256, blob) => {
      blobs.set(sha256, blob);
      return blob;
    },
    delete: async (sha256) => {
      blobs.delete(sha256);
    },
  };
}

/** A server with the given files, which counts what is fetched. */
function serve(files: Record<string, string>): string[] {
  const fetched: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    const name = new URL(url).pathname.slice('/model/'.length);
    fetched.push(name);
    const content = files[name];
    if (content === 'cable') throw new TypeError('Failed to fetch');
    return content === undefined ? new Response('', { status: 404 }) : new Response(content);
  });
  return fetched;
}

const obtain = (
  files: Parameters<typeof obtainFiles>[1],
  store: BlobStore,
  told: LoadProgress[] = [],
) => obtainFiles('http://here/model/', files, store, (progress) => told.push(progress));

afterEach(() => vi.unstubAllGlobals());

test('files are fetched once and come out of the store afterwards', async () => {
  const files = [file('a', 'alpha'), file('b', 'beta'), file('c', 'gamma'), file('d', 'delta')];
  const fetched = serve({ a: 'alpha', b: 'beta', c: 'gamma', d: 'delta' });
  const store = memoryStore();
  const blobs = await obtain(files, store);
  expect(await blobs.get('d')?.text()).toBe('delta');
  const told: LoadProgress[] = [];
  const again = await obtain(files, store, told);
  expect(await again.get('a')?.text()).toBe('alpha');
  expect(fetched.sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(told.at(-1)).toMatchObject({ source: 'cache', loaded: 19, total: 19 });
});

test('a file with the wrong content is an error and is not kept', async () => {
  serve({ a: 'alphA' });
  const store = memoryStore();
  await expect(obtain([file('a', 'alpha')], store)).rejects.toMatchObject({
    code: 'hash-mismatch',
    message: expect.stringContaining('a is not the file'),
  });
  expect(store.blobs.size).toBe(0);
});

test('a file that went bad in the store is deleted and fetched anew', async () => {
  const fetched = serve({ a: 'alpha' });
  const store = memoryStore();
  const wanted = file('a', 'alpha');
  store.blobs.set(wanted.sha256, new Blob(['alphA']));
  await obtain([wanted], store);
  expect(fetched).toEqual(['a']);
  expect(await store.blobs.get(wanted.sha256)?.text()).toBe('alpha');
});

test('a missing file and a broken network are told apart', async () => {
  serve({ b: 'cable' });
  const store = memoryStore();
  await expect(obtain([file('a', 'alpha')], store)).rejects.toMatchObject({ code: 'http' });
  await expect(obtain([file('b', 'beta')], store)).rejects.toMatchObject({ code: 'offline' });
});
