import { expect, test } from 'vitest';
import { type Measured, makeReport } from './report.mjs';

const of = (values: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(values).map(([key, median]) => [key, { median, spread: 0.01, runs: 3 }]),
  );

const measured: Measured = {
  backend: 'wasm',
  software: false,
  text: {
    ours: of({ decode: 60, prefill: 200 }),
    wllama: of({ decode: 15, prefill: 100 }),
    transformersjs: of({ decode: 12, prefill: 90 }),
  },
  samples: {
    ours: of({ 'cold.32': 4000, 'cached.32': 2000, 'prefix.32': 110, 'zero.32': 100 }),
    patches: of({ 'cold.32': 24000, 'prefix.32': 900 }),
  },
  bytes: { ours: 100e6, patches: 110e6 },
  load: { ours: of({ seconds: 2 }), wllama: of({ seconds: 3 }) },
  limit: { bytes: 133e6, perSecond: 20e9, info: { adapter: '2 threads' } },
  profile: {},
};

test('every result of the issue, and a ratio above 1 is better for ours', () => {
  const { results, adapter, details } = makeReport(measured);
  expect(adapter).toBe('2 threads');
  expect(Object.fromEntries(results.map(({ name, ratio }) => [name, ratio]))).toEqual({
    'decode.wllama': 4,
    'prefill.wllama': 2,
    'decode.transformersjs': 5,
    'ttft.shots32.patches': 6,
    'ttft.shots32.prefix': 0.9091,
    'load.warm': 1.5,
    'memory.shots32.patches': 1.1,
    'decode.bandwidth': 0.399,
  });
  expect(details.text?.['ours.decode']).toEqual({ median: 60, spread: 0.01, runs: 3 });
});

test('targets count on WASM and on a real GPU only', () => {
  const targets = (change: Partial<Measured>) =>
    Object.fromEntries(
      makeReport({ ...measured, ...change }).results.flatMap(({ name, target }) =>
        target === undefined ? [] : [[name, target]],
      ),
    );
  const examples = { 'ttft.shots32.patches': 5, 'ttft.shots32.prefix': 0.77 };
  expect(targets({})).toEqual({ 'decode.wllama': 1.3, ...examples });
  expect(targets({ backend: 'webgpu' })).toEqual({
    'decode.wllama': 1.5,
    'decode.transformersjs': 1.5,
    ...examples,
  });
  expect(targets({ backend: 'webgpu', software: true })).toEqual({});
});
