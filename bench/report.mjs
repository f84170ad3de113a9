/** From what the suites measured to the report that is published. */
import { result } from './results.mjs';

/**
 * @typedef {object} Measured
 * @property {'webgpu' | 'wasm'} backend
 * @property {boolean} software WebGPU is emulated: no targets count
 * @property {import('./suites.mjs').Samples} text tokens a second
 * @property {import('./suites.mjs').Samples} samples milliseconds to the first token
 * @property {Record<string, number>} bytes of the context with 32 examples
 * @property {import('./suites.mjs').Samples} load seconds
 * @property {{ bytes: number, perSecond: number, info: { adapter: string } }} limit
 * @property {Record<string, Record<string, number>>} profile
 */

/**
 * @param {Measured} measured
 * @returns {import('./results.mjs').Report}
 */
export function makeReport({ backend, software, text, samples, bytes, load, limit, profile }) {
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
}

/** Samples by `contender.what`. @param {import('./suites.mjs').Samples} samples */
function flat(samples) {
  return Object.fromEntries(
    Object.entries(samples).flatMap(([who, all]) =>
      Object.entries(all).map(([what, value]) => [`${who}.${what}`, value]),
    ),
  );
}
