/** A model that is loaded. */
import type { Backend } from './backend.ts';
import { Decoder } from './kernels/decoder.ts';
import { KernelLanguage } from './kernels/language.ts';
import { MOST_ROWS } from './kernels/program.ts';
import { KernelKv } from './kv/kernel.ts';
import type { Kv, KvRows } from './kv/kv.ts';
import { StackedKv } from './kv/stacked.ts';
import { StaticKv } from './kv/static.ts';
import type { Language } from './language.ts';
import type { Manifest } from './manifest.ts';
import { MediaCache, mediaDims } from './media.ts';
import { type Memory, openMemory } from './memory.ts';
import type { Ort, Tensor } from './ort.ts';
import { type Held, nothingHeld } from './prefix.ts';
import { PrefixTree } from './prefix-tree.ts';
import { SessionLanguage } from './session-language.ts';
import { releaseSessions, type Sessions } from './sessions.ts';
import type { Tokenizer } from './text/tokenizer.ts';

/** About 2,900 tokens of the default model. */
const KEPT_BYTES = 128 * 2 ** 20;

export class Model {
  readonly ort: Ort;
  readonly backend: Backend;
  readonly manifest: Manifest;
  readonly tokenizer: Tokenizer;
  readonly sessions: Sessions;
  readonly memory: Memory;
  readonly media: MediaCache;
  /** Stands for media where a prompt has none. */
  readonly noMedia: Tensor;
  /** The prompt's KV, kept from request to request, and the tokens it holds. */
  readonly kv: Kv;
  held: Held = nothingHeld(1);
  /** KV of closed chunks of this prompt and earlier ones. */
  readonly kept = new PrefixTree<KvRows>(KEPT_BYTES);

  constructor(
    ort: Ort,
    backend: Backend,
    manifest: Manifest,
    tokenizer: Tokenizer,
    sessions: Sessions,
  ) {
    this.ort = ort;
    this.backend = backend;
    this.manifest = manifest;
    this.tokenizer = tokenizer;
    this.sessions = sessions;
    const kernels = sessions.language instanceof Decoder ? sessions.language : null;
    this.memory = openMemory(ort, backend, kernels);
    this.media = new MediaCache(ort, manifest, sessions, this.memory);
    const dims = mediaDims(manifest, 1);
    const zeros = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
    this.noMedia = new ort.Tensor('float32', zeros, dims);
    const { layers, kvHeads: heads, headSize, context } = manifest.language;
    const shape = { layers, heads, headSize };
    this.kv = kernels
      ? new KernelKv(kernels.arena, shape, 1, context)
      : backend.flavour === 'webgpu'
        ? new StaticKv(ort, backend.device, shape, 1, context)
        : new StackedKv(ort, shape, 1, context);
  }

  /** Most tokens of a run: fewer cost time, more would let a person wait who stops it. */
  get runTokens(): number {
    return this.sessions.language instanceof Decoder ? MOST_ROWS : 256;
  }

  /** The language model with a factor on its tanh gates. */
  language(gates: number): Language {
    const { language } = this.sessions;
    return language instanceof Decoder
      ? new KernelLanguage(language, gates)
      : new SessionLanguage(this.ort, language, this.manifest.crossAttention.layers.length, gates);
  }

  /** Frees sessions, KV and media, and leaves the device to others. The model cannot be used any more. */
  async close(): Promise<void> {
    this.media.clear();
    this.kept.clear();
    this.kv.dispose();
    await releaseSessions(this.sessions);
  }

  /** Frees all, the GPU device too. */
  async dispose(): Promise<void> {
    await this.close();
    if (this.backend.flavour === 'webgpu') this.backend.device.destroy();
  }
}
