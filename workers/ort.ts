/** The one ONNX Runtime of the worker. */
import type * as OrtModule from 'onnxruntime-web/jspi';

export type Ort = typeof OrtModule;
export type { InferenceSession, Tensor } from 'onnxruntime-web/jspi';

/** More threads than this only wait for each other in a model of this size. */
const MAX_THREADS = 8;

let loaded: Promise<Ort> | undefined;

/** Threads WASM gets here: needs SharedArrayBuffer, which a page has only when it is cross-origin isolated. */
export function wasmThreads(): number {
  return self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
}

/**
 * The build with JSPI where the browser has it (16.8 MB), else the one with asyncify (26.8 MB). Both have the native
 * WebGPU provider and the CPU provider.
 */
export function loadOrt(): Promise<Ort> {
  loaded ??= importOrt();
  return loaded;
}

async function importOrt(): Promise<Ort> {
  const ort: Ort =
    'Suspending' in WebAssembly
      ? await import('onnxruntime-web/jspi')
      : await import('onnxruntime-web/webgpu');
  ort.env.wasm.numThreads = wasmThreads();
  return ort;
}
