import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CASES } from '../../tests/support/mutate.ts';
import { assemble } from './partials.ts';

test('pieces in any order, with gaps, copies and other versions, give a beginning of one version', () => {
  const piece = fc.record({
    offset: fc.nat(40),
    size: fc.integer({ min: 0, max: 12 }),
    validator: fc.constantFrom(null, '"a"', '"b"'),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const begun = assemble(
        pieces.map(({ offset, size, validator }) => ({
          offset,
          blob: new Blob(['x'.repeat(size)]),
          validator,
        })),
      );
      const sizes = begun.pieces.map(({ size }) => size);
      expect(begun.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
      let at = 0;
      for (const size of sizes) {
        const matches = pieces.some(
          (one) => one.offset === at && one.size === size && one.validator === begun.validator,
        );
        expect(matches).toBe(true);
        at += size;
      }
    }),
    { numRuns: CASES },
  );
});
