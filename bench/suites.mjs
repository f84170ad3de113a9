/** What is measured. Each suite gives samples by contender. */
import { note } from '../tools/project.mjs';
import {
  freshText,
  hasTextPeers,
  openOurs,
  openPatches,
  openTransformers,
  openWllama,
} from './contenders.mjs';
import { alternate } from './statistics.mjs';

/** @typedef {import('./contenders.mjs').Place} Place */
/** @typedef {Record<string, Record<string, import('./statistics.mjs').Sample>>} Samples */

/**
 * Shows a page before it is measured: browsers give hidden ones less of the processor.
 *
 * @param {import('playwright-core').Page} page
 */
async function front(page) {
  await page.bringToFront();
  return page;
}

/** Tokens of the text prompt. */
const PROMPT = 128;

/**
 * Prompt and decoding of text, ours with a picture to look at: tokens a second.
 *
 * @param {Place} place
 * @param {number} rounds
 * @param {number} steps decoded tokens
 * @returns {Promise<Samples>}
 */
export async function textSuite(place, rounds, steps) {
  note('Text: prompt and decoding');
  const { page: ours } = await openOurs(place);
  const rates = (
    /** @type {number} */ tokens,
    /** @type {{ prompt: number, decode: number }} */ time,
  ) => ({
    prefill: (1000 * tokens) / time.prompt,
    decode: 1000 / time.decode,
  });
  /** @type {Record<string, () => Promise<Record<string, number>>>} */
  const contenders = {
    ours: async () =>
      rates(
        PROMPT,
        await (await front(ours)).evaluate(
          ([n, k]) => window.ours.text(n, k),
          /** @type {const} */ ([PROMPT, steps]),
        ),
      ),
  };
  const pages = [ours];
  if (hasTextPeers(place)) {
    const wllama = await openWllama(place);
    const transformers = await openTransformers(place);
    pages.push(wllama, transformers);
    contenders.wllama = async () => {
      const time = await (await front(wllama)).evaluate(
        ([text, k]) => window.wllama.text(text, k),
        /** @type {const} */ ([freshText(PROMPT), steps]),
      );
      return rates(time.tokens, time);
    };
    contenders.transformersjs = async () =>
      rates(
        PROMPT,
        await (await front(transformers)).evaluate(
          ([n, k]) => window.transformers.text(n, k),
          /** @type {const} */ ([PROMPT, steps]),
        ),
      );
  }
  // The first run of each compiles what it needs.
  await alternate(contenders, 1, () => {});
  const samples = await alternate(contenders, rounds, note);
  for (const page of pages) await page.close();
  return samples;
}

/**
 * Time to the first token of a question behind examples, ours and pictures as tokens: milliseconds by number of
 * examples, named `cold.32` and so on.
 *
 * @param {Place} place
 * @param {number} rounds
 * @param {number[]} shots
 * @returns {Promise<{ samples: Samples, bytes: Record<string, number> }>} `bytes` of
 *   the context with most examples
 */
export async function shotsSuite(place, rounds, shots) {
  note('Examples: time to the first token');
  const { page: ours } = await openOurs(place);
  const patches = await openPatches(place);
  const most = Math.max(...shots);
  /** @type {Samples} */
  const samples = { ours: {}, patches: {} };
  for (const count of shots) {
    note(`  ${count} examples`);
    const at = async (/** @type {'cold' | 'cached' | 'prefix'} */ mode) =>
      (
        await (
          await front(ours)
        ).evaluate(([n, m]) => window.ours.firstToken(n, m), /** @type {const} */ ([count, mode]))
      ).milliseconds;
    const peer = async (/** @type {'cold' | 'prefix'} */ mode) =>
      (
        await (
          await front(patches)
        ).evaluate(
          ([n, m]) => window.patches.firstToken(n, m),
          /** @type {const} */ ([count, mode]),
        )
      ).milliseconds;
    const measured = await alternate(
      {
        ours: async () => ({
          [`cold.${count}`]: await at('cold'),
          [`cached.${count}`]: await at('cached'),
          [`prefix.${count}`]: await at('prefix'),
          [`zero.${count}`]: (
            await (await front(ours)).evaluate(() => window.ours.firstToken(0, 'cold'))
          ).milliseconds,
        }),
        patches: async () => {
          const cold = await peer('cold');
          const decode =
            1000 / (await (await front(patches)).evaluate((k) => window.patches.decode(k), 8));
          return {
            [`cold.${count}`]: cold,
            [`prefix.${count}`]: await peer('prefix'),
            [`decode.${count}`]: decode,
          };
        },
      },
      rounds,
      note,
    );
    Object.assign(samples.ours ?? {}, measured.ours);
    Object.assign(samples.patches ?? {}, measured.patches);
  }
  const bytes = {
    ours: await (await front(ours)).evaluate((n) => window.ours.contextBytes(n), most),
    patches: await (await front(patches)).evaluate((n) => window.patches.contextBytes(n), most),
  };
  await ours.close();
  await patches.close();
  return { samples, bytes };
}

/**
 * A visit with everything stored: seconds until the model is loaded and has given one token.
 *
 * @param {Place} place
 * @param {number} rounds
 * @returns {Promise<Samples>}
 */
export async function loadSuite(place, rounds) {
  note('Load, everything stored');
  /** @type {Record<string, () => Promise<Record<string, number>>>} */
  const contenders = {
    ours: async () => {
      const start = performance.now();
      const { page } = await openOurs(place);
      await page.evaluate(() => window.ours.text(16, 1));
      const seconds = (performance.now() - start) / 1000;
      await page.close();
      return { seconds };
    },
  };
  if (hasTextPeers(place)) {
    contenders.wllama = async () => {
      const start = performance.now();
      const page = await openWllama(place);
      await page.evaluate((text) => window.wllama.text(text, 1), freshText(16));
      const seconds = (performance.now() - start) / 1000;
      await page.close();
      return { seconds };
    };
  }
  await alternate(contenders, 1, () => {});
  return alternate(contenders, rounds, note);
}

/**
 * Decoding against the limit: bytes that a token reads and bytes a second that the device copies.
 *
 * @param {Place} place
 */
export async function bandwidthSuite(place) {
  note('Memory bandwidth');
  const { page, info } = await openOurs(place);
  const bytes = await page.evaluate((n) => window.ours.bytesPerToken(n), PROMPT);
  const perSecond = await page.evaluate((backend) => window.bandwidth[backend](), place.backend);
  await page.close();
  return { bytes, perSecond, info };
}

/**
 * Where the time of one decoded token and of one run of a prompt goes: milliseconds by operation.
 *
 * @param {Place} place
 */
export async function profileSuite(place) {
  note('Profile');
  const { page } = await openOurs(place);
  const step = await page.evaluate((past) => window.ours.profile(past, 1), PROMPT);
  const prompt = await page.evaluate(() => window.ours.profile(1, 64));
  await page.close();
  return step && prompt ? { 'a decoded token': step, '64 prompt tokens': prompt } : {};
}
