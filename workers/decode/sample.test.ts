import { expect, test } from 'vitest';
import { sampler } from './sample.ts';

const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
const draw = (choose: (logits: Float32Array) => number, count: number) =>
  Array.from({ length: count }, () => choose(logits));
const share = (tokens: number[], token: number) =>
  tokens.filter((other) => other === token).length / tokens.length;

test('the same seed gives the same tokens, another seed others', () => {
  const first = draw(sampler(1, 1, 7), 30);
  expect(draw(sampler(1, 1, 7), 30)).toEqual(first);
  expect(draw(sampler(1, 1, 8), 30)).not.toEqual(first);
});

test('tokens come as often as they are likely', () => {
  const tokens = draw(sampler(1, 1, 1), 4000);
  for (const [token, probability] of [0.5, 0.3, 0.15, 0.05].entries()) {
    expect(share(tokens, token)).toBeCloseTo(probability, 1);
  }
});

test('top-p keeps the smallest set that reaches it, renormalised', () => {
  const tokens = draw(sampler(1, 0.7, 1), 4000);
  expect(new Set(tokens)).toEqual(new Set([0, 1]));
  expect(share(tokens, 0)).toBeCloseTo(0.5 / 0.8, 1);
  expect(new Set(draw(sampler(1, 0, 1), 50))).toEqual(new Set([0]));
});

test('a low temperature sharpens', () => {
  expect(share(draw(sampler(0.2, 1, 1), 1000), 0)).toBeGreaterThan(0.9);
});

test('a banned token never comes, whatever the temperature', () => {
  const choose = sampler(10, 1, 1);
  const banned = Float32Array.of(0, -1e9, 0);
  const tokens = Array.from({ length: 500 }, () => choose(banned));
  expect(tokens).not.toContain(1);
});
