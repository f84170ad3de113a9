/** Sampling with temperature from the smallest set of tokens that has a probability of `topP` (nucleus sampling). */
import { normaliser } from './logits.ts';

/** Tokens that are exp(-30) times as likely as the best are not sorted: 50,000 of them weigh less than 1e-8. */
const NEGLIGIBLE = 30;

/**
 * A chooser whose choices are the same for the same seed and the same logits.
 *
 * @param temperature above 0; 1 is the model's own distribution
 * @param topP from 0 to 1; the likeliest token is always in the set
 */
export function sampler(
  temperature: number,
  topP: number,
  seed: number,
): (logits: Float32Array) => number {
  const random = mulberry32(seed);
  return (logits) => {
    const scaled = logits.map((logit) => logit / temperature);
    const norm = normaliser(scaled);
    const best = scaled.reduce((a, b) => Math.max(a, b));
    const candidates = Array.from(scaled.keys())
      .filter((token) => (scaled[token] ?? 0) > best - NEGLIGIBLE)
      .sort((a, b) => (scaled[b] ?? 0) - (scaled[a] ?? 0));
    const probabilities = candidates.map((token) => Math.exp((scaled[token] ?? 0) - norm));
    const nucleus = countUntil(probabilities, topP);
    const mass = probabilities.slice(0, nucleus).reduce((a, b) => a + b);
    const chosen = countUntil(probabilities.slice(0, nucleus), random() * mass);
    return candidates[chosen - 1] ?? 0;
  };
}

/** How many of the first values it takes to reach `sum`: at least one, at most all. */
function countUntil(values: number[], sum: number): number {
  let reached = 0;
  const index = values.findIndex((value) => {
    reached += value;
    return reached >= sum;
  });
  return index === -1 ? values.length : index + 1;
}

/** A small generator of even numbers in [0, 1) (Tommy Ettinger's Mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
