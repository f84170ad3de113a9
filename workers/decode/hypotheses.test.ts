import { expect, test } from 'vitest';
import { decided, grow, type Hypothesis } from './hypotheses.ts';

const END = 3;
const rows = (...probabilities: number[][]) =>
  probabilities.map((row) => Float32Array.from(row, Math.log));
const start = { beams: [{ tokens: [], score: 0 }], ended: undefined };

/** The best answer of up to `length` tokens under fixed next-token probabilities by the last token, by brute force. */
function bruteForce(next: (tokens: number[]) => number[], length: number): Hypothesis {
  let best: Hypothesis = { tokens: [], score: Number.NEGATIVE_INFINITY };
  const visit = (tokens: number[], score: number) => {
    for (const [token, probability] of next(tokens).entries()) {
      const total = score + Math.log(probability);
      if (token === END) {
        if (total > best.score) best = { tokens, score: total };
      } else if (tokens.length + 1 < length) visit([...tokens, token], total);
    }
  };
  visit([], 0);
  return best;
}

test('grows from one hypothesis to as many as the width', () => {
  const { beams, ended } = grow(start, rows([0.5, 0.3, 0.15, 0.05]), 3, END);
  expect(beams.map(({ tokens, parent }) => [tokens, parent])).toEqual([
    [[0], 0],
    [[1], 0],
    [[2], 0],
  ]);
  expect(ended).toBeUndefined();
});

test('knows the parent of each beam', () => {
  const before = {
    beams: [
      { tokens: [0], score: Math.log(0.5) },
      { tokens: [1], score: Math.log(0.4) },
    ],
    ended: undefined,
  };
  const { beams } = grow(before, rows([0.4, 0.3, 0.2, 0.1], [0.9, 0.05, 0.03, 0.02]), 2, END);
  expect(beams.map(({ tokens, parent }) => [tokens, parent])).toEqual([
    [[1, 0], 1],
    [[0, 0], 0],
  ]);
});

test('an end counts only among the first of the candidates', () => {
  const first = grow(start, rows([0.4, 0.2, 0.1, 0.3]), 2, END);
  expect(first.ended).toEqual({ tokens: [], score: expect.closeTo(Math.log(0.3)) });
  const third = grow(start, rows([0.4, 0.3, 0.1, 0.2]), 2, END);
  expect(third.ended).toBeUndefined();
});

test('is decided when no beam can overtake the best end', () => {
  const ended = { tokens: [1], score: -1 };
  const beam = (score: number) => ({ tokens: [0], score, parent: 0 });
  expect(decided({ beams: [beam(-0.9)], ended })).toBe(false);
  expect(decided({ beams: [beam(-1.1)], ended })).toBe(true);
  expect(decided({ beams: [beam(-9)], ended: undefined })).toBe(false);
});

test('finds what greedy search misses', () => {
  // Greedy goes 0 (0.5), then nothing is likely; the best answer is 1, 1.
  const next = (tokens: number[]) =>
    tokens.at(-1) === undefined
      ? [0.5, 0.4, 0.05, 0.05]
      : tokens.at(-1) === 0
        ? [0.3, 0.3, 0.2, 0.2]
        : tokens.length === 1
          ? [0.05, 0.9, 0.025, 0.025]
          : [0.05, 0.02, 0.03, 0.9];
  let state: Parameters<typeof grow>[0] = start;
  let result = grow(state, [Float32Array.from(next([]), Math.log)], 3, END);
  while (!decided(result)) {
    state = result;
    result = grow(
      state,
      state.beams.map(({ tokens }) => Float32Array.from(next(tokens), Math.log)),
      3,
      END,
    );
  }
  const best = bruteForce(next, 5);
  expect(result.ended?.tokens).toEqual([1, 1]);
  expect(result.ended?.tokens).toEqual(best.tokens);
  expect(result.ended?.score).toBeCloseTo(best.score, 5);
});
