import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readGolden } from '../../tests/support/golden.ts';
import { makeTokenizer } from './tokenizer.ts';

const MODEL = new URL('../../public/models/flamingo-smollm2-135m/', import.meta.url);
const tokenizer = makeTokenizer(JSON.parse(readFileSync(new URL('tokenizer.json', MODEL), 'utf8')));

test('5,000 strings equal Hugging Face tokenizers, special tokens typed as text among them', () => {
  const goldens = readGolden<{ text: string; ids: number[] }[]>('tokens.json.gz');
  expect(goldens.length).toBeGreaterThanOrEqual(5000);
  const wrong = goldens.filter(({ text, ids }) => {
    const actual = tokenizer.encode(text);
    return actual.length !== ids.length || actual.some((id, i) => id !== ids[i]);
  });
  expect(wrong.map(({ text }) => text)).toEqual([]);
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

test('lone surrogates do not throw', () => {
  expect(tokenizer.encode('a\ud800b').length).toBeGreaterThan(0);
});
