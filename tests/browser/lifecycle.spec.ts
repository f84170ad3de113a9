/** Memory after many prompts, and stop, unload and reload in any order. */
import { expect, test } from 'vitest';
import { withBrowser } from '../support/browser.ts';
import { goldens, link, MODEL, openTiny, value } from '../support/tiny.ts';
import { beforeWorker, gpuMemory, WATCH_GPU } from '../support/worker.ts';

const browser = withBrowser();
const PICTURES = ['photo', 'grey', 'palette', 'exact', 'small', 'gamma', 'alpha', 'deep'];

test('after 100 prompts of 8 pictures the GPU holds what it held, and nothing when unloaded', {
  timeout: 1_800_000,
}, async () => {
  const page = await openTiny(browser, 'webgpu', { before: beforeWorker(WATCH_GPU) });
  const loaded = await gpuMemory(page);
  expect(loaded.buffers).toBeGreaterThan(8);

  /**
   * Prompts in rounds of 20 that repeat: the caches of pictures and of prefixes are full after the first round, and more
   * after the next would be a leak. Of ten prompts one is stopped, one ranked, one decoded in beams.
   */
  const ask = (first: number, count: number) =>
    page.evaluate(
      async ([names, from, many]) => {
        for (let i = from; i < from + many; i++) {
          const turn = Math.floor(i / 10) % 2;
          const order = names.map((_, place) => names[(place * 3 + turn) % names.length]);
          if (i % 2 === 1) order.push(...order.splice(6, 1));
          const chunks = order.map((name) => [
            { type: 'image' as const, url: `/pictures/${name}.png` },
            { type: 'text' as const, text: `Name: ${i % 10}` },
          ]);
          const prompt = {
            id: String(i),
            examples: chunks.slice(0, -1),
            prompt: chunks.at(-1) ?? [],
          };
          if (i % 10 === 3) {
            const ranked = await window.flamingo.rank({ ...prompt, candidates: ['a', 'b c'] });
            if (!ranked.ok) return ranked.error.message;
            continue;
          }
          const sampling = { method: i % 10 === 6 ? 'beam' : 'greedy' } as const;
          const running = window.flamingo.generate({ ...prompt, maxNewTokens: 2, sampling });
          if (i % 10 === 9) await window.flamingo.cancel(prompt.id);
          const result = await running;
          if (!result.ok) return result.error.message;
        }
        return 'done';
      },
      [PICTURES, first, count] as const,
    );

  expect(await ask(0, 20)).toBe('done');
  const level = await gpuMemory(page);
  expect(await ask(20, 80)).toBe('done');
  const after = await gpuMemory(page);
  // ONNX Runtime's pool breathes by a buffer or two; a leak would be one or more for each of the 80 prompts.
  expect(after.buffers - level.buffers).toBeLessThan(8);
  expect(after.bytes).toBeLessThan(1.02 * level.bytes);

  value(await page.evaluate(() => window.flamingo.release()));
  expect(await gpuMemory(page)).toEqual({ buffers: 0, bytes: 0 });
  const request = { modelUrl: new URL(MODEL, browser.url).href, backend: 'webgpu' } as const;
  value(await page.evaluate((again) => window.flamingo.load(again), request));
  expect((await gpuMemory(page)).bytes).toBeLessThan(1.02 * loaded.bytes);
});

test('load, ask, stop and unload in any order: all calls end, and the last answer is right', async () => {
  const page = await openTiny(browser, 'wasm');
  const golden = goldens().find(({ id }) => id === 'one picture');
  if (!golden) throw new Error('There is no golden "one picture".');
  const modelUrl = new URL(MODEL, browser.url).href;
  const outcome = await page.evaluate(
    async ([url, prompt]) => {
      // The same order each time: a linear congruential generator.
      let seed = 7;
      const random = (below: number) => {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        return seed % below;
      };
      const calls: Promise<unknown>[] = [];
      const codes: string[] = [];
      const note = (result: { ok: boolean; error?: { code: string } }) =>
        codes.push(result.ok ? 'ok' : (result.error?.code ?? ''));
      for (let i = 0; i < 60; i++) {
        const id = String(random(8));
        const act = random(5);
        if (act === 0)
          calls.push(window.flamingo.load({ modelUrl: url, backend: 'wasm' }).then(note));
        if (act === 1) calls.push(window.flamingo.release().then(note));
        if (act === 2) calls.push(window.flamingo.cancel(id));
        if (act > 2) {
          const request = { ...prompt, id: `${i}`, maxNewTokens: 5 };
          calls.push(window.flamingo.generate(request).then(note));
          if (act === 4) calls.push(window.flamingo.cancel(`${i}`));
        }
        if (random(3) === 0) await new Promise((resolve) => setTimeout(resolve, random(300)));
      }
      await Promise.all(calls);
      await window.flamingo.load({ modelUrl: url, backend: 'wasm' });
      const last = await window.flamingo.generate({ ...prompt, id: 'last', maxNewTokens: 12 });
      return { codes: [...new Set(codes)], last };
    },
    [modelUrl, link(golden)] as const,
  );
  expect(value(outcome.last).tokens).toEqual(golden.tokens);
  // Nothing but these came of it: no inner error.
  for (const code of outcome.codes) expect(['ok', 'cancelled', 'not-loaded']).toContain(code);
});
