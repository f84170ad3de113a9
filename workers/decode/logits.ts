/** Probabilities out of logits, in double precision. */

/** The largest logit and the logarithm of the sum of exponentials above it: log p(i) = logits[i] - max - logSum. */
export function normaliser(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > max) max = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - max);
  return max + Math.log(sum);
}

/** The log-probability of one token. */
export function logProbability(logits: Float32Array, token: number): number {
  return (logits[token] ?? Number.NEGATIVE_INFINITY) - normaliser(logits);
}

/** The `count` likeliest tokens, best first; equal ones in the order of their ids. */
export function top(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  const worse = (token: number, logit: number) => (logits[token] ?? 0) < logit;
  for (const [token, logit] of logits.entries()) {
    const last = best.at(-1);
    if (best.length === count && last !== undefined && !worse(last, logit)) continue;
    const place = best.findIndex((other) => worse(other, logit));
    best.splice(place === -1 ? best.length : place, 0, token);
    best.length = Math.min(best.length, count);
  }
  return best;
}
