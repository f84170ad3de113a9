/** The one ONNX Runtime of the worker. */
import type * as OrtModule from 'onnxruntime-web/jspi';
import { Failure } from './failure.ts';

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
 * The build with JSPI where the browser has it (16.8 MB), else the one with asyncify (26.8 MB, packed to a quarter).
 * Both have the native WebGPU provider and the CPU provider.
 *
 * @throws {Failure} `offline` when it cannot be fetched; the next call tries again
 */
export function loadOrt(): Promise<Ort> {
  loaded ??= importOrt().catch((cause: unknown) => {
    loaded = undefined;
    throw new Failure(
      'offline',
      'The part of the page that computes could not be fetched: check the network connection, then load again.',
      { cause, retryable: true },
    );
  });
  return loaded;
}

async function importOrt(): Promise<Ort> {
  if ('Suspending' in WebAssembly) return prepared(await import('onnxruntime-web/jspi'));
  const ort: Ort = await import('onnxruntime-web/webgpu');
  const { default: url } = await import('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url');
  ort.env.wasm.wasmBinary = await unpacked(await fetch(url));
  return prepared(ort);
}

function prepared(ort: Ort): Ort {
  ort.env.wasm.numThreads = wasmThreads();
  return ort;
}

/** The build packs what some hosts find too large (`tools/build/plugin.ts`); a host may unpack it on the way. */
async function unpacked(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}.`);
  const bytes = await response.arrayBuffer();
  const isGzip = new DataView(bytes).getUint16(0) === 0x1f8b;
  if (!isGzip) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}
