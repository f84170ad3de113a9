import { expect, test } from 'vitest';
import { chunkKeys, pieces } from './prefill.ts';

test('what is not held goes in as few runs as may be', () => {
  expect(pieces(3, 3, 4)).toEqual([]);
  expect(pieces(3, 7, 4)).toEqual([{ from: 3, to: 7 }]);
  expect(pieces(3, 12, 4)).toEqual([
    { from: 3, to: 7 },
    { from: 7, to: 11 },
    { from: 11, to: 12 },
  ]);
});

test('a closed chunk is named by its tokens, its pictures and the gates', () => {
  const wanted = { ids: [0, 9, 1, 9, 2, 3], media: ['', 'a', 'a', 'b', 'b', 'b'], gates: 1 };
  const [first, second, ...more] = chunkKeys(wanted, [0, 3, 5]);
  expect(more).toEqual([]);
  expect(first).not.toBe(second);
  const keys = (change: Partial<typeof wanted>) => chunkKeys({ ...wanted, ...change }, [0, 3, 5]);
  expect(keys({ ids: [0, 9, 1, 9, 2, 4] })).toEqual([first, second]);
  expect(keys({ media: ['', 'c', 'c', 'b', 'b', 'b'] })[0]).not.toBe(first);
  expect(keys({ gates: 0 })[1]).not.toBe(second);
});
