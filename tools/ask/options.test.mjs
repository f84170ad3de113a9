import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from './options.mjs';

const here = resolve('/somewhere');

test('paths are meant from where the person is; the rest has defaults', () => {
  expect(readOptions(['a.jsonl', '--out', 'b.jsonl'], here)).toEqual({
    file: resolve(here, 'a.jsonl'),
    backend: 'auto',
    model: 'flamingo-smollm2-135m',
    out: resolve(here, 'b.jsonl'),
  });
});

test('the backend and the model are taken as written', () => {
  const options = readOptions(['a', '--backend', 'wasm', '--model', './mine'], here);
  expect(options).toMatchObject({ backend: 'wasm', model: './mine', out: null });
});

test.each([
  [[], 'There is no file to read.'],
  [['a', 'b'], 'One file only: b is too much.'],
  [['a', '--backend', 'cuda'], 'There is no backend "cuda".'],
  [['a', '--nonsense'], "Unknown option '--nonsense'"],
])('%j is answered with what is wrong and the usage', (args, message) => {
  expect(() => readOptions(args, here)).toThrow(message);
  expect(() => readOptions(args, here)).toThrow('Usage: npm run ask');
});
