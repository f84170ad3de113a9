import { expect, test } from 'vitest';
import type { Manifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

const file = (path: string) => ({ path, bytes: 10, sha256: 'a'.repeat(64) });
const graphs = {
  vision: { ...file('vision.onnx'), shards: ['vision-0.bin'], expand: null, kernels: null },
  bridge: { ...file('bridge.onnx'), shards: ['bridge-0.bin'], expand: null, kernels: null },
  language: {
    ...file('language.onnx'),
    shards: ['language-0.bin', 'bridge-0.bin'],
    expand: null,
    kernels: null,
  },
};
const good: Manifest = {
  format: 'flamingo-web/1',
  name: 'tiny',
  title: 'Tiny',
  tokenizer: file('tokenizer.json'),
  tokens: { start: 0, image: 100, endOfChunk: 101, banned: [100] },
  vision: {
    size: 32,
    maxTiles: 4,
    resample: 'bicubic',
    mean: [127, 127, 127],
    std: [128, 128, 128],
    grid: 2,
    width: 8,
  },
  resampler: { latents: 4, width: 8, temporal: 8 },
  language: {
    layers: 4,
    width: 8,
    heads: 2,
    kvHeads: 1,
    headSize: 4,
    vocabulary: 102,
    context: 64,
  },
  crossAttention: { layers: [0, 2], heads: 2, headSize: 4, media: 'immediate' },
  graphs: { webgpu: graphs, wasm: graphs },
  shards: [
    { ...file('vision-0.bin'), part: 'vision' },
    { ...file('bridge-0.bin'), part: 'bridge' },
    { ...file('language-0.bin'), part: 'language' },
  ],
  prompts: { caption: { template: '<image>Caption:', maxNewTokens: 30 } },
  licences: [{ part: 'all', source: 'here', licence: 'Apache-2.0' }],
};

test('a good manifest passes unchanged, keys of later versions are left out', () => {
  expect(parseManifest(good)).toEqual(good);
  expect(parseManifest({ ...good, later: 1 })).toEqual(good);
});

test.each<[string, object | null, RegExp]>([
  ['no object', null, /it must be an object/],
  ['another format', { ...good, format: 'flamingo-web/2' }, /"format" must be "flamingo-web\/1"/],
  ['a missing part', { ...good, language: undefined }, /"language" must be an object/],
  [
    'a number as text',
    { ...good, language: { ...good.language, context: '64' } },
    /"language\.context" must be a whole number of at least 2/,
  ],
  [
    'two means',
    { ...good, vision: { ...good.vision, mean: [1, 2] } },
    /"vision\.mean" must be a list of three/,
  ],
  [
    'a deviation of zero',
    { ...good, vision: { ...good.vision, std: [1, 0, 1] } },
    /"vision\.std\[1\]" must be a number above 0/,
  ],
  [
    'a path out of the folder',
    { ...good, tokenizer: file('../tokenizer.json') },
    /"tokenizer\.path" must be a plain file name/,
  ],
  [
    'a short hash',
    { ...good, tokenizer: { ...good.tokenizer, sha256: 'abc' } },
    /"tokenizer\.sha256" must be 64/,
  ],
  [
    'a shard that is not listed',
    { ...good, shards: good.shards.slice(1) },
    /"graphs\.webgpu\.vision" needs the shard vision-0\.bin/,
  ],
  [
    'a token beyond the vocabulary',
    { ...good, tokens: { ...good.tokens, banned: [102] } },
    /"tokens" has 102/,
  ],
  [
    'blocks out of order',
    { ...good, crossAttention: { ...good.crossAttention, layers: [2, 0] } },
    /must rise/,
  ],
  [
    'a block after the last layer',
    { ...good, crossAttention: { ...good.crossAttention, layers: [0, 4] } },
    /stay below/,
  ],
  ['a path of an address', { ...good, tokenizer: file('https://x/y') }, /plain file name/],
  [
    'a shard of 20 MB',
    { ...good, shards: [{ ...good.shards[0], bytes: 2e7 }] },
    /at most 16777216/,
  ],
  [
    'a picture of a million pixels a side',
    { ...good, vision: { ...good.vision, size: 1e6 } },
    /"vision\.size" must be a whole number of at least 1 and at most 4096/,
  ],
  [
    'two contents under one name',
    { ...good, tokenizer: { ...file('vision-0.bin'), sha256: 'b'.repeat(64) } },
    /two files are named vision-0\.bin/,
  ],
  [
    'heads that do not share',
    { ...good, language: { ...good.language, heads: 3, kvHeads: 2 } },
    /multiple of/,
  ],
  [
    'one token for two things',
    { ...good, tokens: { ...good.tokens, endOfChunk: 100 } },
    /must differ/,
  ],
  [
    'a template without a picture',
    { ...good, prompts: { caption: { template: 'Caption:', maxNewTokens: 3 } } },
    /"prompts\.caption\.template" must be text with <image>/,
  ],
])('%s is refused with its place', (_, json, sentence) => {
  expect(() => parseManifest(json)).toThrow(sentence);
});
