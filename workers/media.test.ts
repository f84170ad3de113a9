import { expect, test, vi } from 'vitest';
import type { Manifest } from './manifest.ts';
import { MediaCache, mediaKey } from './media.ts';
import type { Memory } from './memory.ts';
import type { Ort, Tensor } from './ort.ts';
import type { MediaSource } from './prompt.ts';
import type { Sessions } from './sessions.ts';

vi.mock('./vision/preprocess.ts', () => ({
  preprocess: async () => ({ tiles: 1, frames: 1 }),
}));

const picture = (content: string): MediaSource => ({ type: 'image', blob: new Blob([content]) });

/** A cache with room for two pictures of 32 bytes, over graphs that count. */
function cache() {
  const counts = { runs: 0, freed: [] as Tensor[] };
  const tensor = () => ({ reshape: tensor }) as unknown as Tensor;
  const run = async () => {
    counts.runs++;
    return { features: tensor(), media: tensor() };
  };
  const manifest = {
    vision: { grid: 1, size: 1, width: 1 },
    resampler: { latents: 2, temporal: 1 },
    crossAttention: { layers: [0], heads: 1, headSize: 2 },
  } as unknown as Manifest;
  const memory: Memory = {
    output: () => null,
    adopt: (tensor: Tensor) => tensor,
    join: tensor,
    free: (freed) => counts.freed.push(freed),
    settled: async () => {},
  };
  const ort = { Tensor: class {} } as unknown as Ort;
  const sessions = {
    vision: { run },
    bridge: { run, inputNames: ['grid', 'time'] },
  } as unknown as Sessions;
  const media = new MediaCache(ort, manifest, sessions, memory, 2 * 32);
  return { media, counts };
}

test('a picture is encoded once, whatever Blob it comes in', async () => {
  const { media, counts } = cache();
  const key = await mediaKey(picture('a'));
  const first = await media.get(key, picture('a'));
  expect(counts.runs).toBe(2);
  expect(await mediaKey(picture('a'))).toBe(key);
  expect(await media.get(key, picture('a'))).toBe(first);
  expect(counts.runs).toBe(2);
});

test('other pictures, and clips of the same frames in another order, are other media', async () => {
  const clip = (...frames: string[]): MediaSource => ({
    type: 'frames',
    blobs: frames.map((frame) => new Blob([frame])),
  });
  const sources = [picture('a'), picture('b'), clip('a'), clip('a', 'b'), clip('b', 'a')];
  const keys = await Promise.all(sources.map(mediaKey));
  expect(new Set(keys).size).toBe(5);
});

test('the least recently used go first, and only when asked', async () => {
  const { media, counts } = cache();
  const first = await media.get('a', picture('a'));
  const second = await media.get('b', picture('b'));
  await media.get('a', picture('a'));
  await media.get('c', picture('c'));
  counts.freed = [];
  expect(['a', 'b', 'c'].every((key) => media.has(key))).toBe(true);
  media.prune();
  expect(counts.freed).toEqual([second]);
  expect(media.has('b')).toBe(false);
  media.clear();
  expect(counts.freed).toContain(first);
});
