import { expect, test } from 'vitest';
import { Arena } from './arena.ts';

const arena = () => new Arena(new WebAssembly.Memory({ initial: 1, maximum: 64, shared: true }));

test('pieces are aligned and do not overlap', () => {
  const a = arena();
  const [first, second] = [a.allocate(10), a.allocate(100)];
  expect(first % 64).toBe(0);
  expect(second - first).toBe(64);
  expect(a.used).toBe(64 + 128);
});

test('what was given back is used again, neighbours as one piece', () => {
  const a = arena();
  const [first, second] = [a.allocate(64), a.allocate(64), a.allocate(64)];
  a.free(second as number);
  a.free(first as number);
  expect(a.allocate(128)).toBe(first);
  expect(() => a.free(1)).toThrow('not given out');
});

test('grows, and says so when there is no more', () => {
  const a = arena();
  const at = a.allocate(3 * 65536);
  a.floats(at, 3 * 16384).fill(1);
  expect(() => a.allocate(64 * 65536)).toThrow(RangeError);
});
