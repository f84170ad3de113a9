/** The contenders on pages of one browser. */
import { DEFAULT_MODEL } from '../tools/ask/model.mjs';
import { note } from '../tools/project.mjs';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('playwright-core').BrowserContext} Context
 * @typedef {object} Place
 * @property {Context} context pages of one context share the browser's storage
 * @property {string} url of the bench's site
 * @property {'webgpu' | 'wasm'} backend
 * @property {string} model the folder in `public/models`
 */

/**
 * Opens a page of the bench.
 *
 * @param {Place} place
 * @param {string} path
 * @returns {Promise<Page>}
 */
async function open({ context, url }, path) {
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  page.on('pageerror', (error) => note(`${path}: ${error}`));
  await page.goto(new URL(`bench/pages/${path}`, url).href);
  await page.waitForLoadState('load');
  return page;
}

const modelUrl = (/** @type {Place} */ { url, model }) =>
  new URL(`public/models/${model}/`, url).href;

/**
 * A page with our model loaded.
 *
 * @param {Place} place
 */
export async function openOurs(place) {
  const page = await open(place, 'page.html#ours');
  await page.waitForFunction(() => 'ours' in window);
  const info = await page.evaluate(
    ([at, backend]) => window.ours.load(at, backend),
    /** @type {const} */ ([modelUrl(place), place.backend]),
  );
  return { page, info };
}

/**
 * A page with pictures as tokens loaded.
 *
 * @param {Place} place
 */
export async function openPatches(place) {
  const page = await open(place, 'page.html#patches');
  await page.waitForFunction(() => 'patches' in window);
  const graph = new URL(`.cache/bench/patches-${place.model}.onnx`, place.url).href;
  await page.evaluate(
    ([at, backend, file]) => window.patches.load(at, backend, file),
    /** @type {const} */ ([modelUrl(place), place.backend, graph]),
  );
  return page;
}

/**
 * A page with wllama and the GGUF loaded.
 *
 * @param {Place} place
 */
export async function openWllama(place) {
  const page = await open(place, 'wllama.html');
  await page.waitForFunction(() => 'wllama' in window);
  const file = new URL('.cache/bench/model.gguf', place.url).href;
  await page.evaluate(
    ([at, backend]) => window.wllama.load(at, backend),
    /** @type {const} */ ([file, place.backend]),
  );
  return page;
}

/**
 * A page with transformers.js and its layout of the weights loaded.
 *
 * @param {Place} place
 */
export async function openTransformers(place) {
  const page = await open(place, 'transformers.html');
  await page.waitForFunction(() => 'transformers' in window);
  const folder = new URL(`.cache/bench/text-${place.backend}`, place.url).href;
  const wasm = new URL('bench/node_modules/onnxruntime-web/dist/', place.url).href;
  await page.evaluate(
    ([at, backend, files]) => window.transformers.load(at, backend, files),
    /** @type {const} */ ([folder, place.backend, wasm]),
  );
  return page;
}

/** True where the peers that are text only have weights to compare with: they are the default model's. */
export const hasTextPeers = (/** @type {Place} */ { model }) => model === DEFAULT_MODEL;

let prompts = 0;

/**
 * Words that no prompt before began with, so that nothing of it is kept anywhere; about one token each.
 *
 * @param {number} tokens
 */
export function freshText(tokens) {
  const words = ['river', 'stone', 'light', 'green', 'house', 'music', 'paper', 'cloud', 'table'];
  const start = prompts++;
  return Array.from(
    { length: tokens },
    (_, i) => words[(start + i * (start + 2)) % words.length],
  ).join(' ');
}
