/** The worker on the tiny model, in real Chromium: PyTorch's answers on WebGPU and on WASM, and what it keeps. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Linked } from '../../tools/ask/page.ts';
import type {
  GenerateRequest,
  Generation,
  Ranking,
  RankRequest,
  Result,
} from '../../workers/protocol.ts';
import { withBrowser } from '../support/browser.ts';
import { type Golden, goldens, link, openTiny, value } from '../support/tiny.ts';

const browser = withBrowser();
let requests = 0;

type Options = Partial<Pick<GenerateRequest, 'maxNewTokens' | 'sampling' | 'gates' | 'id'>>;

function generate(page: Page, golden: Golden, options: Options = {}): Promise<Result<Generation>> {
  const request: Linked<GenerateRequest> = {
    id: `request ${requests++}`,
    maxNewTokens: 12,
    ...link(golden),
    ...options,
  };
  return page.evaluate((asked) => window.flamingo.generate(asked), request);
}

async function answer(page: Page, golden: Golden, options?: Options): Promise<Generation> {
  return value(await generate(page, golden, options));
}

function rank(page: Page, golden: Golden, gates = 1): Promise<Result<Ranking>> {
  const { candidates } = golden;
  const request: Linked<RankRequest> = { id: 'rank', candidates, gates, ...link(golden) };
  return page.evaluate((asked) => window.flamingo.rank(asked), request);
}

/** The golden with this name. */
function named(id: string): Golden {
  const found = goldens().find((golden) => golden.id === id);
  if (!found) throw new Error(`There is no golden "${id}".`);
  return found;
}

