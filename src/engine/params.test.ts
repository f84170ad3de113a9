import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CASES } from '../../tests/support/mutate.ts';
import { choicesOf, DEFAULT_MODEL, queryFor, readParams } from './params.ts';

it('takes the defaults where the address is silent', () => {
  expect(readParams('')).toEqual({ backend: 'auto', model: DEFAULT_MODEL, wrong: [] });
});

it('takes what the address says', () => {
  const params = { backend: 'wasm', model: 'tiny-random', wrong: [] };
  expect(readParams('?backend=wasm&model=tiny-random')).toEqual(params);
  expect(readParams('?model=a_b.C-1').model).toBe('a_b.C-1');
});

it.each(['../x', '..', '.', 'a/b', 'a%2Fb', '//host', 'a b', '', 'ä'])(
  'refuses the model %j',
  (model) => {
    expect(readParams(`?model=${model}`)).toEqual({
      backend: 'auto',
      model: DEFAULT_MODEL,
      wrong: ['model'],
    });
  },
);

it('says which parameter was not understood', () => {
  expect(readParams('?backend=cuda&model=x').wrong).toEqual(['backend']);
});

it('takes any address for a known backend and one folder under models/', () => {
  const query = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc
      .tuple(fc.constantFrom('model', 'backend', '__proto__'), fc.string({ maxLength: 20 }))
      .map(([name, value]) => `?${new URLSearchParams([[name, value]])}`),
    fc.constantFrom('?model=..', '?model=%2e%2e%2fx', '?model=//evil.example/', '?model=a%00b'),
  );
  fc.assert(
    fc.property(query, (search) => {
      const { backend, model } = readParams(search);
      expect(['auto', 'webgpu', 'wasm']).toContain(backend);
      const folder = new URL(`models/${model}/`, 'http://here/page/');
      expect(folder.href).toBe(`http://here/page/models/${model}/`);
    }),
    { numRuns: CASES },
  );
});

it('takes the address of a model only where the build named it', () => {
  const hosted = ['https://models.example/x/'];
  const search = queryFor('https://models.example/x/', readParams('?backend=wasm'));
  expect(readParams(search, hosted)).toEqual({ backend: 'wasm', model: hosted[0], wrong: [] });
  expect(readParams(search, []).wrong).toEqual(['model']);
  expect(readParams('?model=https://models.example/y/', hosted).wrong).toEqual(['model']);
});

it('offers shipped models by title and others by address, and never the tests’ own', () => {
  const shipped = [
    { name: 'tiny-random', title: 'Tiny' },
    { name: 'mine', title: 'My model' },
  ];
  expect(choicesOf(shipped, ['https://models.example/x/'])).toEqual([
    { id: 'mine', title: 'My model' },
    { id: 'https://models.example/x/', title: 'https://models.example/x/' },
  ]);
});
