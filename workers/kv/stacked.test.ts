import { expect, test } from 'vitest';
import type { Ort, Tensor } from '../ort.ts';
import { StackedKv } from './stacked.ts';

class FakeTensor {
  readonly type: string;
  readonly data: Float32Array | Int32Array;
  readonly dims: number[];
  constructor(type: string, data: Float32Array | Int32Array, dims: number[]) {
    this.type = type;
    this.data = data;
    this.dims = dims;
  }
}
const ort = { Tensor: FakeTensor } as unknown as Ort;
const shape = { layers: 1, heads: 1, headSize: 1 };

/** A KV with rows of (key, value) at each position; with one head of size 1 a position is 2 * batch numbers. */
function filled(batch: number, positions: number[][], capacity = 8): StackedKv {
  const kv = new StackedKv(ort, shape, batch, capacity);
  append(kv, positions);
  return kv;
}
function append(kv: StackedKv, positions: number[][]): void {
  const present = new FakeTensor('float32', Float32Array.from(positions.flat()), []);
  kv.append({ present: present as unknown as Tensor }, positions.length);
}
const past = (kv: StackedKv) => {
  const { data, dims } = kv.feeds().past as unknown as FakeTensor;
  return { data: Array.from(data), dims };
};

test('new rows stand behind the old ones, going back drops them', () => {
  const kv = filled(1, [
    [1, 2],
    [3, 4],
  ]);
  append(kv, [[5, 6]]);
  expect(past(kv)).toEqual({ data: [1, 2, 3, 4, 5, 6], dims: [3, 2, 1, 1, 1] });
  kv.truncate(1);
  append(kv, [[7, 8]]);
  expect(past(kv).data).toEqual([1, 2, 7, 8]);
});

test('an empty KV is a tensor of no positions', () => {
  expect(past(filled(1, []))).toEqual({ data: [], dims: [0, 2, 1, 1, 1] });
});

test('grows beyond what was allocated', () => {
  const kv = filled(1, [], 400);
  for (let i = 0; i < 300; i++) append(kv, [[i, -i]]);
  expect(past(kv).data.slice(-2)).toEqual([299, -299]);
});

test('a fork repeats the row, and leaves the first alone', () => {
  const kv = filled(1, [
    [1, 2],
    [3, 4],
  ]);
  const fork = kv.fork(2, 8);
  expect(past(fork as StackedKv)).toEqual({
    data: [1, 1, 2, 2, 3, 3, 4, 4],
    dims: [2, 2, 2, 1, 1],
  });
  append(fork as StackedKv, [[5, 6, 7, 8]]);
  expect(past(kv).data).toEqual([1, 2, 3, 4]);
});

test('reordering moves rows from a position on', () => {
  const kv = filled(3, [
    [1, 1, 1, 2, 2, 2],
    [3, 4, 5, 6, 7, 8],
  ]);
  kv.reorder([2, 0, 0], 1);
  expect(past(kv).data).toEqual([1, 1, 1, 2, 2, 2, 5, 3, 3, 8, 6, 6]);
});
