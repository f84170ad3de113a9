import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LoadProgress } from '../protocol.ts';
import { obtainFiles, type Supply } from './obtain.ts';
import { assemble, type Partials } from './partials.ts';
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

/** Unfinished downloads in memory, as `content` by SHA-256. */
function memoryPartials(begun: Record<string, string> = {}): Partials {
  const pieces = new Map(
    Object.entries(begun).map(([sha256, content]) => [
      sha256,
      [{ offset: 0, blob: new Blob([content]), validator: '"v1"' as string | null }],
    ]),
  );
  return {
    read: async (sha256) => assemble(pieces.get(sha256) ?? []),
    append: async (sha256, offset, blob, validator) => {
      pieces.set(sha256, [...(pieces.get(sha256) ?? []), { offset, blob, validator }]);
    },
    drop: async (sha256) => {
      pieces.delete(sha256);
    },
  };
}

/** A server with the given files, which tells what is fetched and from which byte. */
function serve(files: Record<string, string>, { ranges = true } = {}): string[] {
  const fetched: string[] = [];
  vi.stubGlobal('fetch', async (url: string, { headers }: { headers: Record<string, string> }) => {
    const name = new URL(url).pathname.slice('/model/'.length);
    const [, from] = /^bytes=(\d+)-$/.exec(headers.Range ?? '') ?? [];
    fetched.push(from === undefined ? name : `${name} from ${from}`);
    const content = files[name];
    if (content === undefined) return new Response('', { status: 404 });
    if (content === 'login') {
      return new Response('<p>Log in', { headers: { 'Content-Type': 'text/html; charset=utf-8' } });
    }
    if (from === undefined || !ranges) return new Response(content);
    return new Response(content.slice(Number(from)), {
      status: 206,
      headers: { 'Content-Range': `bytes ${from}-${content.length - 1}/${content.length}` },
    });
  });
  return fetched;
}

function supply(parts: Partial<Supply> = {}): Supply & { store: ReturnType<typeof memoryStore> } {
  return {
    partials: memoryPartials(),
    signal: new AbortController().signal,
    onProgress: () => {},
    ...parts,
    store: memoryStore(),
  };
}

const obtain = (files: Parameters<typeof obtainFiles>[1], from: Supply) =>
  obtainFiles('http://here/model/', files, from);

// Node 20 has none. Without Web Locks nothing waits for other tabs.
beforeEach(() => void vi.stubGlobal('navigator', { onLine: true }));
afterEach(() => void vi.unstubAllGlobals());

test('files are fetched once and come out of the store afterwards', async () => {
  const files = [file('a', 'alpha'), file('b', 'beta'), file('c', 'gamma'), file('d', 'delta')];
  const fetched = serve({ a: 'alpha', b: 'beta', c: 'gamma', d: 'delta' });
  const from = supply();
  const blobs = await obtain(files, from);
  expect(await blobs.get('d')?.text()).toBe('delta');
  const told: LoadProgress[] = [];
  const again = await obtain(files, { ...from, onProgress: (progress) => told.push(progress) });
  expect(await again.get('a')?.text()).toBe('alpha');
  expect(fetched.sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(told.at(-1)).toMatchObject({ source: 'cache', loaded: 19, total: 19 });
});

test('a file with the wrong content is an error and is not kept', async () => {
  serve({ a: 'alphA' });
  const from = supply();
  await expect(obtain([file('a', 'alpha')], from)).rejects.toMatchObject({
    code: 'hash-mismatch',
    message: expect.stringContaining('a is not the file'),
  });
  expect(from.store.blobs.size).toBe(0);
});

test('a file that went bad in the store is deleted and fetched anew', async () => {
  const fetched = serve({ a: 'alpha' });
  const from = supply();
  const wanted = file('a', 'alpha');
  from.store.blobs.set(wanted.sha256, new Blob(['alphA']));
  await obtain([wanted], from);
  expect(fetched).toEqual(['a']);
  expect(await from.store.blobs.get(wanted.sha256)?.text()).toBe('alpha');
});

test.each([
  ['goes on inside the file', 'alp', true, ['a from 3']],
  ['starts over where the server ignores ranges', 'alp', false, ['a from 3']],
  ['needs no network when all had come', 'alpha', true, []],
  ['starts over when the beginning was wrong', 'ALP', true, ['a from 3', 'a']],
  ['starts over when more had come than the file has', 'alphabet', true, ['a']],
])('a broken download %s', async (_, begun, ranges, requests) => {
  const fetched = serve({ a: 'alpha' }, { ranges });
  const wanted = file('a', 'alpha');
  const partials = memoryPartials({ [wanted.sha256]: begun });
  const told: LoadProgress[] = [];
  const from = supply({ partials, onProgress: (progress) => told.push(progress) });
  const blobs = await obtain([wanted], from);
  expect(await blobs.get('a')?.text()).toBe('alpha');
  expect(fetched).toEqual(requests);
  expect(told.at(-1)).toMatchObject({ loaded: 5, total: 5 });
  expect((await partials.read(wanted.sha256)).bytes).toBe(0);
});

test.each([
  ['a file that is not there', {}, 'http', /answered 404/],
  ['a login page of the network', { a: 'login' }, 'http', /log in first/],
  ['a file of another size', { a: 'alphabet' }, 'hash-mismatch', /another size/],
])('%s is told apart', async (_, files, code, message) => {
  serve(files);
  await expect(obtain([file('a', 'alpha')], supply())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('a load that is not wanted any more ends with the reason', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  serve({ a: 'alpha' });
  await expect(obtain([file('a', 'alpha')], supply({ signal: controller.signal }))).rejects.toThrow(
    'enough',
  );
});
