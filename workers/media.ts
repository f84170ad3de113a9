/** Keys and values of pictures: each picture goes through the encoder and the resampler once, then is kept. */
import type { Manifest } from './manifest.ts';
import type { Memory } from './memory.ts';
import type { Ort, Tensor } from './ort.ts';
import type { MediaSource } from './prompt.ts';
import type { Sessions } from './sessions.ts';
import { type MediaInput, preprocess } from './vision/preprocess.ts';
import { featuresOf } from './vision/tiles.ts';
import { sha256 } from './weights/verify.ts';

/** About a hundred pictures of the default model (2.6 MB each). */
const BUDGET_BYTES = 256 * 2 ** 20;

/** f32 [T, 2 * blocks, latents, width] of the media of a model. */
export function mediaDims({ crossAttention, resampler }: Manifest, count: number): number[] {
  const { layers, heads, headSize } = crossAttention;
  return [count, 2 * layers.length, resampler.latents, heads * headSize];
}

/** What a picture is known by: its bytes, or those of the frames of a clip. */
export async function mediaKey(source: MediaSource): Promise<string> {
  if (source.type === 'image') return sha256(source.blob);
  return `clip ${(await Promise.all(source.blobs.map(sha256))).join(' ')}`;
}

export class MediaCache {
  readonly #ort: Ort;
  readonly #manifest: Manifest;
  readonly #sessions: Sessions;
  readonly #memory: Memory;
  readonly #budget: number;
  /** Least recently used first. */
  readonly #kept = new Map<string, Tensor>();

  /** `budget` is the most bytes that `prune` leaves. */
  constructor(
    ort: Ort,
    manifest: Manifest,
    sessions: Sessions,
    memory: Memory,
    budget = BUDGET_BYTES,
  ) {
    this.#budget = budget;
    this.#ort = ort;
    this.#manifest = manifest;
    this.#sessions = sessions;
    this.#memory = memory;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  /**
   * The keys and values of a picture, f32 [1, 2 * blocks, latents, width]. It stays valid until `prune` or `clear`.
   *
   * @throws {Failure} `image-decode` or `image-too-large`
   */
  async get(key: string, source: MediaSource): Promise<Tensor> {
    const media = this.#kept.get(key) ?? (await this.#encode(source));
    this.#kept.delete(key);
    this.#kept.set(key, media);
    return media;
  }

  /** Frees the least recently used until the rest fits the budget. */
  prune(): void {
    const bytes = mediaDims(this.#manifest, 1).reduce(
      (product, dim) => product * dim,
      Float32Array.BYTES_PER_ELEMENT,
    );
    for (const [key, media] of this.#kept) {
      if (this.#kept.size * bytes <= this.#budget) return;
      this.#memory.free(media);
      this.#kept.delete(key);
    }
  }

  clear(): void {
    for (const media of this.#kept.values()) this.#memory.free(media);
    this.#kept.clear();
  }

  async #encode(source: MediaSource): Promise<Tensor> {
    const { vision, resampler } = this.#manifest;
    const media = await this.encode(await preprocess(source, vision, resampler));
    // So that the time of a picture is counted as its own, and not as that of the prompt.
    await this.#memory.settled();
    return media;
  }

  /** Encoder and resampler over tiles that are prepared already; the caller frees the result. */
  async encode(input: MediaInput): Promise<Tensor> {
    const { vision } = this.#manifest;
    const features = await this.#run(
      'vision',
      {
        pixels: new this.#ort.Tensor('float32', input.pixels, [
          input.tiles,
          3,
          vision.size,
          vision.size,
        ]),
      },
      'features',
      [input.tiles, featuresOf(vision), vision.width],
    );
    try {
      return await this.resample(features, input);
    } finally {
      this.#memory.free(features);
    }
  }

  /** The resampler over features f32 [tiles, cells, width]; the caller frees the result. */
  async resample(features: Tensor, input: Omit<MediaInput, 'pixels'>): Promise<Tensor> {
    const { vision, resampler } = this.#manifest;
    const { tiles, frames, grid, time } = input;
    const { Tensor } = this.#ort;
    const perFrame = (tiles / frames) * featuresOf(vision);
    // Some bridges learned no places or no times, and have no such input.
    const has = (name: string) => this.#sessions.bridge.inputNames.includes(name);
    const media = await this.#run(
      'bridge',
      {
        features: features.reshape([frames, perFrame, vision.width]),
        ...(has('grid') && { grid: new Tensor('float32', grid, [perFrame, vision.grid ** 2]) }),
        ...(has('time') && { time: new Tensor('float32', time, [frames, resampler.temporal]) }),
      },
      'media',
      mediaDims(this.#manifest, 1),
    );
    return this.#memory.adopt(media);
  }

  async #run(
    graph: 'vision' | 'bridge',
    feeds: Record<string, Tensor>,
    output: string,
    dims: number[],
  ): Promise<Tensor> {
    const target = this.#memory.output(dims);
    const outputs = await this.#sessions[graph].run(feeds, { [output]: target });
    const tensor = target ?? outputs[output];
    if (!tensor) throw new Error(`The ${graph} graph gave no "${output}".`);
    return tensor;
  }
}
