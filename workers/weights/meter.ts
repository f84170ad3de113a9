/** Counts the bytes of a load for its progress. */
import type { LoadProgress } from '../protocol.ts';

/** The rate is that of the last seconds, so that it follows the network and not the past. */
const WINDOW_MS = 3000;

export class Meter {
  readonly #total: number;
  readonly #report: (progress: LoadProgress) => void;
  readonly #now: () => number;
  #loaded = 0;
  /** Network bytes so far at times in the window, oldest first. */
  #samples: { time: number; bytes: number }[] = [];
  #network = 0;

  /** `total` is the bytes of all files of the load; `now` gives milliseconds. */
  constructor(
    total: number,
    report: (progress: LoadProgress) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#total = total;
    this.#report = report;
    this.#now = now;
  }

  /** `bytes` more of a file have come; negative when some have to come again. */
  add(file: string, source: 'network' | 'cache', bytes: number): void {
    this.#loaded += bytes;
    if (source === 'network') this.#network += Math.max(0, bytes);
    const time = this.#now();
    this.#samples.push({ time, bytes: this.#network });
    this.#samples = this.#samples.filter((sample) => sample.time >= time - WINDOW_MS);
    this.#report({
      stage: 'download',
      file,
      source,
      loaded: this.#loaded,
      total: this.#total,
      bytesPerSecond: this.#rate(),
    });
  }

  #rate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.time === first.time) return 0;
    return ((last.bytes - first.bytes) / (last.time - first.time)) * 1000;
  }
}
