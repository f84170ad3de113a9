/** Where the time of a request goes. */
import type { Timings } from './protocol.ts';

/** Collects the timings of one request; it starts when it is made. */
export class Stopwatch {
  readonly #start = performance.now();
  readonly #timings: Timings = {
    encode: 0,
    prefill: 0,
    decode: 0,
    firstToken: 0,
    total: 0,
    promptTokens: 0,
    prefillTokens: 0,
    newTokens: 0,
    media: 0,
    mediaEncoded: 0,
  };

  /** Adds the milliseconds that `work` takes, also when it fails. */
  async time<T>(stage: 'encode' | 'prefill' | 'decode', work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#timings[stage] += performance.now() - start;
    }
  }

  /** Adds to a count. */
  count(what: 'promptTokens' | 'prefillTokens' | 'media' | 'mediaEncoded', more: number): void {
    this.#timings[what] += more;
  }

  /** The answer has `count` tokens now. */
  token(count: number): void {
    this.#timings.newTokens = count;
    this.#timings.firstToken ||= performance.now() - this.#start;
  }

  /** The timings so far. */
  read(): Timings {
    return { ...this.#timings, total: performance.now() - this.#start };
  }
}
