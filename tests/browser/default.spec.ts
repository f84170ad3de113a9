/** The default model on WebGPU: a real photo, and the first tokens of the answer of native ONNX Runtime. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ASK_PAGE } from '../../tools/ask/session.mjs';
import { ROOT } from '../../tools/project.mjs';
import { withBrowser } from '../support/browser.ts';
import { value } from '../support/tiny.ts';

const browser = withBrowser();

/** A token takes ten seconds and more on a GPU that is emulated on two cores. */
const TOKENS = 3;

test('a caption on WebGPU begins as the golden one', { timeout: 900_000 }, async () => {
  const file = join(ROOT, 'tests', 'golden', 'default.json');
  const goldens: { id: string; tokens: number[] }[] = JSON.parse(readFileSync(file, 'utf8'));
  const golden = goldens.find(({ id }) => id === 'caption of a cat');
  if (!golden) throw new Error('The golden answers have no caption of a cat.');
  const page = await browser.openPage(ASK_PAGE);
  page.setDefaultTimeout(0);
  const modelUrl = new URL('models/flamingo-smollm2-135m/', browser.url).href;
  const loaded = await page.evaluate(
    (at) => window.flamingo.load({ modelUrl: at, backend: 'webgpu' }),
    modelUrl,
  );
  expect(value(loaded).backend.backend).toBe('webgpu');
  const answer = await page.evaluate(
    (maxNewTokens) =>
      window.flamingo.generate({
        id: 'caption',
        examples: [],
        prompt: [
          { type: 'image', url: '/examples/cat.jpg' },
          { type: 'text', text: 'Caption:' },
        ],
        maxNewTokens,
      }),
    TOKENS,
  );
  expect(value(answer).tokens).toEqual(golden.tokens.slice(0, TOKENS));
});
