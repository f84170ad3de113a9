/** Pieces of a WebAssembly memory. */
import { FIRST_FREE } from './layout.ts';

const PAGE = 65536;
/** A cache line, so that threads do not write to the same one. */
const ALIGNMENT = 64;
/** Pages of the largest memory that is asked for, 1 GB: browsers set address space aside for it. */
export const MOST_PAGES = 16384;

interface Hole {
  at: number;
  bytes: number;
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #sizes = new Map<number, number>();
  /** Free pieces below `#end`, by address. */
  #holes: Hole[] = [];
  #end = FIRST_FREE;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  /** Bytes that are given out. */
  get used(): number {
    return [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * The address of a new piece, with whatever it held before.
   *
   * @throws {RangeError} the browser gives no more memory
   */
  allocate(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    const hole = this.#holes.find((free) => free.bytes >= size);
    let at = this.#end;
    if (hole) {
      at = hole.at;
      hole.at += size;
      hole.bytes -= size;
      this.#holes = this.#holes.filter((free) => free.bytes > 0);
    } else {
      this.#end += size;
      const missing = this.#end - this.memory.buffer.byteLength;
      if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    }
    this.#sizes.set(at, size);
    return at;
  }

  /** Gives a piece back. */
  free(at: number): void {
    const bytes = this.#sizes.get(at);
    if (bytes === undefined) throw new Error('This piece of memory was not given out.');
    this.#sizes.delete(at);
    const holes = [...this.#holes, { at, bytes }].sort((a, b) => a.at - b.at);
    this.#holes = [];
    for (const hole of holes) {
      const last = this.#holes.at(-1);
      if (last && last.at + last.bytes === hole.at) last.bytes += hole.bytes;
      else this.#holes.push(hole);
    }
  }

  /** Views hold only until the next `allocate`, which may replace the buffer. */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length);
  }

  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length);
  }

  words(at: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, length);
  }
}
