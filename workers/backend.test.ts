import { expect, test } from 'vitest';
import { decide, type Offer } from './backend.ts';
import { isSoftware } from './software.ts';

const gpu: Offer = { webgpu: 'adapter', name: 'apple metal-3', software: false };
const emulated: Offer = { webgpu: 'adapter', name: 'google swiftshader', software: true };

test('left to itself it takes a GPU, and WASM with a notice where there is none', () => {
  expect(decide('auto', gpu)).toEqual({ take: 'webgpu' });
  expect(decide('auto', emulated)).toEqual({
    take: 'wasm',
    notice: expect.stringMatching(/google swiftshader.*software/),
  });
  expect(decide('auto', { webgpu: 'no-adapter' })).toMatchObject({
    take: 'wasm',
    notice: expect.stringMatching(/adapter/),
  });
  expect(decide('auto', { webgpu: 'missing' })).toMatchObject({
    take: 'wasm',
    notice: expect.stringMatching(/no WebGPU/),
  });
});

test('asked for WebGPU it takes any adapter, and refuses without one', () => {
  expect(decide('webgpu', emulated)).toEqual({ take: 'webgpu' });
  expect(decide('webgpu', { webgpu: 'no-adapter' })).toMatchObject({
    take: 'nothing',
    code: 'no-adapter',
  });
  expect(decide('webgpu', { webgpu: 'missing' })).toMatchObject({
    take: 'nothing',
    code: 'no-webgpu',
  });
});

test('asked for WASM it takes it without a word', () => {
  expect(decide('wasm', gpu)).toEqual({ take: 'wasm' });
});

test('knows software adapters by name and by flag', () => {
  const info = (vendor: string, architecture: string, isFallbackAdapter = false) =>
    ({ vendor, architecture, device: '', description: '', isFallbackAdapter }) as GPUAdapterInfo;
  expect(isSoftware(info('google', 'swiftshader'))).toBe(true);
  expect(isSoftware(info('mesa', 'llvmpipe'))).toBe(true);
  expect(isSoftware(info('', '', true))).toBe(true);
  expect(isSoftware(info('nvidia', 'ampere'))).toBe(false);
});
