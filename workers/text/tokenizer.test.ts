import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readGolden } from '../../tests/support/golden.ts';
import { makeTokenizer, openTokenizer } from './tokenizer.ts';

const MODEL = new URL('../../public/models/flamingo-smollm2-135m/', import.meta.url);
const json = readFileSync(new URL('tokenizer.json', MODEL), 'utf8');
const tokenizer = makeTokenizer(JSON.parse(json));

test('5,000 strings equal Hugging Face tokenizers, special tokens typed as text among them', () => {
  const goldens = readGolden<{ text: string; ids: number[] }[]>('tokens.json.gz');
  expect(goldens.length).toBeGreaterThanOrEqual(5000);
  const wrong = goldens.filter(({ text, ids }) => {
    const actual = tokenizer.encode(text);
    return actual.length !== ids.length || actual.some((id, i) => id !== ids[i]);
  });
  expect(wrong.map(({ text }) => text)).toEqual([]);
});

describe('code points of every script equal Hugging Face tokenizers', () => {
  const { context, blocks } = readGolden<{
    context: string;
    blocks: { ranges: [first: number, last: number][]; sha256: string }[];
  }>('code-points.json');

  test.each(blocks)('from $ranges.0.0', ({ ranges, sha256 }) => {
    const hash = createHash('sha256');
    for (const [first, last] of ranges) {
      for (let codePoint = first; codePoint <= last; codePoint++) {
        const text = context.replaceAll('{c}', () => String.fromCodePoint(codePoint));
        hash.update(`${tokenizer.encode(text).join(',')}\n`);
      }
    }
    expect(hash.digest('hex')).toBe(sha256);
  });
});

describe('tokenizers of the family: 5,000 strings equal Hugging Face tokenizers, and come back', () => {
  const family =
    readGolden<Record<string, { json: unknown; ids: number[][] }>>('family-tokens.json.gz');
  const texts = readGolden<{ text: string }[]>('tokens.json.gz').map(({ text }) => text);

  test.each(Object.keys(family))('%s', (name) => {
    const { json: file, ids } = family[name] ?? { json: null, ids: [] };
    expect(ids.length).toBeGreaterThanOrEqual(5000);
    const opened = makeTokenizer(file);
    const wrong = ids.flatMap((wanted, i) => {
      const actual = opened.encode(texts[i] ?? '');
      return actual.join() === wanted.join() ? [] : [texts[i]];
    });
    expect(wrong).toEqual([]);
    const composed = name === 'gpt-neox' ? texts.map((text) => text.normalize('NFC')) : texts;
    const lost = composed.filter((text) => opened.decode(opened.encode(text)) !== text);
    expect(lost).toEqual([]);
  });
});

test('no typed text gives a special token', () => {
  for (const text of ['<image>', '<|endofchunk|>', '<|im_start|>', '<|endoftext|>']) {
    const ids = tokenizer.encode(`a ${text} b`);
    expect(ids.length).toBeGreaterThan(3);
    expect(Math.min(...ids)).toBeGreaterThan(16);
    expect(Math.max(...ids)).toBeLessThan(49_152);
  }
});

test('text comes back, special tokens are skipped', () => {
  const text = 'A dog’s “red” ball, 3.14 🐶 你好\n\tdone';
  expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  expect(tokenizer.decode([0, 49_152, ...tokenizer.encode('Name:'), 49_153])).toBe('Name:');
});

test('a character whose bytes are not complete is held back', () => {
  const ids = tokenizer.encode('ok 🦩');
  const seen = ids.map((_, i) => tokenizer.decode(ids.slice(0, i + 1)));
  expect(seen.at(-1)).toBe('ok 🦩');
  for (const part of seen) expect('ok 🦩'.startsWith(part)).toBe(true);
});

test('a replacement character of its own is not taken for an incomplete one', () => {
  expect(tokenizer.decode(tokenizer.encode('ok \ufffd'))).toBe('ok \ufffd');
  expect(tokenizer.decode(tokenizer.encode('\ufeffok'))).toBe('\ufeffok');
});

test('lone surrogates are replaced', () => {
  expect(tokenizer.encode('a\ud800b')).toEqual(tokenizer.encode('a\ufffdb'));
});

test('a long text without spaces does not take minutes', () => {
  const started = performance.now();
  const ids = tokenizer.encode('flamingo'.repeat(25_000));
  expect(performance.now() - started).toBeLessThan(5000);
  expect(tokenizer.decode(ids).length).toBe(200_000);
});

describe('openTokenizer', () => {
  const changed = (changes: object) =>
    openTokenizer(new Blob([JSON.stringify({ ...JSON.parse(json), ...changes })]));

  test('opens the file', async () => {
    expect((await changed({})).encode('a dog')).toEqual(tokenizer.encode('a dog'));
  });

  test.each([
    ['another normaliser', { normalizer: { type: 'Lowercase' } }],
    ['another way of splitting', { pre_tokenizer: { type: 'Whitespace' } }],
    ['another kind of model', { model: { type: 'Unigram', vocab: [] } }],
    ['a merge of no token', { model: { type: 'BPE', vocab: { a: 0 }, merges: [['a', 'b']] } }],
  ])('%s is refused', async (_, changes) => {
    await expect(changed(changes)).rejects.toMatchObject({ code: 'bad-manifest' });
  });

  test('a file that is cut short is refused', async () => {
    const file = new Blob([json.slice(0, 1000)]);
    await expect(openTokenizer(file)).rejects.toMatchObject({ code: 'bad-manifest' });
  });
});
