/** How an answer is written, as a person chose it. */
import type { Sampling } from '../../workers/protocol.ts';

export interface Options {
  method: Sampling['method'];
  /** 0.1 to 2. */
  temperature: number;
  /** 0.05 to 1. */
  topP: number;
  /** Null takes the preset's. 1 to 512. */
  maxNewTokens: number | null;
}

export const defaultOptions: Options = {
  method: 'greedy',
  temperature: 0.7,
  topP: 0.9,
  maxNewTokens: null,
};

/** The protocol's sampling. A new seed each time: asking again is meant to give another answer. */
export function toSampling({ method, temperature, topP }: Options, seed: number): Sampling {
  return method === 'sample' ? { method, temperature, topP, seed } : { method };
}
