/** The language model on the CPU by kernels of our own: weights stay as quantised as they are in the shards. */
import type { Manifest } from '../manifest.ts';
import type { Ort, Tensor } from '../ort.ts';
import { Arena } from './arena.ts';
import { HEADER, OPERATIONS } from './layout.ts';
import type { Listing, Place } from './listing.ts';
import { type Pool, startPool } from './pool.ts';
import { MOST_ROWS, type Program, writeProgram } from './program.ts';

/** The KV that a run reads and appends to. */
export interface KvPlace {
  at: number;
  batch: number;
  capacity: number;
  length: number;
}

/** One run over new tokens. */
export interface Run {
  /** [batch, tokens] row by row. */
  ids: readonly number[];
  /** Addresses of media, f32 [2 * blocks, latents, width] each. */
  media: readonly number[];
  /** [batch * tokens, media]: 1 where a token looks at a media. */
  mask: Float32Array;
  /** Flat indices into `ids` whose logits are wanted. */
  positions: readonly number[];
  /** Factor on the tanh gates. */
  gates: number;
  /** f32 [batch * tokens, width]: rows of image tokens take the place of their embedding. */
  patches?: Float32Array;
}

export class Decoder {
  readonly arena: Arena;
  readonly #pool: Pool;
  readonly #program: Program;
  readonly #blocks: number;
  readonly #vocabulary: number;
  readonly #width: number;
  readonly #media = new Map<Tensor, number>();
  /** Where a run's ids, positions, mask, media table and patches lie. */
  #inputs = { at: 0, bytes: 0 };

  private constructor(arena: Arena, pool: Pool, program: Program, manifest: Manifest) {
    this.arena = arena;
    this.#pool = pool;
    this.#program = program;
    this.#blocks = manifest.crossAttention.layers.length;
    this.#vocabulary = manifest.language.vocabulary;
    this.#width = manifest.language.width;
  }

  /**
   * Loads a model.
   *
   * @param shards the shards that the listing names
   * @param threads of the CPU, the caller's one of them
   */
  static async open(
    manifest: Manifest,
    listing: Listing,
    shards: (path: string) => Blob,
    threads: number,
    crossAttention = true,
  ): Promise<Decoder> {
    const pool = await startPool(threads);
    try {
      const arena = new Arena(pool.memory);
      const base = await copyShards(arena, listing, shards);
      const address = ({ shard, offset }: Place) => (base.get(shard) ?? 0) + offset;
      const target = { manifest, listing, threads, crossAttention, address };
      return new Decoder(arena, pool, writeProgram(arena, target), manifest);
    } catch (cause) {
      pool.dispose();
      throw cause;
    }
  }

