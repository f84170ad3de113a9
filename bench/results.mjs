/** The results as they are published. */

/** @typedef {import('./statistics.mjs').Sample} Sample */

/**
 * @typedef {object} Result one line: a ratio above 1 means that ours is better
 * @property {string} name
 * @property {number} ours
 * @property {number} peer
 * @property {string} peerName
 * @property {string} unit
 * @property {number} ratio
 * @property {number} [target] the least ratio; only where it counts
 */

/**
 * @typedef {object} Report
 * @property {string} adapter
 * @property {'webgpu' | 'wasm'} backend
 * @property {Result[]} results
 * @property {Record<string, Record<string, Sample>>} details what was measured, with its spread
 * @property {Record<string, Record<string, number>>} profile milliseconds by operation, of what the key names
 */

const round = (/** @type {number} */ value) => Number(value.toPrecision(4));

/**
 * @param {string} name
 * @param {{ ours: number, peer: number, peerName: string, unit: string, better: 'more' | 'less', target?: number | undefined }} values
 * @returns {Result}
 */
export function result(name, { ours, peer, peerName, unit, better, target }) {
  const ratio = better === 'more' ? ours / peer : peer / ours;
  return {
    name,
    ours: round(ours),
    peer: round(peer),
    peerName,
    unit,
    ratio: round(ratio),
    ...(target === undefined ? {} : { target }),
  };
}

/**
 * The results as a Markdown table.
 *
 * @param {Report} report
 */
export function table({ results }) {
  const rows = results.map(({ name, ours, peer, peerName, unit, ratio, target }) => {
    const verdict = target === undefined ? '' : `${target} ${ratio >= target ? 'met' : 'MISSED'}`;
    return [name, `${ours} ${unit}`, `${peer} ${unit}`, peerName, `${ratio}`, verdict];
  });
  const header = ['result', 'ours', 'peer', 'which peer', 'ratio', 'target'];
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
