import { expect, test } from 'vitest';
import { alternate, sample } from './statistics.mjs';

test('median, and half the distance of the quartiles', () => {
  expect(sample([3])).toEqual({ median: 3, spread: 0, runs: 1 });
  expect(sample([4, 1, 3, 2])).toEqual({ median: 2.5, spread: 0.3, runs: 4 });
});

test('contenders take turns, and the order turns around', async () => {
  const order: string[] = [];
  const contender = (name: string) => async () => {
    order.push(name);
    return { value: order.length };
  };
  const contenders = { a: contender('a'), b: contender('b') };
  const { a, b } = await alternate(contenders, 2, () => {});
  expect(order).toEqual(['a', 'b', 'b', 'a']);
  expect(a.value?.median).toBe(2.5);
  expect(b.value?.median).toBe(2.5);
});
