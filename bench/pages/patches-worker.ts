/**
 * Pictures as tokens, the LLaVA way: the same language model with 64 vectors of each picture in its context, on the
 * same kernels (WASM) or the same runtime (WebGPU) as ours. What makes the vectors is left out, in its favour.
 */
import * as Comlink from 'comlink';
import { openBackend } from '../../workers/backend.ts';
import { Decoder } from '../../workers/kernels/decoder.ts';
import { type Listing, parseListing } from '../../workers/kernels/listing.ts';
import { KernelKv } from '../../workers/kv/kernel.ts';
import { StaticKv } from '../../workers/kv/static.ts';
import type { Manifest } from '../../workers/manifest.ts';
import { type InferenceSession, loadOrt, type Ort, wasmThreads } from '../../workers/ort.ts';
import { parseManifest } from '../../workers/parse-manifest.ts';
import {
  EXAMPLE_TOKENS,
  exampleSeed,
  type FirstToken,
  numbers,
  PATCH_TOKENS,
  QUESTION_TOKENS,
  words,
} from './prompts.ts';

/** Positions of the longest prompt: 33 pictures and their texts. */
const CONTEXT = 2560;
const ROPE = 'rope.bin';

interface Runner {
  manifest: Manifest;
  /** Runs tokens behind the KV's length; ids below 0 are patches, the next ones. Gives the next token. */
  run(ids: number[], patches: Float32Array): Promise<number>;
  truncate(length: number): void;
}

let loaded: Runner | undefined;
let questions = 0;
/** Examples that the KV holds from its beginning on. */
let heldShots = -1;

function runner(): Runner {
  if (!loaded) throw new Error('Load first.');
  return loaded;
}

async function shardsOf(url: string, manifest: Manifest, names: readonly string[]) {
  const blobs = new Map<string, Blob>();
  for (const { path } of manifest.shards.filter((shard) => names.includes(shard.path))) {
    blobs.set(path, await (await fetch(new URL(path, url))).blob());
  }
  return blobs;
}

/** Sines and cosines for more positions than the model ships: f32 [context, size / 2] each. */
function ropeTables(size: number, base: number): Blob {
  const half = size / 2;
  const tables = new Float32Array(2 * CONTEXT * half);
  for (let position = 0; position < CONTEXT; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * base ** ((-2 * i) / size);
      tables[position * half + i] = Math.cos(angle);
      tables[(CONTEXT + position) * half + i] = Math.sin(angle);
    }
  }
  return new Blob([tables]);
}

/** A row [width] a token: the next patch where the id is negative, zeros where a token stands. */
function rowsOf(ids: number[], patches: Float32Array, width: number): Float32Array {
  const rows = new Float32Array(ids.length * width);
  let next = 0;
  for (const [i, id] of ids.entries()) {
    if (id >= 0) continue;
    rows.set(patches.subarray(next * width, (next + 1) * width), i * width);
    next++;
  }
  return rows;
}

async function onKernels(url: string, manifest: Manifest): Promise<Runner> {
  const graph = manifest.graphs.wasm.language;
  if (!graph.kernels) throw new Error('This model has no kernels.');
  const shipped = parseListing(await (await fetch(new URL(graph.kernels.path, url))).json());
  const { headSize, width, vocabulary } = manifest.language;
  const sines = CONTEXT * (headSize / 2) * 4;
  const listing: Listing = {
    ...shipped,
    plain: shipped.plain.map((weight) => {
      if (weight.name === 'rope.cos') return { ...weight, shard: ROPE, offset: 0 };
      if (weight.name === 'rope.sin') return { ...weight, shard: ROPE, offset: sines };
      return weight;
    }),
  };
  const shards = await shardsOf(url, manifest, graph.shards);
  shards.set(ROPE, ropeTables(headSize, 100_000));
  const long = { ...manifest, language: { ...manifest.language, context: CONTEXT } };
  const file = (path: string) => shards.get(path) ?? new Blob();
  const decoder = await Decoder.open(long, listing, file, wasmThreads(), false);
  const { layers, kvHeads: heads } = manifest.language;
  const kv = new KernelKv(decoder.arena, { layers, heads, headSize }, 1, CONTEXT);
  const { image } = manifest.tokens;
  return {
    manifest,
    async run(ids, patches) {
      const rows = rowsOf(ids, patches, width);
      const [logits] = decoder.run(kv, {
        ids: ids.map((id) => (id < 0 ? image : id)),
        media: [],
        mask: new Float32Array(),
        positions: [ids.length - 1],
        gates: 1,
        ...(ids.some((id) => id < 0) ? { patches: rows } : {}),
      });
      kv.grow(ids.length);
      const row = logits ?? new Float32Array(vocabulary);
      return row.indexOf(row.reduce((most, value) => Math.max(most, value), -Infinity));
    },
    truncate: (length) => kv.truncate(length),
  };
}

