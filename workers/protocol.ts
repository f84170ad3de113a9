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
  /** A run that gave no sign for minutes. */
  | 'hung'
  /** The device computes other values than it should. */
  | 'self-check'
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
  /**
   * Files of a folder that a person opened, by name: the model is read from them, nothing is fetched or stored, and
   * `modelUrl` does not count.
   */
  files?: Readonly<Record<string, File>>;
  backend: BackendChoice;
  /**
   * Folder of a small model whose values are known (`workers/self-check.ts`): a GPU computes them at its first load,
   * and one that gets them wrong is refused. Without it nothing is checked.
   */
  selfCheckUrl?: string;
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
  /** Nothing moves: the network is tried again after a pause, or another tab downloads this file. */
  | {
      stage: 'waiting';
      reason: 'offline' | 'unreachable' | 'other-tab';
      file: string;
      /** Length of the pause; null where nobody knows. */
      milliseconds: number | null;
    }
  /** The browser will not keep the files: a sentence for the person. */
  | { stage: 'storage'; message: string }
  | { stage: 'compile'; graph: 'vision' | 'bridge' | 'language'; done: number; total: number }
  | { stage: 'warm-up' }
  /** First load on this device: known values are computed with each graph and compared. */
  | { stage: 'self-check' }
  | { stage: 'ready' };

export interface LoadedModel {
  manifest: Manifest;
  backend: BackendInfo;
  milliseconds: number;
  /** Why the files are not kept for the next visit, in a sentence; null when they are. */
  storage: string | null;
}

/** A model whose manifest lies in the browser's storage. Bytes of a shard that two models share count for both. */
export interface StoredModel {
  /** The folder it was loaded from; its name to the calls below. */
  url: string;
  title: string;
  /** Bytes that are stored, finished or not. */
  bytes: number;
  /** True when it can be loaded without a network on at least one backend. */
  complete: boolean;
}

export interface StorageReport {
  models: StoredModel[];
  /** Bytes that no stored model needs. */
  unused: number;
  /** What the browser says of this site as a whole; null where it does not say. */
  usage: number | null;
  quota: number | null;
  /** Why nothing is stored, in a sentence, or null. */
  trouble: string | null;
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
  /** Ends a running load and all requests, then frees sessions, KV and GPU buffers. A later `load` starts anew. */
  release(): Promise<Result<null>>;
  /** What is stored. */
  stored(): Promise<Result<StorageReport>>;
  /** Reads all files of a stored model; damaged ones are deleted. Answers their names. */
  verifyStored(url: string): Promise<Result<string[]>>;
  /** Deletes a stored model but for what others share with it; null deletes what no model needs. */
  deleteStored(url: string | null): Promise<Result<null>>;
}
