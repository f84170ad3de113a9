import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CASES, damaged } from '../../tests/support/mutate.ts';
import { parseLines } from './parse.mjs';

const good = {
  id: 'a',
  examples: [[{ image: 'a.jpg' }, { text: ' a cup' }]],
  prompt: [{ frames: ['1.jpg', '2.jpg'] }, { text: 'Caption:' }],
  maxNewTokens: 3,
  candidates: ['a', 'b'],
};

test('any lines are prompts that can be asked, or sentences that name their line', () => {
  const line = fc.oneof(
    damaged(good).map((value) => JSON.stringify(value) ?? ''),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')),
  );
  let [asked, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const parsed = parseLines(lines.join('\n'));
      expect(parsed.length).toBeLessThanOrEqual(lines.length);
      for (const result of parsed) {
        expect(result.number).toBeGreaterThan(0);
        if (result.ok) {
          asked++;
          expect(result.ask.prompt.length).toBeGreaterThan(0);
        } else {
          refused++;
          expect(result.message.startsWith(`Line ${result.number}: `)).toBe(true);
          expect(result.message.endsWith('.')).toBe(true);
        }
      }
    }),
    { numRuns: CASES },
  );
  expect(asked).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(CASES / 2);
});