async function onGpu(url: string, manifest: Manifest, graphUrl: string): Promise<Runner> {
  const backend = await openBackend('webgpu');
  if (backend.flavour !== 'webgpu') throw new Error('There is no WebGPU.');
  const ort: Ort = await loadOrt();
  const shards = await shardsOf(url, manifest, manifest.graphs.webgpu.language.shards);
  const externalData = await Promise.all(
    [...shards].map(async ([path, blob]) => ({
      path,
      data: new Uint8Array(await blob.arrayBuffer()),
    })),
  );
  const bytes = new Uint8Array(await (await fetch(graphUrl)).arrayBuffer());
  const session: InferenceSession = await ort.InferenceSession.create(bytes, {
    executionProviders: [{ name: 'webgpu', device: backend.device }],
    externalData,
  });
  const { layers, kvHeads: heads, headSize, width } = manifest.language;
  const kv = new StaticKv(ort, backend.device, { layers, heads, headSize }, 1, CONTEXT);
  return {
    manifest,
    async run(ids, patches) {
      const rows = rowsOf(ids, patches, width);
      const feeds = {
        ids: new ort.Tensor('int32', Int32Array.from(ids), [1, ids.length]),
        patches: new ort.Tensor('float32', rows, [ids.length, width]),
        ...kv.feeds(ids.length),
      };
      const outputs = await session.run(feeds, { argmax: null, ...kv.fetches() });
      kv.append(outputs, ids.length);
      return Number(outputs.argmax?.data[0]);
    },
    truncate: (length) => kv.truncate(length),
  };
}

/** Ids of a prompt, -1 for patches, and how long it is without the question. */
function prompt(shots: number, question: number): { ids: number[]; prefix: number } {
  const { vocabulary } = runner().manifest.language;
  const { endOfChunk } = runner().manifest.tokens;
  const end = Math.min(endOfChunk, vocabulary - 3);
  const picture = new Array<number>(PATCH_TOKENS).fill(-1);
  const ids = [0];
  for (let i = 0; i < shots; i++) {
    ids.push(...picture, ...words(exampleSeed(i), EXAMPLE_TOKENS, vocabulary), end);
  }
  const prefix = ids.length;
  ids.push(...picture, ...words(question, QUESTION_TOKENS, vocabulary));
  return { ids, prefix };
}

const api = {
  async load(modelUrl: string, backend: 'wasm' | 'webgpu', graphUrl: string): Promise<void> {
    const manifest = parseManifest(await (await fetch(new URL('manifest.json', modelUrl))).json());
    loaded =
      backend === 'wasm'
        ? await onKernels(modelUrl, manifest)
        : await onGpu(modelUrl, manifest, graphUrl);
  },

  /** Time to the first token behind examples; with `prefix` the examples' KV is kept. */
  async firstToken(shots: number, mode: 'cold' | 'prefix'): Promise<FirstToken> {
    const { run, truncate, manifest } = runner();
    const { ids, prefix } = prompt(shots, 5000 + questions++);
    const patches = (from: number, to: number) =>
      numbers(1, ids.slice(from, to).filter((id) => id < 0).length * manifest.language.width);
    const from = mode === 'prefix' ? prefix : 0;
    if (mode === 'cold' || heldShots !== shots) {
      truncate(0);
      if (from > 0) await run(ids.slice(0, from), patches(0, from));
    }
    truncate(from);
    heldShots = shots;
    const vectors = patches(from, ids.length);
    const start = performance.now();
    await run(ids.slice(from), vectors);
    const milliseconds = performance.now() - start;
    return { milliseconds, tokens: ids.length, computed: ids.length - from };
  },

  /** Milliseconds a decoded token behind the prompt that was run last. */
  async decode(steps: number): Promise<number> {
    const start = performance.now();
    let token = 17;
    for (let i = 0; i < steps; i++) token = await runner().run([token], new Float32Array());
    return (performance.now() - start) / steps;
  },

  /** Bytes of KV of a prompt with examples. */
  contextBytes(shots: number): number {
    const { layers, kvHeads, headSize } = runner().manifest.language;
    return prompt(shots, 1).ids.length * 2 * layers * kvHeads * headSize * 4;
  },
};

export type PatchesApi = typeof api;

Comlink.expose(api);
