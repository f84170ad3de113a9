import { expect, test } from 'vitest';
import { logProbability, top } from './logits.ts';

const logits = Float32Array.of(1, 3, 2, 3, -1e9);

test('probabilities of all tokens sum to one, a banned one has none', () => {
  const all = Array.from(logits, (_, token) => Math.exp(logProbability(logits, token)));
  expect(all.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  expect(all[4]).toBe(0);
});

test('large logits do not overflow', () => {
  expect(logProbability(Float32Array.of(1000, 1000), 0)).toBeCloseTo(-Math.LN2, 12);
});

test('the likeliest come first, equal ones by id', () => {
  expect(top(logits, 3)).toEqual([1, 3, 2]);
  expect(top(logits, 9)).toEqual([1, 3, 2, 0, 4]);
});
