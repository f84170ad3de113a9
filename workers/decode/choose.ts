/** How the next token of a single answer is chosen. */
import type { Sampling } from '../protocol.ts';
import { sampler } from './sample.ts';

/** Greedy needs the argmax of the device only; sampling needs the logits. */
export type Chooser =
  | { from: 'argmax' }
  | { from: 'logits'; choose: (logits: Float32Array) => number };

const DEFAULT_TEMPERATURE = 0.7;
const DEFAULT_TOP_P = 0.9;

/** The chooser of a request that is not beam search. A temperature of 0 is greedy. */
export function chooser({ method, temperature, topP, seed }: Sampling): Chooser {
  const heat = temperature ?? DEFAULT_TEMPERATURE;
  if (method !== 'sample' || heat <= 0) return { from: 'argmax' };
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return { from: 'logits', choose: sampler(heat, topP ?? DEFAULT_TOP_P, seed ?? random) };
}
