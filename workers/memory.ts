/** Where tensors live between runs: in GPU buffers of ours, or in plain arrays. */
import type { Backend } from './backend.ts';
import type { Ort, Tensor } from './ort.ts';

export interface Memory {
  /** An f32 tensor for a run to write into; null where the run makes one itself. */
  output(dims: number[]): Tensor | null;
  /** f32 tensors of equal size, one after the other in a new tensor of `dims`. */
  join(tensors: Tensor[], dims: number[]): Tensor;
  /** A tensor that a run made, moved to where the language model reads it. */
  adopt(tensor: Tensor): Tensor;
  /** Frees a tensor that came from here. */
  free(tensor: Tensor): void;
  /** Resolves when the device has done all it was given: a run on a GPU ends before its work does. */
  settled(): Promise<void>;
}

/** Who has memory of their own for what plain arrays hold. */
export interface Keeper {
  adopt(ort: Ort, tensor: Tensor): Tensor;
  forget(tensor: Tensor): void;
}

/** The memory of a backend; `keeper` takes over what is adopted on the CPU. */
export function openMemory(ort: Ort, backend: Backend, keeper: Keeper | null): Memory {
  return backend.flavour === 'webgpu'
    ? new GpuMemory(ort, backend.device)
    : new CpuMemory(ort, keeper);
}

class GpuMemory implements Memory {
  readonly #ort: Ort;
  readonly #device: GPUDevice;
  readonly #buffers = new WeakMap<Tensor, GPUBuffer>();

  constructor(ort: Ort, device: GPUDevice) {
    this.#ort = ort;
    this.#device = device;
  }

  output(dims: number[]): Tensor {
    const size = dims.reduce((product, dim) => product * dim, Float32Array.BYTES_PER_ELEMENT);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ size, usage });
    const tensor = this.#ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims });
    this.#buffers.set(tensor, buffer);
    return tensor;
  }

  join(tensors: Tensor[], dims: number[]): Tensor {
    const joined = this.output(dims);
    const target = this.#buffer(joined);
    const encoder = this.#device.createCommandEncoder();
    for (const [i, tensor] of tensors.entries()) {
      const source = this.#buffer(tensor);
      encoder.copyBufferToBuffer(source, 0, target, i * source.size, source.size);
    }
    this.#device.queue.submit([encoder.finish()]);
    return joined;
  }

  adopt(tensor: Tensor): Tensor {
    return tensor;
  }

  free(tensor: Tensor): void {
    this.#buffer(tensor).destroy();
  }

  settled(): Promise<void> {
    return this.#device.queue.onSubmittedWorkDone();
  }

  #buffer(tensor: Tensor): GPUBuffer {
    const buffer = this.#buffers.get(tensor);
    if (!buffer) throw new Error('This tensor does not lie in GPU memory of ours.');
    return buffer;
  }
}

class CpuMemory implements Memory {
  readonly #ort: Ort;
  readonly #keeper: Keeper | null;

  constructor(ort: Ort, keeper: Keeper | null) {
    this.#ort = ort;
    this.#keeper = keeper;
  }

  output(): null {
    return null;
  }

  join(tensors: Tensor[], dims: number[]): Tensor {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const joined = new Float32Array(size);
    for (const [i, { data }] of tensors.entries()) {
      if (!(data instanceof Float32Array)) throw new Error('Only f32 tensors are joined.');
      joined.set(data, i * data.length);
    }
    return new this.#ort.Tensor('float32', joined, dims);
  }

  adopt(tensor: Tensor): Tensor {
    return this.#keeper?.adopt(this.#ort, tensor) ?? tensor;
  }

  free(tensor: Tensor): void {
    // Plain arrays are the garbage collector's.
    this.#keeper?.forget(tensor);
  }

  async settled(): Promise<void> {}
}
