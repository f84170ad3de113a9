/** Any text, lone surrogates and names of special tokens too, becomes tokens that are only text, and comes back. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CASES, damaged } from '../../tests/support/mutate.ts';
import { makeTokenizer } from './tokenizer.ts';

const json = JSON.parse(
  readFileSync(new URL('../../public/models/tiny-random/tokenizer.json', import.meta.url), 'utf8'),
);
const tokenizer = makeTokenizer(json);
const special = new Set<number>(json.added_tokens.map(({ id }: { id: number }) => id));
const names: string[] = json.added_tokens.map(({ content }: { content: string }) => content);

test('no text gives a special token, and all text comes back', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(...names, '\ud800', '\udfff', '<image>', '<|endofchunk|>', '\0', '\u202e'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const text = pieces.join('');
      const ids = tokenizer.encode(text);
      expect(ids.some((id) => special.has(id))).toBe(false);
      expect(tokenizer.decode(ids)).toBe(text.toWellFormed());
    }),
    { numRuns: CASES },
  );
});

test('a damaged tokenizer file is an error, never a hang or a crash of another kind', () => {
  // Names of 440 tokens would drown the other parts.
  const { vocab, merges, ...model } = json.model;
  const small = { ...json, model: { ...model, vocab: { a: 1, b: 2 }, merges: [['a', 'b']] } };
  let refused = 0;
  fc.assert(
    fc.property(damaged(small), (file) => {
      try {
        makeTokenizer(file).encode('ab');
      } catch (cause) {
        refused++;
        expect(cause).toBeInstanceOf(Error);
        expect(cause).not.toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: CASES },
  );
  expect(refused).toBeGreaterThan(CASES / 4);
});
