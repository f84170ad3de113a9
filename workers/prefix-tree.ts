/** KV of prompts' closed chunks, kept so that a prompt seen before, or the beginning of one, is not computed again. */

/** What is kept of a chunk: it holds only behind the chunks before it. */
export interface Kept {
  bytes: number;
  dispose(): void;
}

interface Node<K> {
  kept: K;
  children: Map<string, Node<K>>;
  /** Larger means used later. */
  used: number;
}

/** A tree of chunks under a budget of bytes; the least recently used branches end first. */
export class PrefixTree<K extends Kept> {
  readonly #budget: number;
  readonly #roots = new Map<string, Node<K>>();
  #bytes = 0;
  #clock = 0;

  /** `budget` is the most bytes that are kept. */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is kept of the first chunks of a path, as far as it is known. */
  find(path: readonly string[]): K[] {
    const nodes = this.#walk(path);
    this.#touch(nodes);
    return nodes.map((node) => node.kept);
  }

  /** Keeps what `make` gives for each chunk of a path that is not known yet. */
  keep(path: readonly string[], make: (chunk: number) => K): void {
    const nodes = this.#walk(path);
    for (const [i, key] of path.entries()) {
      if (i < nodes.length) continue;
      const kept = make(i);
      const node: Node<K> = { kept, children: new Map(), used: 0 };
      (nodes.at(-1)?.children ?? this.#roots).set(key, node);
      nodes.push(node);
      this.#bytes += kept.bytes;
    }
    this.#touch(nodes);
    while (this.#bytes > this.#budget) this.#dropOldest();
  }

  clear(): void {
    while (this.#bytes > 0) this.#dropOldest();
  }

  #walk(path: readonly string[]): Node<K>[] {
    const nodes: Node<K>[] = [];
    let children = this.#roots;
    for (const key of path) {
      const node = children.get(key);
      if (!node) break;
      nodes.push(node);
      children = node.children;
    }
    return nodes;
  }

  /** A chunk is older than those before it, so that branches end from their tips. */
  #touch(nodes: Node<K>[]): void {
    for (const node of nodes.toReversed()) node.used = ++this.#clock;
  }

  #dropOldest(): void {
    let oldest = { key: '', used: Number.POSITIVE_INFINITY, siblings: this.#roots };
    const visit = (siblings: Map<string, Node<K>>) => {
      for (const [key, { used, children }] of siblings) {
        if (children.size > 0) visit(children);
        else if (used < oldest.used) oldest = { key, used, siblings };
      }
    };
    visit(this.#roots);
    const node = oldest.siblings.get(oldest.key);
    if (!node) return;
    oldest.siblings.delete(oldest.key);
    this.#bytes -= node.kept.bytes;
    node.kept.dispose();
  }
}
