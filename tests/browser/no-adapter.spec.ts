/**
 * A browser without a WebGPU adapter: the WebGPU tests must fail in it, a person who asks for WebGPU is told so,
 * and everybody else gets WASM and hears why.
 */
import { expect, test } from 'vitest';
import { ASK_PAGE } from '../../tools/ask/session.mjs';
import { launch } from '../../tools/chromium.mjs';
import type { BackendChoice, LoadedModel, Result } from '../../workers/protocol.ts';
import { requireAdapter, withBrowser } from '../support/browser.ts';

const browser = withBrowser('none');

async function load(backend: BackendChoice): Promise<Result<LoadedModel>> {
  const page = await browser.openPage(ASK_PAGE);
  const modelUrl = new URL('models/tiny-random/', browser.url).href;
  return page.evaluate((request) => window.flamingo.load(request), { modelUrl, backend });
}

test('the preflight rejects, so that the WebGPU tests of such a machine fail', async () => {
  const bare = await launch('none');
  try {
    await expect(requireAdapter(bare, browser.url)).rejects.toThrow('no WebGPU adapter');
  } finally {
    await bare.close();
  }
});

test('the preflight passes with the flags of the tests', async () => {
  const equipped = await launch('software');
  try {
    await expect(requireAdapter(equipped, browser.url)).resolves.toBeUndefined();
  } finally {
    await equipped.close();
  }
});

test('asking for WebGPU is answered with a sentence, not with WASM', async () => {
  const result = await load('webgpu');
  if (result.ok) throw new Error(`It loaded on ${result.value.backend.backend}.`);
  expect(['no-webgpu', 'no-adapter']).toContain(result.error.code);
  expect(result.error.message).toMatch(/WebGPU.+\.$/);
});

test('by default WASM is taken, and the notice says why', async () => {
  const result = await load('auto');
  if (!result.ok) throw new Error(result.error.message);
  expect(result.value.backend).toMatchObject({ backend: 'wasm', software: false });
  expect(result.value.backend.notice).toMatch(/WebGPU/);
});
