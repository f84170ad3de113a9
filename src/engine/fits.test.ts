import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Manifest } from '../../workers/manifest.ts';
import { fitOf, needsOf, WASM_HEAP } from './fits.ts';

const read = (name: string): Manifest =>
  JSON.parse(
    readFileSync(new URL(`../../public/models/${name}/manifest.json`, import.meta.url), 'utf8'),
  );
const manifest = read('flamingo-smollm2-135m');
const gpu = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };

it('counts weights, keys and values', () => {
  const kv = 2 * 30 * 3 * 64 * 2048 * 4;
  const { gpu: bytes, wasm, largestBuffer } = needsOf(manifest);
  const files = manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  expect(bytes).toBeCloseTo(files * 1.2 + kv, 0);
  expect(wasm).toBe(files + kv);
  // No shard is over 16 MB.
  expect(largestBuffer).toBeLessThanOrEqual(32e6);
});

it('takes a GPU with the limits that WebGPU guarantees', () => {
  expect(fitOf(manifest, 'auto', gpu)).toMatchObject({ fits: true, where: 'gpu' });
  expect(fitOf(manifest, 'wasm', gpu)).toMatchObject({ fits: true, where: 'wasm' });
  expect(fitOf(manifest, 'auto', null)).toMatchObject({ fits: true, where: 'wasm' });
});

it('tells a GPU whose buffers are too small, by the smaller of its two limits', () => {
  const small = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 20 };
  expect(fitOf(manifest, 'webgpu', small)).toMatchObject({ fits: false, allows: 2 ** 20 });
  const { context } = manifest.language;
  const long = { ...manifest, language: { ...manifest.language, context: context * 200 } };
  expect(fitOf(long, 'auto', gpu)).toMatchObject({ fits: false, where: 'gpu' });
});

it('tells a model that WebAssembly cannot address', () => {
  const { graphs } = manifest;
  const language = { ...graphs.wasm.language, kernels: null };
  const expanded = { ...manifest, graphs: { ...graphs, wasm: { ...graphs.wasm, language } } };
  expect(needsOf(expanded).wasm).toBeGreaterThan(5 * needsOf(manifest).wasm * 0.7);
  const shards = Array.from({ length: 60 }, () => manifest.shards[0] ?? expect.fail('no shard'));
  expect(fitOf({ ...expanded, shards }, 'wasm', null)).toMatchObject({
    fits: false,
    where: 'wasm',
    allows: WASM_HEAP,
  });
});
