/**
 * KV of the `webgpu` flavour: GPU buffers of full capacity, bound as past and as present of every run, so that the
 * graph writes new rows in place and nothing is copied or allocated while decoding.
 */
import type { Ort, Tensor } from '../ort.ts';
import type { KvRows, KvShape, SessionKv } from './kv.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

export class StaticKv implements SessionKv {
  readonly kind = 'session';
  readonly batch: number;
  readonly capacity: number;
  readonly #ort: Ort;
  readonly #device: GPUDevice;
  readonly #shape: KvShape;
  /** f32 [batch, heads, capacity, headSize] by name without `past.` or `present.`: `0.key`, `0.value`, … */
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #feeds: Record<string, Tensor> = {};
  readonly #fetches: Record<string, Tensor> = {};
  #length = 0;

  constructor(ort: Ort, device: GPUDevice, shape: KvShape, batch: number, capacity: number) {
    this.#ort = ort;
    this.#device = device;
    this.#shape = shape;
    this.batch = batch;
    this.capacity = capacity;
    const dims = [batch, shape.heads, capacity, shape.headSize];
    const size = dims.reduce((product, dim) => product * dim, BYTES);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    for (let layer = 0; layer < shape.layers; layer++) {
      for (const name of [`${layer}.key`, `${layer}.value`]) {
        const buffer = device.createBuffer({ size, usage });
        const tensor = ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims });
        this.#buffers.set(name, buffer);
        this.#feeds[`past.${name}`] = tensor;
        this.#fetches[`present.${name}`] = tensor;
      }
    }
  }

  get length(): number {
    return this.#length;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  feeds(count: number): Record<string, Tensor> {
    const total = this.#length + count;
    const { Tensor } = this.#ort;
    return {
      ...this.#feeds,
      seqlens_k: new Tensor('int32', new Int32Array(this.batch).fill(total - 1), [this.batch]),
      total_length: new Tensor('int32', Int32Array.of(total), [1]),
    };
  }

  fetches(): Record<string, Tensor> {
    return this.#fetches;
  }

  append(_outputs: Readonly<Record<string, Tensor>>, count: number): void {
    this.#length += count;
  }

  fork(batch: number, capacity: number): StaticKv {
    const copy = new StaticKv(this.#ort, this.#device, this.#shape, batch, capacity);
    const encoder = this.#device.createCommandEncoder();
    for (const [name, source] of this.#buffers) {
      const target = copy.#buffers.get(name);
      if (!target) continue;
      for (let row = 0; row < batch; row++) {
        for (let head = 0; head < this.#shape.heads; head++) {
          const bytes = this.#bytes(this.#length);
          const at = this.#offset(0, head, 0);
          encoder.copyBufferToBuffer(source, at, target, copy.#offset(row, head, 0), bytes);
        }
      }
    }
    this.#device.queue.submit([encoder.finish()]);
    copy.#length = this.#length;
    return copy;
  }

  reorder(parents: number[], from: number): void {
    const moved = parents.flatMap((parent, row) => (parent === row ? [] : [{ parent, row }]));
    const tail = this.#bytes(this.#length - from);
    if (moved.length === 0 || tail === 0) return;
    const { heads } = this.#shape;
    // Rows swap places, so all are copied out before any is copied back.
    const scratch = this.#device.createBuffer({
      size: moved.length * heads * tail,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.#device.createCommandEncoder();
    const each = (copy: (at: number, parent: number, row: number, head: number) => void) => {
      for (const [i, { parent, row }] of moved.entries()) {
        for (let head = 0; head < heads; head++) copy((i * heads + head) * tail, parent, row, head);
      }
    };
    for (const buffer of this.#buffers.values()) {
      each((at, parent, _row, head) =>
        encoder.copyBufferToBuffer(buffer, this.#offset(parent, head, from), scratch, at, tail),
      );
      each((at, _parent, row, head) =>
        encoder.copyBufferToBuffer(scratch, at, buffer, this.#offset(row, head, from), tail),
      );
    }
    this.#device.queue.submit([encoder.finish()]);
    scratch.destroy();
  }

  /** One buffer holds the positions of all layers and heads, one after another. */
  copyOut(from: number, to: number): KvRows {
    const part = this.#bytes(to - from);
    const lines = this.batch * this.#shape.heads;
    const size = this.#buffers.size * lines * part;
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const kept = this.#device.createBuffer({ size, usage });
    const each = (
      copy: (encoder: GPUCommandEncoder, buffer: GPUBuffer, line: number, at: number) => void,
    ) => {
      const encoder = this.#device.createCommandEncoder();
      let at = 0;
      for (const buffer of this.#buffers.values()) {
        for (let line = 0; line < lines; line++) {
          copy(encoder, buffer, this.#bytes(line * this.capacity), at);
          at += part;
        }
      }
      this.#device.queue.submit([encoder.finish()]);
    };
    each((encoder, buffer, line, at) =>
      encoder.copyBufferToBuffer(buffer, line + this.#bytes(from), kept, at, part),
    );
    const copyIn = () => {
      const to = this.#bytes(this.#length);
      each((encoder, buffer, line, at) =>
        encoder.copyBufferToBuffer(kept, at, buffer, line + to, part),
      );
      this.#length += part / this.#bytes(1);
    };
    return { bytes: size, copyIn, dispose: () => kept.destroy() };
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
  }

  #bytes(positions: number): number {
    return positions * this.#shape.headSize * BYTES;
  }

  #offset(row: number, head: number, position: number): number {
    return this.#bytes((row * this.#shape.heads + head) * this.capacity + position);
  }
}
