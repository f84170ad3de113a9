import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CASES, damaged } from '../../tests/support/mutate.ts';
import { Failure } from '../failure.ts';
import { expandWeights, parseExpandList } from './expand.ts';

const good: unknown = JSON.parse(
  readFileSync(
    new URL('../../public/models/tiny-random/bridge.wasm.expand.json', import.meta.url),
    'utf8',
  ),
);

test('a damaged list of weights is refused with a sentence, or expands, or asks for what is not there', async () => {
  const shard = new Blob([new Uint8Array(4096)]);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(damaged(good), async (json) => {
      try {
        const list = parseExpandList(json);
        const floats = list.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
        if (floats > 1e5) return;
        await expandWeights(list, () => shard);
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
        refused++;
        expect(cause.code).toBe('bad-manifest');
      }
    }),
    { numRuns: CASES },
  );
  expect(refused).toBeGreaterThan(CASES / 2);
});
