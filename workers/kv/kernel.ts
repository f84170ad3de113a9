/**
 * KV of the kernels on the CPU: full capacity in their memory, new rows written in place. Memory that was never
 * written costs nothing, since the system gives it only then.
 */
import type { Arena } from '../kernels/arena.ts';
import type { KvPlace } from '../kernels/decoder.ts';
import type { KvRows, KvShape } from './kv.ts';

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

export class KernelKv implements KvPlace {
  readonly kind = 'kernel';
  readonly batch: number;
  readonly capacity: number;
  /** f32 [2 * layers, batch, capacity, heads * headSize]. */
  readonly at: number;
  readonly #arena: Arena;
  readonly #shape: KvShape;
  #length = 0;

  constructor(arena: Arena, shape: KvShape, batch: number, capacity: number) {
    this.#arena = arena;
    this.#shape = shape;
    this.batch = batch;
    this.capacity = capacity;
    this.at = arena.allocate(this.#lines * capacity * this.#width * FLOAT);
  }

  get length(): number {
    return this.#length;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** `count` positions were written behind the last. */
  grow(count: number): void {
    this.#length += count;
  }

  fork(batch: number, capacity: number): KernelKv {
    const copy = new KernelKv(this.#arena, this.#shape, batch, capacity);
    for (let plane = 0; plane < 2 * this.#shape.layers; plane++) {
      const source = this.#line(plane * this.batch, 0, this.#length);
      for (let row = 0; row < batch; row++)
        copy.#line(plane * batch + row, 0, this.#length).set(source);
    }
    copy.#length = this.#length;
    return copy;
  }

  reorder(parents: number[], from: number): void {
    const count = this.#length - from;
    for (let plane = 0; plane < 2 * this.#shape.layers; plane++) {
      const before = parents.map((parent) =>
        this.#line(plane * this.batch + parent, from, count).slice(),
      );
      for (const [row, data] of before.entries()) {
        this.#line(plane * this.batch + row, from, count).set(data);
      }
    }
  }

  copyOut(from: number, to: number): KvRows {
    const size = (to - from) * this.#width;
    const data = new Float32Array(this.#lines * size);
    for (let line = 0; line < this.#lines; line++) {
      data.set(this.#line(line, from, to - from), line * size);
    }
    const copyIn = () => {
      for (let line = 0; line < this.#lines; line++) {
        this.#line(line, this.#length, to - from).set(
          data.subarray(line * size, (line + 1) * size),
        );
      }
      this.#length += to - from;
    };
    return { bytes: data.byteLength, copyIn, dispose: () => {} };
  }

  dispose(): void {
    this.#arena.free(this.at);
  }

  get #lines(): number {
    return 2 * this.#shape.layers * this.batch;
  }

  get #width(): number {
    return this.#shape.heads * this.#shape.headSize;
  }

  /** Positions of one row of the batch of one layer's keys or values. */
  #line(line: number, from: number, count: number): Float32Array {
    const at = this.at + (line * this.capacity + from) * this.#width * FLOAT;
    return this.#arena.floats(at, count * this.#width);
  }
}
