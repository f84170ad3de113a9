/** Several measurements of one thing. */

/**
 * @typedef {object} Sample
 * @property {number} median
 * @property {number} spread half the distance of the quartiles, as a share of the median
 * @property {number} runs
 */

/**
 * @param {number[]} values at least one
 * @returns {Sample}
 */
export function sample(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ share) => {
    const place = share * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? Number.NaN;
    const high = sorted[Math.ceil(place)] ?? Number.NaN;
    return low + (high - low) * (place - Math.floor(place));
  };
  const median = at(0.5);
  return { median, spread: (at(0.75) - at(0.25)) / 2 / median, runs: values.length };
}

/**
 * Runs contenders in turn, several rounds, so that what disturbs the machine disturbs all of them. The order turns
 * around from round to round.
 *
 * @template {string} K
 * @param {Record<K, () => Promise<Record<string, number>>>} contenders each gives named numbers
 * @param {number} rounds
 * @param {(line: string) => void} note
 * @returns {Promise<Record<K, Record<string, Sample>>>}
 */
export async function alternate(contenders, rounds, note) {
  /** @type {Map<string, Map<string, number[]>>} */
  const seen = new Map();
  const names = /** @type {K[]} */ (Object.keys(contenders));
  for (let round = 0; round < rounds; round++) {
    note(`  round ${round + 1} of ${rounds}`);
    for (const name of round % 2 ? names.toReversed() : names) {
      const measured = await contenders[name]();
      const lists = seen.get(name) ?? new Map();
      seen.set(name, lists);
      for (const [key, value] of Object.entries(measured)) {
        lists.set(key, [...(lists.get(key) ?? []), value]);
      }
    }
  }
  const entries = names.map((name) => {
    const lists = [...(seen.get(name) ?? [])];
    return [name, Object.fromEntries(lists.map(([key, values]) => [key, sample(values)]))];
  });
  return /** @type {Record<K, Record<string, Sample>>} */ (Object.fromEntries(entries));
}
