import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Manifest } from '../../workers/manifest.ts';
import { downloadBytes, fetchManifest } from './preview.ts';

const path = new URL('../../public/models/tiny-random/manifest.json', import.meta.url);
const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'));
const folder = 'http://127.0.0.1/models/x/';

afterEach(() => vi.unstubAllGlobals());

function answer(response: () => Promise<Response>) {
  const fetching = vi.fn(response);
  vi.stubGlobal('fetch', fetching);
  return { fetching, result: fetchManifest(folder, new AbortController().signal) };
}

describe('the manifest', () => {
  it('is fetched from the folder and checked', async () => {
    const { fetching, result } = answer(async () => Response.json(manifest));
    expect(await result).toEqual({ ok: true, value: manifest });
    expect(fetching).toHaveBeenCalledWith(new URL(`${folder}manifest.json`), expect.anything());
  });

  it.each([
    ['http', false, async () => new Response('', { status: 404 })],
    ['http', true, async () => new Response('', { status: 503 })],
    ['offline', true, () => Promise.reject(new TypeError('Failed to fetch'))],
    ['bad-manifest', false, async () => new Response('<!doctype html>')],
    ['bad-manifest', false, async () => Response.json({ ...manifest, format: 'other/1' })],
  ] as const)('fails as %s (retryable: %s), in a sentence', async (code, retryable, response) => {
    const result = await answer(response).result;
    if (result.ok) throw new Error('it was taken');
    expect(result.error).toMatchObject({ code, retryable });
    expect(result.error.message).toMatch(/^[A-Z].*\.$/);
  });
});

it('the download is tokenizer, shards and the graphs of one flavour', () => {
  const shared =
    manifest.tokenizer.bytes + manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const { vision, bridge, language } = manifest.graphs.wasm;
  const wasm = shared + vision.bytes + bridge.bytes + language.bytes;
  expect(downloadBytes(manifest, 'wasm')).toBe(wasm);
  expect(downloadBytes(manifest, 'auto')).toBe(Math.max(wasm, downloadBytes(manifest, 'webgpu')));
});
