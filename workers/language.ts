/** The language model with its gated cross-attention: one run over new tokens. */
import type { Kv } from './kv/kv.ts';
import type { InferenceSession, Ort, Tensor } from './ort.ts';

/** New tokens, all rows of the KV alike in number. */
export interface Step {
  /** [batch, tokens] row by row. */
  ids: number[];
  /** f32 [T, 2 * blocks, latents, width]: the media of `mask`'s columns. */
  media: Tensor;
  /** [batch, tokens, T] row by row: 1 where a token looks at a media. */
  mask: Float32Array;
  /** Flat indices into `ids` of the tokens whose successor is asked for. */
  positions: number[];
}

export class Language {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #gates: Tensor;

  /** `blocks` is the number of gated blocks, `gates` the factor on their tanh gates. */
  constructor(ort: Ort, session: InferenceSession, blocks: number, gates: number) {
    this.#ort = ort;
    this.#session = session;
    this.#gates = new ort.Tensor('float32', new Float32Array(2 * blocks).fill(gates), [blocks, 2]);
  }

  /** The likeliest next token at each position. On a GPU this is all that is brought back. */
  async argmax(kv: Kv, step: Step): Promise<Int32Array> {
    const { data } = await this.#run(kv, step, 'argmax');
    if (!(data instanceof Int32Array)) throw new Error('The language graph gave no "argmax".');
    return data;
  }

  /** The logits at each position: f32 [positions, vocabulary], one array each. */
  async logits(kv: Kv, step: Step): Promise<Float32Array[]> {
    const { data } = await this.#run(kv, step, 'logits');
    if (!(data instanceof Float32Array)) throw new Error('The language graph gave no "logits".');
    const vocabulary = data.length / step.positions.length;
    return step.positions.map((_, i) => data.subarray(i * vocabulary, (i + 1) * vocabulary));
  }

  async #run(kv: Kv, step: Step, wanted: 'argmax' | 'logits'): Promise<Tensor> {
    const { Tensor } = this.#ort;
    const count = step.ids.length / kv.batch;
    const media = step.media.dims[0] ?? 0;
    const outputs = await this.#session.run(
      {
        ids: new Tensor('int32', Int32Array.from(step.ids), [kv.batch, count]),
        media: step.media,
        media_mask: new Tensor('float32', step.mask, [kv.batch, count, media]),
        gates: this.#gates,
        positions: new Tensor('int32', Int32Array.from(step.positions), [step.positions.length]),
        ...kv.feeds(count),
      },
      { [wanted]: null, ...kv.fetches() },
    );
    kv.append(outputs, count);
    const result = outputs[wanted];
    if (!result) throw new Error(`The language graph gave no "${wanted}".`);
    return result;
  }
}
