/** Logits of the tiny model: PyTorch = WebGPU = WASM, with open gates and with closed ones. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LinkedPrompt } from '../../tools/ask/page.ts';
import { launch } from '../../tools/chromium.mjs';
import { serveSources } from '../../tools/sources.mjs';
import { requireAdapter } from '../support/browser.ts';
import { goldens, link, MODEL, servePictures } from '../support/tiny.ts';

/**
 * Logits reach 15. On WebGPU only the order of sums differs; on WASM inputs of linear layers have 16 bits, which the
 * random weights of the tiny model amplify.
 */
const TOLERANCE = { webgpu: 1e-3, wasm: 5e-3 };

let site: Awaited<ReturnType<typeof serveSources>>;

// The page needs parts of the worker that the build does not expose, so it comes straight from the sources.
beforeAll(async () => {
  site = await serveSources();
});

afterAll(() => site.close());

/** The largest difference between two lists of numbers. */
const distance = (a: number[], b: number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

/** Runs `use` on a fresh page, with what loads the model there and what gives logits behind a prompt. */
async function onPage(
  use: (
    load: (backend: 'wasm' | 'webgpu') => Promise<void>,
    logits: (prompt: LinkedPrompt, gates: number) => Promise<number[]>,
  ) => Promise<void>,
): Promise<void> {
  const browser = await launch('software');
  try {
    await requireAdapter(browser, `${site.url}tests/support/logits/index.html`);
    const page = await browser.newPage();
    await servePictures(page);
    await page.goto(`${site.url}tests/support/logits/index.html`);
    const modelUrl = new URL(MODEL, site.url).href;
    await use(
      (backend) =>
        page.evaluate(([at, on]) => window.inner.load(at, on), [modelUrl, backend] as const),
      (prompt, gates) =>
        page.evaluate(([what, open]) => window.inner.logits(what, open), [prompt, gates] as const),
    );
  } finally {
    await browser.close();
  }
}

test.each(['wasm', 'webgpu'] as const)('logits on %s are those of PyTorch', (backend) =>
  onPage(async (load, logits) => {
    await load(backend);
    const all = goldens();
    for (const golden of all) {
      const got = (await logits(link(golden), 1)).slice(0, golden.logits.length);
      expect.soft(distance(golden.logits, got), golden.id).toBeLessThan(TOLERANCE[backend]);
    }
    const plain = all.flatMap((golden) =>
      golden.plain ? [{ ...golden, plain: golden.plain }] : [],
    );
    expect(plain.length).toBeGreaterThan(0);
    for (const golden of plain) {
      const closed = (await logits(link(golden), 0)).slice(0, golden.plain.length);
      expect
        .soft(distance(golden.plain, closed), `${golden.id}, closed`)
        .toBeLessThan(TOLERANCE[backend]);
      // Closed gates are not what the open ones happen to give.
      expect(distance(golden.plain, golden.logits)).toBeGreaterThan(0.1);
    }
  }),
);

test('a chunk of many tokens gives the same on WebGPU as on WASM', () =>
  // Attention over 32 tokens and more has kernels of its own, which no golden prompt is long enough for.
  onPage(async (load, logits) => {
    const words = 'A dog runs over the grass and a man in a red hat looks at it. '.repeat(3);
    const golden = { examples: [], prompt: [{ image: 'photo.png' }, { text: words.trim() }] };
    await load('wasm');
    const wasm = await logits(link(golden), 1);
    await load('webgpu');
    expect(distance(wasm, await logits(link(golden), 1))).toBeLessThan(TOLERANCE.wasm);
  }));
