import { expect, test } from 'vitest';
import { looks } from './looks.ts';

test('each token looks at the last media before it', () => {
  const { seen, mask } = looks([-1, 2, 2, 4], 'immediate');
  expect(seen).toEqual([2, 4]);
  expect(Array.from(mask)).toEqual([0, 0, 1, 0, 1, 0, 0, 1]);
});

test('or at all media before it', () => {
  const { seen, mask } = looks([-1, 0, 2], 'all');
  expect(seen).toEqual([0, 1, 2]);
  expect(Array.from(mask)).toEqual([0, 0, 0, 1, 0, 0, 1, 1, 1]);
});

test('tokens before any media get one column of zeros', () => {
  expect(looks([-1, -1], 'immediate')).toEqual({ seen: [], mask: new Float32Array(2) });
});
