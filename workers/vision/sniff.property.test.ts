import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CASES, damagedBytes } from '../../tests/support/mutate.ts';
import { SNIFF_BYTES, sniff } from './sniff.ts';

const PICTURES = new URL('../../tests/pictures/', import.meta.url);
const files = readdirSync(PICTURES).map((name) =>
  new Uint8Array(readFileSync(new URL(name, PICTURES))).slice(0, SNIFF_BYTES),
);

test('any bytes are a kind of picture with a sane size, or none; nothing throws', () => {
  let known = 0;
  const bytes = fc.oneof(...files.map(damagedBytes), fc.uint8Array({ maxLength: 100 }));
  fc.assert(
    fc.property(bytes, (data) => {
      const kind = sniff(data);
      if (!kind) return;
      known++;
      for (const side of kind.size ? [kind.size.width, kind.size.height] : []) {
        expect(Number.isInteger(side)).toBe(true);
        expect(side).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: CASES },
  );
  expect(known).toBeGreaterThan(CASES / 10);
});
