/** A language model as a program for the kernels: addresses of its weights, and of the buffers between operations. */
import type { Manifest } from '../manifest.ts';
import type { Arena } from './arena.ts';
import { inputBytes, OPERATIONS, paddedBlocks } from './layout.ts';
import type { Listing, Place, Quantised } from './listing.ts';

/** Rows of one run at most: more than these no longer fit the cache beside the weights. */
export const MOST_ROWS = 64;

const BANNED_LOGIT = -1e9;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** Where a program's inputs and outputs lie. */
export interface Program {
  /** The words of the program. */
  at: number;
  /** f32 [2 * blocks]: the tanh gates as trained, and as they are used. */
  openedGates: number;
  gates: number;
  /** f32 [MOST_ROWS, vocabulary]. */
  logits: number;
}

/** What a program is written for. */
export interface Target {
  manifest: Manifest;
  listing: Listing;
  threads: number;
  /** False leaves the gated blocks out: the plain language model. */
  crossAttention: boolean;
  /** The address of a place in the shards. */
  address: (place: Place) => number;
}

/** Writes the program of a model into the arena. */
export function writeProgram(arena: Arena, target: Target): Program {
  const { manifest, listing, threads, address } = target;
  const { language, crossAttention: cross, resampler } = manifest;
  const { width, heads, kvHeads, headSize, vocabulary, context } = language;
  const words: number[] = [];
  const push = (operation: keyof typeof OPERATIONS, ...args: number[]) =>
    words.push(OPERATIONS[operation], args.length + 2, ...args);

  const plain = new Map(listing.plain.map((weight) => [weight.name, weight]));
  const quantised = new Map(listing.quantised.map((weight) => [weight.name, weight]));
  const find = <T>(map: Map<string, T>, name: string): T => {
    const found = map.get(name);
    if (!found) throw new Error(`The list of weights has no "${name}".`);
    return found;
  };
  const float = (name: string) => address(find(plain, name));
  const weight = (name: string) => find(quantised, name);

  const columns = Math.max(...listing.quantised.map((entry) => entry.columns));
  const rowsOf = (pattern: RegExp) =>
    Math.max(0, ...listing.quantised.flatMap(({ name, rows }) => (pattern.test(name) ? rows : [])));
  const buffer = (numbers: number) => arena.allocate(MOST_ROWS * numbers * FLOAT);
  const x = buffer(width);
  const wide = buffer(Math.max(rowsOf(/^layers\./), rowsOf(/^blocks\./)));
  const normed = buffer(width);
  const picked = buffer(width);
  const logits = buffer(vocabulary);
  const input = arena.allocate(inputBytes(MOST_ROWS, columns));

  const scores =
    cross.media === 'all' ? resampler.latents * context : Math.max(context, resampler.latents);
  const perThread = Math.max(
    columns * 2 + 2 * paddedBlocks(columns) * FLOAT,
    (Math.max(headSize, cross.headSize) + scores + 4) * FLOAT,
  );
  const ownBytes = Math.ceil(perThread / 64) * 64;
  const own = arena.allocate(ownBytes * threads);

  const bits = new DataView(new ArrayBuffer(4));
  const epsilon = (value: number) => {
    bits.setFloat32(0, value);
    return bits.getInt32(0);
  };
  const grouped = (entry: Quantised) => (entry.m ? 1 : 0);
  const linear = (entry: Quantised, out: number, factor: number) => {
    const { columns: k, rows, q, d, m } = entry;
    const offset = m ? address(m) : 0;
    push('linear', input, k, rows, address(q), address(d), offset, out, factor, own, ownBytes);
  };
  const norm = (name: string, bias: number, eps: number, next: Quantised) =>
    push('norm', x, float(name), bias, epsilon(eps), normed, input, width, grouped(next));
  const one = arena.allocate(FLOAT);
  arena.floats(one, 1)[0] = 1;

  const tables = listing.quantised.flatMap((entry) => {
    const [, first] = /^embedding\.(\d+)$/.exec(entry.name) ?? [];
    return first === undefined ? [] : [{ ...entry, first: Number(first) }];
  });
  const known = tables.reduce((sum, { rows }) => sum + rows, 0);
  for (const { first, rows, q, d } of tables) {
    push('embed', x, width, first, rows, address(q), address(d));
  }
  push('embedNew', x, width, known, float('new_tokens'), manifest.tokens.image);

  const blocks = cross.layers.length;
  const gates = arena.allocate(2 * blocks * FLOAT);
  for (let layer = 0; layer < language.layers; layer++) {
    const block = cross.layers.indexOf(layer);
    if (block >= 0 && target.crossAttention) {
      const name = `blocks.${block}`;
      const [toQ, toOut] = [weight(`${name}.attn.to_q`), weight(`${name}.attn.to_out`)];
      const [up, down] = [weight(`${name}.ff.1`), weight(`${name}.ff.3`)];
      const eps = listing.layerEpsilon;
      norm(`${name}.attn.norm.weight`, float(`${name}.attn.norm.bias`), eps, toQ);
      linear(toQ, wide, 0);
      const looked = [cross.heads, cross.headSize, resampler.latents, own, ownBytes];
      push('look', block, wide, ...looked, input, grouped(toOut));
      linear(toOut, x, gates + 2 * block * FLOAT);
      norm(`${name}.ff.0.weight`, float(`${name}.ff.0.bias`), eps, up);
      linear(up, wide, 0);
      push('gelu', wide, up.rows, input, grouped(down));
      linear(down, x, gates + (2 * block + 1) * FLOAT);
    }
    const name = `layers.${layer}`;
    const [qkv, o] = [weight(`${name}.qkv`), weight(`${name}.o`)];
    const [gateUp, down] = [weight(`${name}.gate_up`), weight(`${name}.down`)];
    norm(`${name}.attn_norm`, 0, listing.rmsEpsilon, qkv);
    linear(qkv, wide, 0);
    push('rotate', layer, wide, heads, kvHeads, headSize, float('rope.cos'), float('rope.sin'));
    push('attend', layer, wide, heads, kvHeads, headSize, own, ownBytes, input, grouped(o));
    linear(o, x, one);
    norm(`${name}.ffn_norm`, 0, listing.rmsEpsilon, gateUp);
    linear(gateUp, wide, 0);
    push('swiglu', wide, gateUp.rows / 2, input, grouped(down));
    linear(down, x, one);
  }

  push('pick', x, width, picked);
  const eps = epsilon(listing.rmsEpsilon);
  push('normPicked', picked, float('norm'), eps, normed, input, width);
  for (const { first, rows, q, d } of tables) {
    const out = logits + first * FLOAT;
    push('head', input, width, rows, address(q), address(d), out, vocabulary, own, ownBytes);
  }
  const fresh = vocabulary - known;
  const bias = arena.allocate(fresh * FLOAT);
  for (let i = 0; i < fresh; i++) {
    arena.floats(bias, fresh)[i] = manifest.tokens.banned.includes(known + i) ? BANNED_LOGIT : 0;
  }
  const out = logits + known * FLOAT;
  push('headNew', normed, width, fresh, float('new_head.t'), bias, out, vocabulary);
  push('end');

  const at = arena.allocate(words.length * 4);
  arena.words(at, words.length).set(words);
  return { at, openedGates: float('opened_gates'), gates, logits };
}
