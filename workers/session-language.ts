/** The language model as a graph of ONNX Runtime. */
import type { Runner } from './chain.ts';
import type { Kv } from './kv/kv.ts';
import type { Language, Step } from './language.ts';
import type { Ort, Tensor } from './ort.ts';

export class SessionLanguage implements Language {
  readonly #ort: Ort;
  readonly #session: Runner;
  readonly #gates: Tensor;

  /** `blocks` is the number of gated blocks, `gates` the factor on their tanh gates. */
  constructor(ort: Ort, session: Runner, blocks: number, gates: number) {
    this.#ort = ort;
    this.#session = session;
    this.#gates = new ort.Tensor('float32', new Float32Array(2 * blocks).fill(gates), [blocks, 2]);
  }

  async argmax(kv: Kv, step: Step): Promise<Int32Array> {
    const { data } = await this.#run(kv, step, 'argmax');
    if (!(data instanceof Int32Array)) throw new Error('The language graph gave no "argmax".');
    return data;
  }

  async logits(kv: Kv, step: Step): Promise<Float32Array[]> {
    const { data } = await this.#run(kv, step, 'logits');
    if (!(data instanceof Float32Array)) throw new Error('The language graph gave no "logits".');
    const vocabulary = data.length / step.positions.length;
    return step.positions.map((_, i) => data.subarray(i * vocabulary, (i + 1) * vocabulary));
  }

  async #run(kv: Kv, step: Step, wanted: 'argmax' | 'logits'): Promise<Tensor> {
    if (kv.kind !== 'session') throw new Error('This KV is not for a graph.');
    const { Tensor } = this.#ort;
    const count = step.ids.length / kv.batch;
    const media = step.media.items.length;
    const outputs = await this.#session.run(
      {
        ids: new Tensor('int32', Int32Array.from(step.ids), [kv.batch, count]),
        media: step.media.joined(),
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
