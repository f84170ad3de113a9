/**
 * `npm run bench [-- --backend webgpu|wasm] [--quick] [--json FILE] [--docs]`: ours and its peers in one Chromium, in
 * turn, on the same adapter. Targets count on WASM, and on WebGPU with a real GPU; on an emulated one the tiny model
 * runs and only reports.
 */
import { writeFileSync } from 'node:fs';
import { DEFAULT_MODEL } from '../tools/ask/model.mjs';
import { launch } from '../tools/chromium.mjs';
import { command, ensureInstalled } from '../tools/project.mjs';
import { writeDocs } from './docs.mjs';
import { readOptions } from './options.mjs';
import { preparePeers } from './peers.mjs';
import { makeReport } from './report.mjs';
import { table } from './results.mjs';

const TINY_MODEL = 'tiny-random';

/** @typedef {import('./results.mjs').Report} Report */

/**
 * @param {import('./options.mjs').Options} options
 * @returns {Promise<Report>}
 */
async function measure({ backend, quick }) {
  const suites = await import('./suites.mjs');
  const { bandwidthSuite, loadSuite, profileSuite, shotsSuite, textSuite } = suites;
  const { serveSources } = await import('../tools/sources.mjs');
  const site = await serveSources();
  const browser = await launch(backend === 'wasm' ? 'none' : 'hardware');
  try {
    const context = await browser.newContext();
    const software = backend === 'webgpu' && (await isSoftware(context, site.url));
    const model = software ? TINY_MODEL : DEFAULT_MODEL;
    /** @type {import('./contenders.mjs').Place} */
    const place = { context, url: site.url, backend, model };
    const shots = quick ? [0, 32] : [0, 1, 4, 8, 16, 32];
    const rounds = quick ? 3 : 7;

    const text = await textSuite(place, rounds, quick ? 16 : 48);
    const { samples, bytes } = await shotsSuite(place, quick ? 1 : 3, shots);
    const load = await loadSuite(place, rounds === 7 ? 5 : 3);
    const limit = await bandwidthSuite(place);
    const profile = await profileSuite(place);

    return makeReport({ backend, software, text, samples, bytes, load, limit, profile });
  } finally {
    await browser.close();
    await site.close();
  }
}

/**
 * True where WebGPU is emulated on the CPU.
 *
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} url
 */
async function isSoftware(context, url) {
  const page = await context.newPage();
  await page.goto(new URL('bench/pages/wllama.html', url).href);
  const software = await page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('The browser gives no WebGPU adapter: use --backend wasm.');
    const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
    const words = `${vendor} ${architecture} ${description}`;
    return isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software/i.test(words);
  });
  await page.close();
  return software;
}

await command(async () => {
  const options = readOptions(process.argv.slice(2));
  await ensureInstalled();
  await preparePeers();
  const report = await measure(options);
  process.stdout.write(`\n${report.backend} on ${report.adapter}\n\n${table(report)}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  if (options.docs) writeDocs(report);
  return 0;
});
