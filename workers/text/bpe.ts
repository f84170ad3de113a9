/** Byte-pair encoding: neighbouring tokens are merged, the pair with the lowest rank first, the leftmost of equals. */

/** Two tokens that may be merged; their place in the list is their rank. */
export type Merge = readonly [left: string, right: string];

const PLACES = 2 ** 32;

export class Bpe {
  readonly #ids: ReadonlyMap<string, number>;
  /** Rank of a pair, keyed by both ids. */
  readonly #ranks = new Map<number, number>();
  /** The token that the merge of each rank makes. */
  readonly #made: number[] = [];
  #stride = 1;

  readonly #missing: (character: string) => number[];

  /**
   * @param missing what stands for a character that the vocabulary lacks; nothing, where it is not given
   * @throws {Error} a merge names a token that the vocabulary lacks
   */
  constructor(
    ids: ReadonlyMap<string, number>,
    merges: readonly Merge[],
    missing: (character: string) => number[] = () => [],
  ) {
    this.#ids = ids;
    this.#missing = missing;
    for (const id of ids.values()) this.#stride = Math.max(this.#stride, id + 1);
    const idOf = (token: string) => {
      const id = ids.get(token);
      if (id === undefined)
        throw new Error(`The merges name "${token}", no token of the vocabulary.`);
      return id;
    };
    for (const [rank, [left, right]] of merges.entries()) {
      this.#ranks.set(this.#key(idOf(left), idOf(right)), rank);
      this.#made.push(idOf(left + right));
    }
  }

  #key(left: number, right: number): number {
    return left * this.#stride + right;
  }

  /**
   * Ids of a piece, given as its characters or those of its bytes. A byte that the vocabulary lacks (SmolLM2's has no
   * token for 21 rare ones) is dropped, as Hugging Face does. Time grows with n log n: a page without spaces is one piece.
   */
  encode(characters: readonly string[]): number[] {
    const ids: number[] = [];
    for (const character of characters) {
      const id = this.#ids.get(character);
      if (id !== undefined) ids.push(id);
      else ids.push(...this.#missing(character));
    }
    const end = ids.length;
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const previous = Int32Array.from(ids, (_, i) => i - 1);
    const gone = new Uint8Array(end);
    const waiting = new Heap();

    const rankAt = (place: number) => {
      const after = next[place] as number;
      if (place < 0 || after >= end) return undefined;
      return this.#ranks.get(this.#key(ids[place] as number, ids[after] as number));
    };
    const consider = (place: number) => {
      const rank = rankAt(place);
      if (rank !== undefined) waiting.push(rank * PLACES + place);
    };

    for (let place = 0; place < end; place++) consider(place);
    for (let top = waiting.pop(); top !== undefined; top = waiting.pop()) {
      const place = top % PLACES;
      const made = this.#made[Math.floor(top / PLACES)] as number;
      // What stood here when the merge was noted may have been merged with something else since.
      const rank = gone[place] ? undefined : rankAt(place);
      if (rank === undefined || this.#made[rank] !== made) continue;
      const taken = next[place] as number;
      const after = next[taken] as number;
      ids[place] = made;
      gone[taken] = 1;
      next[place] = after;
      if (after < end) previous[after] = place;
      consider(previous[place] as number);
      consider(place);
    }
    return ids.filter((_, place) => !gone[place]);
  }
}

/** A binary heap of numbers; `pop` gives the smallest. */
class Heap {
  readonly #items: number[] = [];

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((items[parent] as number) <= item) break;
      items[at] = items[parent] as number;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number)) {
        child++;
      }
      if ((items[child] as number) >= last) break;
      items[at] = items[child] as number;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
