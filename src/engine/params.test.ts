import { expect, it } from 'vitest';
import { DEFAULT_MODEL, readParams } from './params.ts';

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
