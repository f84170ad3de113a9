/**
 * The manifest: everything the runtime needs to know of a model. The runtime has no code for one model;
 * another Flamingo is another manifest. Written by `training/export.py`, checked by `parseManifest`.
 */

/** The two ways a graph is made: 4/8-bit weights with in-place KV on the GPU, or weights expanded at load for the CPU. */
export type GraphFlavour = 'webgpu' | 'wasm';

/** A file beside the manifest. `path` is a plain file name, `sha256` 64 lower-case hex digits. */
export interface FileRef {
  path: string;
  bytes: number;
  sha256: string;
}

/** A graph file and the shards its external weights lie in (names from `Manifest.shards`). */
export interface GraphRef extends FileRef {
  shards: string[];
  /** The list of weights that are expanded to fp32 at load (`workers/weights/expand.ts`), or null. */
  expand: FileRef | null;
  /**
   * Where the weights lie for kernels of our own (`workers/kernels/listing.ts`), which then run in place of the graph;
   * null where there are none for this kind of model.
   */
  kernels: FileRef | null;
  /**
   * Of a language model that is too large for one graph: the graphs that go on from its states, one from the
   * other. Each has the KV of its own layers; the last gives the logits.
   */
  next?: GraphRef[];
}

/** At most 16 MB of weights. Frozen parts and trained ones never share a shard. */
export interface ShardRef extends FileRef {
  part: 'language' | 'vision' | 'bridge';
}

/** The prompt of a preset. In `template`, `<image>` stands for the picture and `{name}` for what a person typed. */
export interface PromptTemplate {
  template: string;
  maxNewTokens: number;
}

/** How a picture becomes a square: the whole of it padded, the middle of it, or all of it out of shape. */
export type ResizeMode =
  /** The whole picture, padded; long ones in several tiles. */
  | 'pad'
  /** The short side resized, the middle cut out. Where half a pixel is left over: the upper left one (Hugging Face). */
  | 'crop'
  /** The same with halves rounded to even numbers (torchvision). */
  | 'crop-half-even'
  /** Both sides resized, whatever the shape (IDEFICS). */
  | 'stretch';

/** Filters of Pillow. */
export type ResizeFilter = 'bilinear' | 'bicubic' | 'lanczos';

export interface Manifest {
  format: 'flamingo-web/1';
  name: string;
  title: string;
  tokenizer: FileRef;
  tokens: {
    /** Put once before the first chunk, or null. */
    start: number | null;
    image: number;
    endOfChunk: number;
    /** Ids that are never sampled (the graph gives them a logit of -1e9). */
    banned: number[];
    /**
     * What stands for a media item, which is seen from the token `at` on; `shared`: items side by side share a token,
     * the last of one being the first of the next. Without this it is `image` alone.
     */
    picture?: { ids: number[]; at: number; shared: boolean };
    /** Texts that become one token when they are typed, such as Otter's `<answer>`. */
    markup?: Record<string, number>;
  };
  vision: {
    /** Side of a tile in pixels. */
    size: number;
    maxTiles: number;
    resample: ResizeFilter;
    /** 'pad' where it is not said. */
    resize?: ResizeMode;
    /** Per channel: (value - mean) / std on 0..255. Padding is `mean`, rounded. */
    mean: [number, number, number];
    std: [number, number, number];
    /** Features of a tile lie on a grid x grid square, row by row. */
    grid: number;
    /** Features of a tile where they are not grid x grid: with a class token before them. */
    tokens?: number;
    width: number;
  };
  resampler: {
    latents: number;
    width: number;
    /** Rows of the learned temporal embedding; 0 for a model that takes no clips. */
    temporal: number;
    /** A clip interpolates between the rows, and a picture has none of them; or frame i takes row i, a picture row 0. */
    time?: 'interpolated' | 'indexed';
  };
  language: {
    layers: number;
    width: number;
    heads: number;
    kvHeads: number;
    headSize: number;
    /** Rows of the logits: the frozen vocabulary and the new tokens. */
    vocabulary: number;
    /** Positions that are preallocated for the static KV. */
    context: number;
  };
  crossAttention: {
    /** The decoder layers that have a gated cross-attention block before them. */
    layers: number[];
    heads: number;
    headSize: number;
    media: 'immediate' | 'all';
  };
  graphs: Record<GraphFlavour, Record<'vision' | 'bridge' | 'language', GraphRef>>;
  shards: ShardRef[];
  prompts: Record<string, PromptTemplate>;
  licences: { part: string; source: string; licence: string }[];
}