describe.each(['wasm', 'webgpu'] as const)('on %s', (backend) => {
  /** Digits that log-probabilities agree in: on WASM inputs of linear layers have 16 bits. */
  const digits = { webgpu: 2, wasm: 1 }[backend];

  test('greedy, beams and rankings are those of PyTorch', async () => {
    const page = await openTiny(browser, backend);
    const all = goldens();
    expect(all.length).toBeGreaterThanOrEqual(8);
    for (const golden of all) {
      const { tokens, end, timings } = await answer(page, golden);
      expect.soft(tokens, `${golden.id}, greedy`).toEqual(golden.tokens);
      expect(end).toBe(tokens.length === 12 ? 'length' : 'end-of-chunk');
      expect(timings.promptTokens).toBe(golden.ids.length);

      const beam = await answer(page, golden, { sampling: { method: 'beam' }, maxNewTokens: 8 });
      expect.soft(beam.tokens, `${golden.id}, beam`).toEqual(golden.beam);

      const { ranking } = value(await rank(page, golden));
      const means = ranking.map(({ meanLogprob }) => meanLogprob);
      expect(means).toEqual(means.toSorted((a, b) => b - a));
      for (const [i, wanted] of golden.ranking.entries()) {
        const got = ranking.find(({ text }) => text === golden.candidates[i]);
        expect.soft(got?.logprob, `${golden.id}, ranked`).toBeCloseTo(wanted.logprob, digits);
        expect
          .soft(got?.meanLogprob, `${golden.id}, ranked`)
          .toBeCloseTo(wanted.meanLogprob, digits);
      }
    }
  });

  test('what was computed is kept, and changes nothing', async () => {
    const page = await openTiny(browser, backend);
    const shots = named('examples');
    const first = await answer(page, shots);
    expect(first.timings).toMatchObject({ media: 3, mediaEncoded: 3 });
    expect(first.timings.prefillTokens).toBe(first.timings.promptTokens);

    const again = await answer(page, shots);
    expect(again.tokens).toEqual(first.tokens);
    expect(again.timings).toMatchObject({ mediaEncoded: 0, encode: 0, prefillTokens: 1 });

    // Another question behind the same examples: only the last chunk is computed.
    const question = { ...shots, prompt: named('two tiles').prompt };
    const other = await answer(page, question);
    expect(other.timings.mediaEncoded).toBe(1);
    const chunk = other.timings.promptTokens - other.timings.prefillTokens;
    expect(chunk).toBeGreaterThan(0);
    expect(other.timings.prefillTokens).toBeLessThan(other.timings.promptTokens / 2);

    // Another picture in the first example: all behind it is computed.
    const [, ...rest] = shots.examples;
    const changed = {
      ...question,
      examples: [[{ image: 'grey.png' }, { text: 'Name: tabby' }], ...rest],
    };
    const anew = await answer(page, changed);
    expect(anew.timings.prefillTokens).toBe(anew.timings.promptTokens - 1);

    // The first example as it was: its chunks are kept, and so are those of the change.
    const open = other.timings.prefillTokens;
    for (const [asked, before] of [
      [question, other],
      [changed, anew],
    ] as const) {
      const back = await answer(page, asked);
      expect(back.timings.prefillTokens).toBe(open);
      expect(back.tokens).toEqual(before.tokens);
    }

    // Other gates are another model: nothing of the KV is taken over, nor lost.
    const closed = await answer(page, question, { gates: 0, maxNewTokens: 1 });
    expect(closed.timings.prefillTokens).toBe(closed.timings.promptTokens);
    const opened = await answer(page, question);
    expect(opened.timings.prefillTokens).toBe(open);
    expect(opened.tokens).toEqual(other.tokens);

    // Where nothing is kept, the answers are the same.
    const fresh = await openTiny(browser, backend);
    for (const [asked, before] of [
      [changed, anew],
      [question, other],
    ] as const) {
      const computed = await answer(fresh, asked);
      expect(computed.timings.prefillTokens).toBeGreaterThan(open);
      expect(computed.tokens).toEqual(before.tokens);
    }
  });

  test('with closed gates no picture makes a difference', async () => {
    const page = await openTiny(browser, backend);
    const golden = named('one picture');
    const other = { ...golden, prompt: [{ image: 'exact.png' }, ...golden.prompt.slice(1)] };
    const open = await answer(page, golden);
    const closed = await answer(page, golden, { gates: 0 });
    expect(closed.tokens).not.toEqual(open.tokens);
    expect((await answer(page, other)).tokens).not.toEqual(open.tokens);
    expect((await answer(page, other, { gates: 0 })).tokens).toEqual(closed.tokens);
    const [mine, others] = [await rank(page, golden, 0), await rank(page, other, 0)].map(value);
    expect(mine?.ranking).toEqual(others?.ranking);
    expect((await answer(page, golden)).tokens).toEqual(open.tokens);
  });

  test('sampling repeats itself for a seed and never says <image>', async () => {
    const page = await openTiny(browser, backend);
    const golden = named('one picture');
    const sample = (seed: number) =>
      answer(page, golden, {
        sampling: { method: 'sample', temperature: 3, topP: 1, seed },
        maxNewTokens: 10,
      });
    const first = await sample(1);
    expect((await sample(1)).tokens).toEqual(first.tokens);
    const others = [await sample(2), await sample(3)];
    for (const { tokens } of others) expect(tokens).not.toEqual(first.tokens);
    const { manifest } = await page.evaluate(async () => {
      const response = await fetch('/models/tiny-random/manifest.json');
      return { manifest: await response.json() };
    });
    for (const banned of manifest.tokens.banned) {
      expect([first, ...others].flatMap(({ tokens }) => tokens)).not.toContain(banned);
    }
  });

  test('stops within a token, keeps what was written, and drops what waits', async () => {
    const page = await openTiny(browser, backend);
    const golden = named('no picture');
    const outcome = await page.evaluate(async (prompt) => {
      let tokens = 0;
      let cancelledAt = 0;
      let stop = () => {};
      const enough = new Promise<void>((resolve) => {
        stop = resolve;
      });
      window.flamingoEvent = (_id, event) => {
        if (event.type === 'token' && ++tokens === 3) stop();
      };
      // Sampling seldom ends early; should it, the test says so below.
      const sampling = { method: 'sample', temperature: 2, topP: 1, seed: 5 } as const;
      const request = { ...prompt, maxNewTokens: 400, sampling };
      const running = window.flamingo.generate({ id: 'running', ...request });
      const waiting = window.flamingo.generate({ id: 'waiting', ...request });
      await enough;
      await window.flamingo.cancel('waiting');
      const dropped = await waiting;
      const stillRunning = await Promise.race([running.then(() => false), true]);
      cancelledAt = tokens;
      await window.flamingo.cancel('running');
      return { stopped: await running, dropped, stillRunning, cancelledAt, seen: tokens };
    }, link(golden));
    const stopped = value(outcome.stopped);
    expect(stopped.end).toBe('cancelled');
    expect(stopped.tokens.length).toBeGreaterThanOrEqual(3);
    // Tokens of the tiny model come every few milliseconds on WASM, while the message is on its way.
    expect(outcome.seen - outcome.cancelledAt).toBeLessThanOrEqual(backend === 'webgpu' ? 2 : 20);
    expect(stopped.text.length).toBeGreaterThan(0);
    expect(outcome.stillRunning).toBe(true);
    expect(value(outcome.dropped)).toMatchObject({ end: 'cancelled', tokens: [], text: '' });
    // The worker goes on as if nothing had been.
    expect((await answer(page, golden)).tokens).toEqual(golden.tokens);
  });

  test('says what is wrong with a request', async () => {
    const page = await openTiny(browser, backend);
    const golden = named('one picture');
    const error = async (request: Golden, options?: Options) => {
      const result = await generate(page, request, options);
      if (result.ok) throw new Error('It answered.');
      return result.error;
    };
    const text = 'tell me more '.repeat(200);
    expect(await error({ ...golden, prompt: [{ text }] })).toMatchObject({
      code: 'prompt-too-long',
      message: expect.stringMatching(/The prompt has \d+ tokens .* holds 512 in all/),
    });
    expect(await error(golden, { maxNewTokens: 600 })).toMatchObject({ code: 'prompt-too-long' });
    expect(await error({ ...golden, prompt: [] })).toMatchObject({ code: 'prompt-empty' });
    expect(await error({ ...golden, examples: [[]] })).toMatchObject({
      code: 'prompt-empty',
      message: expect.stringContaining('Example 1'),
    });
    const ranked = await rank(page, { ...golden, candidates: [] });
    expect(ranked).toMatchObject({ ok: false, error: { code: 'prompt-empty' } });
    const broken = await page.evaluate(() => {
      const url = URL.createObjectURL(new Blob(['no picture']));
      return window.flamingo.generate({
        id: 'broken',
        examples: [],
        prompt: [{ type: 'image', url }],
        maxNewTokens: 1,
      });
    });
    expect(broken).toMatchObject({ ok: false, error: { code: 'image-decode' } });
    expect((await answer(page, golden)).tokens).toEqual(golden.tokens);
  });

  test('released, it answers nothing until it is loaded again', async () => {
    const page = await openTiny(browser, backend);
    const golden = named('one picture');
    expect(await page.evaluate(() => window.flamingo.release())).toEqual({ ok: true, value: null });
    expect(await generate(page, golden)).toMatchObject({
      ok: false,
      error: { code: 'not-loaded' },
    });
    const again = await page.evaluate((request) => window.flamingo.load(request), {
      modelUrl: new URL('models/tiny-random/', browser.url).href,
      backend,
    });
    expect(again.ok).toBe(true);
    expect((await answer(page, golden)).tokens).toEqual(golden.tokens);
  });
});
