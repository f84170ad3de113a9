/** The language model with its gated cross-attention: one run over new tokens. */
import type { Kv } from './kv/kv.ts';
import type { Tensor } from './ort.ts';

/** Media of a run, f32 [1, 2 * blocks, latents, width] each; never none. */
export interface MediaView {
  items: Tensor[];
  /** All in one tensor [T, …], valid until another view is joined. */
  joined(): Tensor;
}

/** New tokens, all rows of the KV alike in number. */
export interface Step {
  /** [batch, tokens] row by row. */
  ids: number[];
  /** The media of `mask`'s columns. */
  media: MediaView;
  /** [batch, tokens, T] row by row: 1 where a token looks at a media. */
  mask: Float32Array;
  /** Flat indices into `ids` of the tokens whose successor is asked for. */
  positions: number[];
}

/** A way to run it. Both methods append the tokens to the KV. */
export interface Language {
  /** The likeliest next token at each position. On a GPU this is all that is brought back. */
  argmax(kv: Kv, step: Step): Promise<ArrayLike<number>>;
  /** The logits at each position: f32 [positions, vocabulary], one array each, valid until the next run. */
  logits(kv: Kv, step: Step): Promise<Float32Array[]>;
}
