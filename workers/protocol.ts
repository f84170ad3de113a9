/**
 * What crosses the boundary between page and worker. Every call answers with a `Result`: Comlink would
 * keep only the message of a thrown error, and a person needs to be told what to do next.
 */
import type { Manifest } from './manifest.ts';

export type Segment =
  | { type: 'text'; text: string }
  | { type: 'image'; blob: Blob }
  /** The frames of one clip, in order: one media item. */
  | { type: 'frames'; blobs: Blob[] };

/** A closed chunk when it stands among the examples; the open chunk when it is the question. */
export type Chunk = Segment[];

export type ErrorCode =
  | 'no-webgpu'
  | 'no-adapter'
  | 'device-lost'
  | 'out-of-memory'
  | 'bad-manifest'
  | 'http'
  | 'offline'
  | 'hash-mismatch'
  | 'quota'
  | 'image-decode'
  | 'image-too-large'
  | 'prompt-too-long'
  | 'prompt-empty'
  | 'not-loaded'
  | 'cancelled'
  | 'worker-died'
  | 'internal';

/** `message` is a sentence for a person: what happened and what to do. `detail` is for a bug report. */
export interface FlamingoError {
  code: ErrorCode;
  message: string;
  detail?: string;
  retryable: boolean;
}

export type Result<T> = { ok: true; value: T } | { ok: false; error: FlamingoError };

/** What a person asks for (`?backend=`), and what they got. */
export type BackendChoice = 'auto' | 'webgpu' | 'wasm';

export interface BackendInfo {
  backend: 'webgpu' | 'wasm';
  /** Adapter vendor and architecture, or the number of WASM threads. */
  adapter: string;
  /** True for a GPU that is emulated on the CPU (SwiftShader, Lavapipe). */
  software: boolean;
  /** Set when WASM was taken although WebGPU was not ruled out by the person: why, in a sentence. */
  notice?: string;
}

export interface LoadRequest {
  /** URL of the folder that holds `manifest.json`, absolute or relative to the page; ends with a slash. */
  modelUrl: string;
  backend: BackendChoice;
  /** Prints ONNX Runtime's log on the console, which says where each node runs. */
  verbose?: boolean;
}

export type LoadProgress =
  /** Bytes are over all files of the model; `file` is the one that moved. */
  | {
      stage: 'download';
      file: string;
      source: 'network' | 'cache';
      loaded: number;
      total: number;
      bytesPerSecond: number;
    }
  | { stage: 'compile'; graph: 'vision' | 'bridge' | 'language'; done: number; total: number }
  | { stage: 'warm-up' }
  | { stage: 'ready' };

export interface LoadedModel {
  manifest: Manifest;
  backend: BackendInfo;
  milliseconds: number;
}

export interface Sampling {
  /** 'greedy' takes the argmax on the device; 'beam' keeps three hypotheses (length penalty 0). */
  method: 'greedy' | 'sample' | 'beam';
  /** For 'sample' only. */
  temperature?: number;
  topP?: number;
  seed?: number;
}

export interface Prompt {
  examples: Chunk[];
  prompt: Chunk;
}

export interface GenerateRequest extends Prompt {
  /** Chosen by the caller; `cancel(id)` ends this request within one token. */
  id: string;
  maxNewTokens: number;
  sampling?: Sampling;
  /** Factor on the tanh gates of every block, 1 by default; 0 is the plain language model. */
  gates?: number;
}

/** Milliseconds by stage. `encode` is 0 for pictures seen before; `prefillTokens` counts only what was recomputed. */
export interface Timings {
  encode: number;
  prefill: number;
  decode: number;
  firstToken: number;
  total: number;
  promptTokens: number;
  prefillTokens: number;
  newTokens: number;
  media: number;
  mediaEncoded: number;
}

export type GenerateEvent =
  | { type: 'stage'; stage: 'encode' | 'prefill' | 'decode'; done: number; total: number }
  /** `text` is the whole answer so far (bytes of a character may arrive in two tokens). */
  | { type: 'token'; token: number; text: string };

export interface Generation {
  text: string;
  tokens: number[];
  /** Why it ended. A stopped answer keeps what was written. */
  end: 'end-of-chunk' | 'length' | 'cancelled';
  timings: Timings;
}

export interface RankRequest extends Prompt {
  id: string;
  candidates: string[];
  gates?: number;
}

export interface Ranking {
  /** Best mean log-probability first. Each candidate is joined by one space and scored with its end-of-chunk token. */
  ranking: { text: string; logprob: number; meanLogprob: number }[];
  timings: Timings;
}

/** The worker's interface, as Comlink exposes it. `onProgress` and `onEvent` come wrapped in `Comlink.proxy`. */
export interface FlamingoApi {
  load(
    request: LoadRequest,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Result<LoadedModel>>;
  generate(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
  ): Promise<Result<Generation>>;
  rank(request: RankRequest, onEvent: (event: GenerateEvent) => void): Promise<Result<Ranking>>;
  /** Ends a running or queued request; unknown ids are ignored. */
  cancel(id: string): void;
  /** Frees sessions, KV and GPU buffers. A later `load` starts anew. */
  release(): Promise<Result<null>>;
}
