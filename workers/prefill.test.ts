import { expect, test } from 'vitest';
import { pieces } from './prefill.ts';

const prompt = { ids: [0, 1, 2, 3, 4, 5, 6], starts: [0, 3, 5] };

test('each chunk is a run of its own', () => {
  expect(pieces(prompt, 0)).toEqual([
    { from: 0, to: 3 },
    { from: 3, to: 5 },
    { from: 5, to: 7 },
  ]);
});

test('what is held already is left out', () => {
  expect(pieces(prompt, 4)).toEqual([
    { from: 4, to: 5 },
    { from: 5, to: 7 },
  ]);
  expect(pieces(prompt, 6)).toEqual([{ from: 6, to: 7 }]);
});
