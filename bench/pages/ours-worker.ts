/** Our runtime, measured from within: prompts of random tokens, features of pictures ready. */
import * as Comlink from 'comlink';
import { Decoder } from '../../workers/kernels/decoder.ts';
import { parseListing } from '../../workers/kernels/listing.ts';
import { loadModel } from '../../workers/load.ts';
import type { Model } from '../../workers/model.ts';
import type { Tensor } from '../../workers/ort.ts';
import { prefill } from '../../workers/prefill.ts';
import { nothingHeld } from '../../workers/prefix.ts';
import type { Prepared, Task } from '../../workers/prepare.ts';
import type { BackendInfo } from '../../workers/protocol.ts';
import { Stopwatch } from '../../workers/timings.ts';
import { MediaViews } from '../../workers/views.ts';
import { ModelStorage } from '../../workers/weights/storage.ts';
import {
  EXAMPLE_TOKENS,
  exampleSeed,
  type FirstToken,
  numbers,
  QUESTION_TOKENS,
  words,
} from './prompts.ts';

let loaded: Model | undefined;
let folder = '';
let questions = 0;

function model(): Model {
  if (!loaded) throw new Error('Load first.');
  return loaded;
}

/** Features of picture `seed`, as the encoder gives them. */
function features(seed: number): Tensor {
  const { grid, width } = model().manifest.vision;
  const { Tensor } = model().ort;
  return new Tensor('float32', numbers(seed, grid ** 2 * width), [1, grid ** 2, width]);
}

function resample(picture: Tensor): Promise<Tensor> {
  const { vision, resampler } = model().manifest;
  const cells = vision.grid ** 2;
  const grid = new Float32Array(cells ** 2);
  for (let i = 0; i < cells; i++) grid[i * cells + i] = 1;
  const time = new Float32Array(resampler.temporal);
  return model().media.resample(picture, { tiles: 1, frames: 1, grid, time });
}

/** A prompt of examples and a question, each a picture and words. `media` are theirs in order. */
function prepared(
  shots: number,
  question: number,
  questionTokens: number,
  media: Tensor[],
): Prepared {
  const { manifest, memory, noMedia } = model();
  const { start, image, endOfChunk } = manifest.tokens;
  const ids: number[] = start === null ? [] : [start];
  const looks: number[] = ids.map(() => -1);
  const starts = [0];
  const put = (picture: number, text: number[]) => {
    for (const id of [image, ...text]) {
      ids.push(id);
      looks.push(picture);
    }
  };
  for (let i = 0; i < shots; i++) {
    const text = words(exampleSeed(i), EXAMPLE_TOKENS, manifest.language.vocabulary);
    put(i, [...text, endOfChunk]);
    starts.push(ids.length);
  }
  put(shots, words(question, questionTokens, manifest.language.vocabulary));
  const key = (picture: number) =>
    picture < 0 ? '' : picture < shots ? `example ${picture}` : `question ${question}`;
  return {
    prompt: { ids, media: looks, starts, items: [] },
    wanted: { ids, media: looks.map(key), gates: 1 },
    language: model().language(1),
    views: new MediaViews(manifest, memory, media, noMedia),
  };
}

const task = (): Task => ({
  stopwatch: new Stopwatch(),
  signal: new AbortController().signal,
  onEvent: () => {},
});

function forget(): void {
  model().kept.clear();
  model().held = nothingHeld(1);
}

/** Runs a prompt up to its first token. */
async function answer(ready: Prepared): Promise<{ token: number; computed: number }> {
  const { kv } = model();
  const asked = task();
  const [token = 0] = Array.from(
    await prefill(model(), ready, asked, (step) => ready.language.argmax(kv, step)),
  );
  return { token, computed: asked.stopwatch.read().prefillTokens };
}

