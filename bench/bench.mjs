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
import { result, table } from './results.mjs';

const TINY_MODEL = 'tiny-random';

/** @typedef {import('./results.mjs').Report} Report */

/**
 * @param {import('./options.mjs').Options} options
 * @returns {Promise<Report>}
 */
async function measure({ backend, quick }) {
  const suites = await import('./suites.mjs');
  const { bandwidthSuite, loadSuite, profileSuite, shotsSuite, textSuite } = suites;
  const { serveBench } = await import('./site.mjs');
  const site = await serveBench();
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

    const median = (
      /** @type {import('./suites.mjs').Samples} */ of,
      /** @type {string} */ who,
      /** @type {string} */ what,
    ) => of[who]?.[what]?.median ?? Number.NaN;
    const target = (/** @type {number} */ wasm, /** @type {number} */ webgpu) =>
      software ? undefined : backend === 'wasm' ? wasm : webgpu;
    const results = [];
    const rates = { unit: 'tokens/s', better: /** @type {const} */ ('more') };
    if (text.wllama) {
      for (const [what, least] of /** @type {const} */ ([
        ['decode', target(1.3, 1.5)],
        ['prefill', undefined],
      ])) {
        results.push(
          result(`${what}.wllama`, {
            ours: median(text, 'ours', what),
            peer: median(text, 'wllama', what),
            peerName: 'wllama 3.8.1, text only',
            ...rates,
            target: least,
          }),
        );
      }
      results.push(
        result('decode.transformersjs', {
          ours: median(text, 'ours', 'decode'),
          peer: median(text, 'transformersjs', 'decode'),
          peerName: 'transformers.js 4.3.1, text only',
          ...rates,
          target: target(Number.NaN, 1.5) || undefined,
        }),
      );
    }
    const time = { unit: 'ms', better: /** @type {const} */ ('less') };
    results.push(
      result('ttft.shots32.patches', {
        ours: median(samples, 'ours', 'cold.32'),
        peer: median(samples, 'patches', 'cold.32'),
        peerName: 'pictures as tokens, cold',
        ...time,
        target: target(5, 5),
      }),
      result('ttft.shots32.prefix', {
        ours: median(samples, 'ours', 'prefix.32'),
        peer: median(samples, 'ours', 'zero.32'),
        peerName: 'ours without examples',
        ...time,
        target: target(0.77, 0.77),
      }),
    );
    if (load.wllama) {
      results.push(
        result('load.warm', {
          ours: median(load, 'ours', 'seconds'),
          peer: median(load, 'wllama', 'seconds'),
          peerName: 'wllama 3.8.1, text only',
          unit: 's',
          better: 'less',
        }),
      );
    }
    const megabytes = (/** @type {number | undefined} */ value) => (value ?? Number.NaN) / 1e6;
    results.push(
      result('memory.shots32.patches', {
        ours: megabytes(bytes.ours),
        peer: megabytes(bytes.patches),
        peerName: 'pictures as tokens',
        unit: 'MB of context',
        better: 'less',
      }),
      result('decode.bandwidth', {
        ours: (median(text, 'ours', 'decode') * limit.bytes) / 1e9,
        peer: limit.perSecond / 1e9,
        peerName: 'copy, read and written',
        unit: 'GB/s',
        better: 'more',
      }),
    );
    const { adapter } = limit.info;
    const details = { text: flat(text), shots: flat(samples), load: flat(load) };
    return {
      adapter: software ? `${adapter} (software)` : adapter,
      backend,
      results,
      details,
      profile,
    };
  } finally {
    await browser.close();
    await site.close();
  }
}

/** Samples by `contender.what`. @param {import('./suites.mjs').Samples} samples */
function flat(samples) {
  return Object.fromEntries(
    Object.entries(samples).flatMap(([who, all]) =>
      Object.entries(all).map(([what, value]) => [`${who}.${what}`, value]),
    ),
  );
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
