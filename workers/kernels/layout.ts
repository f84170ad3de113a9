/** What `assembly/` and the page agree on: addresses of the header, numbers of the operations. */

/** Addresses of 32-bit fields; what they mean stands in `assembly/run.ts`. */
export const HEADER = {
  threads: 256,
  program: 260,
  rows: 264,
  tokens: 268,
  past: 272,
  kv: 276,
  kvCapacity: 280,
  batch: 284,
  wanted: 288,
  positions: 292,
  ids: 296,
  media: 300,
  mediaTable: 304,
  mediaMask: 308,
  patches: 312,
} as const;

/** Operations; their arguments are those of `operate` in `assembly/index.ts`. */
export const OPERATIONS = {
  end: 0,
  embed: 1,
  embedNew: 2,
  norm: 3,
  linear: 4,
  rotate: 5,
  attend: 6,
  look: 7,
  swiglu: 8,
  gelu: 9,
  pick: 10,
  normPicked: 11,
  head: 12,
  headNew: 13,
} as const;

/** Memory below this is the header's and the module's own. */
export const FIRST_FREE = 65536;

/** Weights, and inputs of linear layers, are scaled in blocks of this many columns. */
export const BLOCK = 32;

/** Bytes of an input of a linear layer (`assembly/activations.ts`). */
export function inputBytes(rows: number, columns: number): number {
  return rows * (columns * 2 + 2 * paddedBlocks(columns) * 4);
}

/** Blocks of a row, up to a multiple of four. */
export function paddedBlocks(columns: number): number {
  return Math.ceil(columns / BLOCK / 4) * 4;
}
