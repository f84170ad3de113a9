/** What a model needs of a GPU or of memory, computed from its manifest alone before anything is downloaded. */
import type { Manifest } from '../../workers/manifest.ts';
import type { BackendChoice } from '../../workers/protocol.ts';

/** Of a GPU: how large one buffer may be, as its adapter says. */
export interface GpuLimits {
  maxBufferSize: number;
  maxStorageBufferBindingSize: number;
}

/** Bytes. */
export interface Needs {
  gpu: number;
  /** The largest single buffer on the GPU. */
  largestBuffer: number;
  wasm: number;
}

export type Fit =
  /** `where` is the place that the model will most likely run. */
  | { fits: true; where: 'gpu' | 'wasm'; bytes: number }
  | { fits: false; where: 'gpu'; needs: number; allows: number }
  | { fits: false; where: 'wasm'; needs: number; allows: number };

/** Addresses of WebAssembly end here. */
export const WASM_HEAP = 2 ** 32;

/** Weights on the GPU against their files: scales are unfolded (computed, not measured: `docs/models.md` at 4 bits). */
const UNFOLDED = 1.2;
/** 32 bits for the 5 of a weight and its scale: what the CPU's graphs expand at most. */
const EXPANDED = 6.4;
/** A weight is cut so that its pieces, numbers and scales together, are no larger than two shards. */
const SHARDS_A_PIECE = 2;

/** What the model takes. Keys and values are counted at full context. */
export function needsOf(manifest: Manifest): Needs {
  const { language, crossAttention, resampler, shards, graphs } = manifest;
  const files = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const keys = 4 * language.context * language.kvHeads * language.headSize;
  const kv = 2 * language.layers * keys;
  const { layers, heads, headSize } = crossAttention;
  const picture = 4 * 2 * layers.length * resampler.latents * heads * headSize;
  const piece = SHARDS_A_PIECE * Math.max(...shards.map(({ bytes }) => bytes));
  const { kernels, expand } = graphs.wasm.language;
  return {
    gpu: UNFOLDED * files + kv,
    largestBuffer: Math.max(piece, keys, picture, 4 * language.vocabulary),
    wasm: (kernels || !expand ? files : EXPANDED * files) + kv,
  };
}

/** Where the model will run, and whether it fits there. `gpu` is null where there is none. */
export function fitOf(manifest: Manifest, backend: BackendChoice, gpu: GpuLimits | null): Fit {
  const needs = needsOf(manifest);
  if (backend !== 'wasm' && gpu) {
    const allows = Math.min(gpu.maxBufferSize, gpu.maxStorageBufferBindingSize);
    return needs.largestBuffer <= allows
      ? { fits: true, where: 'gpu', bytes: needs.gpu }
      : { fits: false, where: 'gpu', needs: needs.largestBuffer, allows };
  }
  return needs.wasm <= WASM_HEAP
    ? { fits: true, where: 'wasm', bytes: needs.wasm }
    : { fits: false, where: 'wasm', needs: needs.wasm, allows: WASM_HEAP };
}
