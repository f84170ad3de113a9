/** Keys and values of the language model's self-attention for the tokens so far. */
import type { Tensor } from '../ort.ts';
import type { KernelKv } from './kernel.ts';

/** The shape of a model's KV. */
export interface KvShape {
  layers: number;
  heads: number;
  headSize: number;
}

/** A copy of some positions. */
export interface KvRows {
  /** What it takes. */
  bytes: number;
  /** Appends the positions to the KV they are from. */
  copyIn(): void;
  dispose(): void;
}

/** `batch` rows of equal length. Positions from `length` on are free, whatever they hold. */
interface Rows {
  readonly batch: number;
  readonly length: number;
  /** Most positions it can hold. */
  readonly capacity: number;
  /** Goes back to a shorter length. */
  truncate(length: number): void;
  /** Row i becomes what row `parents[i]` was; positions before `from` are the same in all rows. */
  reorder(parents: number[], from: number): void;
  /** A copy of positions `from` to `to`. */
  copyOut(from: number, to: number): KvRows;
  dispose(): void;
}

/** KV that a session of ONNX Runtime takes and gives as tensors. */
export interface SessionKv extends Rows {
  readonly kind: 'session';
  /** Inputs of the language graph for a run of `count` new tokens a row. */
  feeds(count: number): Record<string, Tensor>;
  /** Outputs of that run; null where the run is to make the tensor. */
  fetches(): Record<string, Tensor | null>;
  /** Takes up what the run put out: `length` grows by `count`. */
  append(outputs: Readonly<Record<string, Tensor>>, count: number): void;
  /** A copy with `batch` times the one row, and its own capacity. */
  fork(batch: number, capacity: number): SessionKv;
}

export type Kv = SessionKv | KernelKv;
