/** The language model on kernels of our own. */
import type { Kv } from '../kv/kv.ts';
import type { Language, Step } from '../language.ts';
import type { Decoder } from './decoder.ts';

export class KernelLanguage implements Language {
  readonly #decoder: Decoder;
  readonly #gates: number;

  /** `gates` is the factor on the tanh gates. */
  constructor(decoder: Decoder, gates: number) {
    this.#decoder = decoder;
    this.#gates = gates;
  }

  async argmax(kv: Kv, step: Step): Promise<number[]> {
    return (await this.logits(kv, step)).map(likeliest);
  }

  async logits(kv: Kv, { ids, media, mask, positions }: Step): Promise<Float32Array[]> {
    if (kv.kind !== 'kernel') throw new Error('This KV is not for kernels.');
    const places = media.items.map((tensor) => this.#decoder.mediaAt(tensor));
    const run = { ids, media: places, mask, positions, gates: this.#gates };
    const logits = this.#decoder.run(kv, run);
    kv.grow(ids.length / kv.batch);
    return logits;
  }
}

/** The first of the largest. */
function likeliest(logits: Float32Array): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] as number;
    if (logit > most) {
      most = logit;
      best = i;
    }
  }
  return best;
}