const api = {
  async load(modelUrl: string, backend: 'wasm' | 'webgpu'): Promise<BackendInfo> {
    const { signal } = new AbortController();
    const loading = { storage: new ModelStorage(), signal, onProgress: () => {} };
    folder = modelUrl;
    loaded = await loadModel({ modelUrl, backend }, loading);
    return loaded.backend.info;
  },

  /**
   * Time to the first token of a new question about a new picture behind examples. `cold`: the resampler runs over
   * all pictures; `cached`: only over the new one; `prefix`: the examples' KV is kept too.
   */
  async firstToken(shots: number, mode: 'cold' | 'cached' | 'prefix'): Promise<FirstToken> {
    const question = 5000 + questions++;
    const pictures = Array.from({ length: shots }, (_, i) => features(exampleSeed(i)));
    const asked = features(question);
    let ready: Tensor[] = [];
    if (mode !== 'cold') for (const picture of pictures) ready.push(await resample(picture));
    forget();
    if (mode === 'prefix') {
      const before = prepared(shots, 1, QUESTION_TOKENS, [...ready, await resample(features(1))]);
      await answer(before);
      before.views.dispose();
    }
    await model().memory.settled();
    const start = performance.now();
    if (mode === 'cold') {
      ready = [];
      for (const picture of pictures) ready.push(await resample(picture));
    }
    const media = [...ready, await resample(asked)];
    const prompt = prepared(shots, question, QUESTION_TOKENS, media);
    const { computed } = await answer(prompt);
    const milliseconds = performance.now() - start;
    prompt.views.dispose();
    for (const tensor of media) model().memory.free(tensor);
    return { milliseconds, tokens: prompt.prompt.ids.length, computed };
  },

  /** Milliseconds of the prompt, and of each decoded token behind it; a picture is looked at all the time. */
  async text(promptTokens: number, steps: number): Promise<{ prompt: number; decode: number }> {
    forget();
    const question = 9000 + questions++;
    const media = [await resample(features(question))];
    const ready = prepared(0, question, promptTokens - 2, media);
    const { kv } = model();
    const start = performance.now();
    let { token } = await answer(ready);
    const prompt = performance.now() - start;
    for (let i = 0; i < steps; i++) {
      const step = { ids: [token], ...ready.views.view([0]), positions: [0] };
      [token = 0] = Array.from(await ready.language.argmax(kv, step));
    }
    const decode = (performance.now() - start - prompt) / steps;
    ready.views.dispose();
    for (const tensor of media) model().memory.free(tensor);
    forget();
    return { prompt, decode };
  },

  /**
   * Milliseconds by kind of operation, of one run of `tokens` tokens behind `past` others, the median of several runs;
   * null where the language model does not run on kernels of our own.
   */
  async profile(past: number, tokens: number): Promise<Record<string, number> | null> {
    const { kv, sessions, manifest } = model();
    const { language } = sessions;
    if (!(language instanceof Decoder) || kv.kind !== 'kernel') return null;
    forget();
    const picture = await resample(features(1));
    const media = [language.mediaAt(picture)];
    const before = words(1, past, manifest.language.vocabulary);
    const run = (ids: number[]) => ({
      ids,
      media,
      mask: new Float32Array(ids.length).fill(1),
      positions: [ids.length - 1],
      gates: 1,
    });
    kv.truncate(0);
    language.run(kv, run(before));
    kv.grow(past);
    const asked = run(words(2, tokens, manifest.language.vocabulary));
    const rounds = Array.from({ length: 7 }, () => {
      const sums: Record<string, number> = {};
      for (const { operation, args, milliseconds } of language.profile(kv, asked)) {
        const [columns, rows] = args.slice(1, 3);
        const name = operation === 'linear' ? `linear ${columns} to ${rows}` : operation;
        sums[name] = (sums[name] ?? 0) + milliseconds;
      }
      return sums;
    });
    forget();
    model().memory.free(picture);
    return Object.fromEntries(
      Object.keys(rounds[0] ?? {}).map((name) => {
        const values = rounds.map((sums) => sums[name] ?? 0).sort((a, b) => a - b);
        return [name, values[Math.floor(values.length / 2)] ?? 0];
      }),
    );
  },

  /** Bytes that a prompt with examples keeps: media, and KV of its tokens. */
  contextBytes(shots: number): number {
    const { language, crossAttention, resampler } = model().manifest;
    const inner = crossAttention.heads * crossAttention.headSize;
    const media = 2 * crossAttention.layers.length * resampler.latents * inner;
    const position = 2 * language.layers * language.kvHeads * language.headSize;
    const tokens = 1 + shots * (EXAMPLE_TOKENS + 2) + 1 + QUESTION_TOKENS;
    return 4 * (media * (shots + 1) + position * tokens);
  },

  /** Bytes of weights that one decoded token reads, and of KV behind a prompt of so many tokens. */
  async bytesPerToken(tokens: number): Promise<number> {
    const { language, graphs } = model().manifest;
    const { kernels } = graphs.wasm.language;
    if (!kernels) throw new Error('This model has no list of its weights.');
    const listing = parseListing(await (await fetch(new URL(kernels.path, folder))).json());
    const weights = listing.quantised.reduce(
      (sum, { rows, columns, m }) => sum + rows * columns * (m ? 1 / 2 + 4 / 32 : 1 + 2 / 32),
      0,
    );
    return weights + 2 * language.layers * language.kvHeads * language.headSize * 4 * tokens;
  },
};

export type OursApi = typeof api;

Comlink.expose(api);
