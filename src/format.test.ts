import { expect, it } from 'vitest';
import { duration, megabytes, roughly, threeFigures } from './format.ts';

it('writes sizes in decimal megabytes', () => {
  const sizes = [50_000, 4_240_000, 147_600_000, 10_738_000_000];
  expect(sizes.map(megabytes)).toEqual(['0.05 MB', '4.2 MB', '148 MB', '10.7 GB']);
});

it('writes times', () => {
  expect([420, 12_400, 125_000].map(duration)).toEqual(['0.42 s', '12 s', '2 min 5 s']);
  expect([20, 45_000, 240_000].map(roughly)).toEqual(['1 s', '45 s', '4 min']);
});

it('writes speeds', () => {
  expect([0.125, 21.34, 240.4].map(threeFigures)).toEqual(['0.13', '21.3', '240']);
});
