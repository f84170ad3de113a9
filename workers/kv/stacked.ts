/**
 * KV of the `wasm` flavour. A run copies every input and output, so KV is one tensor with time first: new rows are
 * added at the end, and going back is a shorter view.
 */
import type { Ort, Tensor } from '../ort.ts';
import type { KvRows, KvShape, SessionKv } from './kv.ts';

/** Positions that are allocated at first; doubled when they are full. */
const FIRST_POSITIONS = 128;

export class StackedKv implements SessionKv {
  readonly kind = 'session';
  readonly batch: number;
  readonly capacity: number;
  readonly #ort: Ort;
  readonly #shape: KvShape;
  /** Numbers of one head of one row of one layer's keys or values, of such a row, and of a whole position. */
  readonly #line: number;
  readonly #position: number;
  /** f32 [positions, 2 * layers, batch, heads, headSize] */
  #data: Float32Array<ArrayBuffer>;
  #length = 0;

  constructor(ort: Ort, shape: KvShape, batch: number, capacity: number) {
    this.#ort = ort;
    this.#shape = shape;
    this.batch = batch;
    this.capacity = capacity;
    this.#line = shape.heads * shape.headSize;
    this.#position = 2 * shape.layers * batch * this.#line;
    this.#data = new Float32Array(Math.min(FIRST_POSITIONS, capacity) * this.#position);
  }

  get length(): number {
    return this.#length;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  feeds(): Record<string, Tensor> {
    const { layers, heads, headSize } = this.#shape;
    const { Tensor } = this.#ort;
    const past = this.#data.subarray(0, this.#length * this.#position);
    return {
      past: new Tensor('float32', past, [this.#length, 2 * layers, this.batch, heads, headSize]),
      pad: new Tensor('int32', new Int32Array(this.batch), [this.batch]),
    };
  }

  fetches(): Record<string, null> {
    return { present: null };
  }

  append(outputs: Readonly<Record<string, Tensor>>, count: number): void {
    const present = outputs.present?.data;
    if (!(present instanceof Float32Array))
      throw new Error('The language graph gave no "present".');
    this.#grow(this.#length + count);
    this.#data.set(present, this.#length * this.#position);
    this.#length += count;
  }

  fork(batch: number, capacity: number): StackedKv {
    const copy = new StackedKv(this.#ort, this.#shape, batch, capacity);
    copy.#grow(this.#length);
    const lines = this.#length * 2 * this.#shape.layers;
    for (let i = 0; i < lines; i++) {
      const line = this.#data.subarray(i * this.#line, (i + 1) * this.#line);
      for (let row = 0; row < batch; row++) copy.#data.set(line, (i * batch + row) * this.#line);
    }
    copy.#length = this.#length;
    return copy;
  }

  reorder(parents: number[], from: number): void {
    const size = this.batch * this.#line;
    for (let at = from * this.#position; at < this.#length * this.#position; at += size) {
      const before = this.#data.slice(at, at + size);
      for (const [row, parent] of parents.entries()) {
        const line = before.subarray(parent * this.#line, (parent + 1) * this.#line);
        this.#data.set(line, at + row * this.#line);
      }
    }
  }

  copyOut(from: number, to: number): KvRows {
    const data = this.#data.slice(from * this.#position, to * this.#position);
    const copyIn = () => {
      this.#grow(this.#length + to - from);
      this.#data.set(data, this.#length * this.#position);
      this.#length += to - from;
    };
    return { bytes: data.byteLength, copyIn, dispose: () => {} };
  }

  dispose(): void {
    this.#data = new Float32Array(0);
    this.#length = 0;
  }

  #grow(positions: number): void {
    const have = this.#data.length / this.#position;
    if (positions <= have) return;
    const wanted = Math.min(this.capacity, Math.max(positions, 2 * have));
    const data = new Float32Array(wanted * this.#position);
    data.set(this.#data.subarray(0, this.#length * this.#position));
    this.#data = data;
  }
}
