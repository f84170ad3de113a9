import { expect, test } from 'vitest';
import { result, table } from './results.mjs';

test('a ratio above 1 means that ours is better, whatever the unit', () => {
  const common = { peerName: 'other', unit: 'x' };
  expect(result('a', { ours: 30, peer: 10, better: 'more', ...common }).ratio).toBe(3);
  expect(result('a', { ours: 30, peer: 10, better: 'less', ...common }).ratio).toBe(0.3333);
});

test('the table says which targets are met', () => {
  const make = (ours: number) =>
    result('a', {
      ours,
      peer: 10,
      better: 'more',
      peerName: 'other',
      unit: 'tokens/s',
      target: 1.3,
    });
  const report = { adapter: '', backend: 'wasm', details: {}, profile: {} } as const;
  expect(table({ ...report, results: [make(14)] })).toContain('| 1.3 met');
  expect(table({ ...report, results: [make(12)] })).toContain('| 1.3 MISSED');
  expect(
    result('a', { ours: 1, peer: 1, better: 'more', peerName: '', unit: '' }),
  ).not.toHaveProperty('target');
});