  /**
   * Runs new tokens and appends them to the KV, whose length the caller moves on.
   *
   * @returns logits f32 [positions, vocabulary], a view that holds until the next run
   */
  run(kv: KvPlace, run: Run): Float32Array[] {
    const { arena } = this;
    const blocks = 2 * this.#blocks;
    const opened = arena.floats(this.#program.openedGates, blocks);
    arena.floats(this.#program.gates, blocks).set(opened.map((gate) => gate * run.gates));
    const tokens = run.ids.length / kv.batch;
    if (kv.batch > 1 && run.ids.length > MOST_ROWS) {
      throw new Error('Several rows of KV take one run of tokens only.');
    }
    const logits: Float32Array[] = [];
    for (let from = 0; from < run.ids.length; from += MOST_ROWS) {
      const to = Math.min(run.ids.length, from + MOST_ROWS);
      const positions = run.positions.filter((at) => at >= from && at < to);
      this.#stage(kv, run, from, to, positions, kv.batch > 1 ? tokens : to - from);
      this.#pool.run();
      const { logits: at } = this.#program;
      for (const [i] of positions.entries()) {
        const row = arena.floats(at + i * this.#vocabulary * 4, this.#vocabulary);
        // The next piece writes over these.
        logits.push(to < run.ids.length ? row.slice() : row);
      }
    }
    return logits;
  }

  /**
   * Runs new tokens, at most `MOST_ROWS`, one operation at a time, and says how long each took: its name, its
   * arguments, milliseconds.
   */
  profile(kv: KvPlace, run: Run): { operation: string; args: number[]; milliseconds: number }[] {
    const { arena } = this;
    this.#stage(kv, run, 0, run.ids.length, [...run.positions], run.ids.length);
    const names = Object.entries(OPERATIONS);
    const alone = arena.allocate(64 * 4);
    arena.words(0, 512)[HEADER.program / 4] = alone;
    const took = [];
    let at = this.#program.at;
    for (;;) {
      const [code = 0, size = 0] = arena.words(at, 2);
      if (code === OPERATIONS.end) break;
      const words = arena.words(at, size).slice();
      arena.words(alone, size + 1).set([...words, OPERATIONS.end]);
      const start = performance.now();
      this.#pool.run();
      const milliseconds = performance.now() - start;
      const operation = names.find(([, number]) => number === code)?.[0] ?? '';
      took.push({ operation, args: Array.from(words.subarray(2)), milliseconds });
      at += size * 4;
    }
    arena.free(alone);
    return took;
  }

  /**
   * Moves a media tensor into the kernels' memory and returns a tensor of no numbers that stands for it. (A view of
   * shared memory would keep a buffer object of each size that the memory ever had.)
   */
  adopt({ Tensor }: Ort, tensor: Tensor): Tensor {
    const at = this.mediaAt(tensor);
    this.#media.delete(tensor);
    const name = new Tensor('float32', new Float32Array(0), [0, ...tensor.dims.slice(1)]);
    this.#media.set(name, at);
    return name;
  }

  /** The address of a media tensor, f32 of any shape; one that was not adopted is copied once. */
  mediaAt(tensor: Tensor): number {
    const known = this.#media.get(tensor);
    if (known !== undefined) return known;
    const { data } = tensor;
    if (!(data instanceof Float32Array)) throw new Error('Media are f32 tensors on the CPU.');
    const at = this.arena.allocate(data.byteLength);
    this.arena.floats(at, data.length).set(data);
    this.#media.set(tensor, at);
    return at;
  }

  /** Frees the memory of a media tensor. */
  forget(tensor: Tensor): void {
    const at = this.#media.get(tensor);
    if (at === undefined) return;
    this.arena.free(at);
    this.#media.delete(tensor);
  }

  /** Ends the threads; the memory goes with the last reference. */
  async release(): Promise<void> {
    this.#pool.dispose();
  }

  /** Writes the inputs of a run of tokens `from` to `to`. */
  #stage(
    kv: KvPlace,
    run: Run,
    from: number,
    to: number,
    positions: number[],
    tokens: number,
  ): void {
    const { arena } = this;
    const rows = to - from;
    const columns = run.media.length;
    const width = run.patches ? this.#width : 0;
    const numbers = rows + positions.length + columns + rows * columns + rows * width;
    const ids = this.#room(numbers * 4);
    const at = ids + rows * 4;
    const table = at + positions.length * 4;
    const mask = table + columns * 4;
    const patches = mask + rows * columns * 4;
    arena.words(ids, rows).set(run.ids.slice(from, to));
    arena.words(at, positions.length).set(positions.map((position) => position - from));
    arena.words(table, columns).set(run.media);
    const seen = run.mask.subarray(from * columns, to * columns);
    arena.floats(mask, seen.length).set(seen);
    if (run.patches) {
      const part = run.patches.subarray(from * width, to * width);
      // 16-byte vectors may lie at any address.
      arena.floats(patches, part.length).set(part);
    }
    const header = arena.words(0, 512);
    const set = (field: keyof typeof HEADER, value: number) => {
      header[HEADER[field] / 4] = value;
    };
    set('program', this.#program.at);
    set('rows', rows);
    set('tokens', tokens);
    set('past', kv.length + (kv.batch > 1 ? 0 : from));
    set('kv', kv.at);
    set('kvCapacity', kv.capacity);
    set('batch', kv.batch);
    set('wanted', positions.length);
    set('positions', at);
    set('ids', ids);
    set('media', columns);
    set('mediaTable', table);
    set('mediaMask', mask);
    set('patches', run.patches ? patches : 0);
  }

  #room(bytes: number): number {
    if (this.#inputs.bytes < bytes) {
      if (this.#inputs.bytes > 0) this.arena.free(this.#inputs.at);
      this.#inputs = { at: this.arena.allocate(bytes), bytes };
    }
    return this.#inputs.at;
  }
}

/** Copies the shards that hold weights of the list; returns their addresses. */
async function copyShards(
  arena: Arena,
  { quantised, plain }: Listing,
  shards: (path: string) => Blob,
): Promise<Map<string, number>> {
  const places: Place[] = [
    ...plain,
    ...quantised.flatMap(({ q, d, m }) => [q, d, ...(m ? [m] : [])]),
  ];
  const base = new Map<string, number>();
  for (const shard of new Set(places.map((place) => place.shard))) {
    const bytes = new Uint8Array(await shards(shard).arrayBuffer());
    // Kernels read a little beyond a row's end.
    const at = arena.allocate(bytes.length + 64);
    arena.bytes(at, bytes.length).set(bytes);
    base.set(shard, at);
  }
  return base;
}
