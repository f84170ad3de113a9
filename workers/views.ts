/** The media of a prompt as the language model takes them: only those that the tokens of a run look at. */
import type { MediaView } from './language.ts';
import { looks } from './looks.ts';
import type { Manifest } from './manifest.ts';
import { mediaDims } from './media.ts';
import type { Memory } from './memory.ts';
import type { Tensor } from './ort.ts';

export class MediaViews {
  readonly #manifest: Manifest;
  readonly #memory: Memory;
  readonly #media: Tensor[];
  readonly #none: Tensor;
  /** The last view of several media, copied into one tensor. */
  #joined: { seen: string; tensor: Tensor } | undefined;

  /** `media` are the items of the prompt in order, `none` stands where there is none. */
  constructor(manifest: Manifest, memory: Memory, media: Tensor[], none: Tensor) {
    this.#manifest = manifest;
    this.#memory = memory;
    this.#media = media;
    this.#none = none;
  }

  /**
   * The media and the mask of tokens; `last` is for each of them the index of the last media at or before it, -1 for
   * none.
   */
  view(last: number[]): { media: MediaView; mask: Float32Array } {
    const { seen, mask } = looks(last, this.#manifest.crossAttention.media);
    const [first = this.#none, ...more] = seen.flatMap((item) => this.#media[item] ?? []);
    const items = [first, ...more];
    const joined = () => (more.length > 0 ? this.#join(items, seen) : first);
    return { media: { items, joined }, mask };
  }

  /** Frees what was copied; the media themselves belong to the cache. */
  dispose(): void {
    if (this.#joined) this.#memory.free(this.#joined.tensor);
    this.#joined = undefined;
  }

  #join(media: Tensor[], items: number[]): Tensor {
    const seen = items.join();
    if (this.#joined?.seen === seen) return this.#joined.tensor;
    this.dispose();
    const tensor = this.#memory.join(media, mediaDims(this.#manifest, media.length));
    this.#joined = { seen, tensor };
    return tensor;
  }
}
