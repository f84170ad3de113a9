/** What the bench finds on its pages. The peers' own pages are plain JavaScript, since their types are not installed. */
import type * as Comlink from 'comlink';
import type { OursApi } from './ours-worker.ts';
import type { PatchesApi } from './patches-worker.ts';

export interface WllamaPage {
  /** Loads the GGUF, out of the browser's storage where it is; milliseconds. */
  load(url: string, backend: 'wasm' | 'webgpu'): Promise<number>;
  /** Tokens of a prompt, and milliseconds of all of them and of each decoded token behind. */
  text(prompt: string, steps: number): Promise<{ tokens: number; prompt: number; decode: number }>;
}

export interface TransformersPage {
  /** Loads a folder of the site; `wasmPath` is where ONNX Runtime's own files lie. */
  load(folder: string, backend: 'wasm' | 'webgpu', wasmPath: string): Promise<void>;
  /** Milliseconds of a prompt, and of each decoded token behind it. */
  text(promptTokens: number, steps: number): Promise<{ prompt: number; decode: number }>;
}

declare global {
  interface Window {
    ours: Comlink.Remote<OursApi>;
    patches: Comlink.Remote<PatchesApi>;
    wllama: WllamaPage;
    transformers: TransformersPage;
    /** Bytes a second of a copy, read and written. */
    bandwidth: Record<'wasm' | 'webgpu', () => Promise<number>>;
  }
}
