import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { CASES, damaged } from '../../tests/support/mutate.ts';
import { newCard, newPicture, type PromptState } from '../prompt/prompt.ts';
import { fromSaved, keysOf, parseSaved, toSaved } from './record.ts';

const cat = new Blob(['cat']);
const prompt: PromptState = {
  preset: 'question',
  examples: [newCard({ question: 'What?', answer: 'A dog', pictures: [newPicture(cat, 'a.jpg')] })],
  question: newCard({ question: '<image>', free: '\ud800', pictures: [newPicture(cat, 'b.jpg')] }),
};

/** Without the ids, which are new each time. */
const words = (state: PromptState) =>
  JSON.stringify([state.preset, ...state.examples, state.question], (key, value) =>
    key === 'id' ? undefined : value,
  );

test('a prompt comes back as it was, one Blob for two cards', () => {
  const saved = toSaved(prompt, () => 'key');
  expect(keysOf(saved)).toEqual(['key', 'key']);
  const back = fromSaved(saved, new Map([['key', cat]]));
  expect(words(back)).toBe(words(prompt));
  expect(back.question.pictures[0]?.blob).toBe(cat);
});

test('a picture that is gone is left out', () => {
  const back = fromSaved(
    toSaved(prompt, () => 'key'),
    new Map(),
  );
  expect(back.question).toMatchObject({ question: '<image>', pictures: [] });
});

test('whatever lies in the storage is a prompt or null, and what is taken can be shown', () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const good = toSaved(prompt, () => 'key');
  let [refused, taken] = [0, 0];
  fc.assert(
    fc.property(damaged(good), (value) => {
      const saved = parseSaved(value);
      if (!saved) {
        refused++;
        return;
      }
      taken++;
      const state = fromSaved(saved, new Map([['key', cat]]));
      for (const card of [...state.examples, state.question]) {
        expect([typeof card.question, typeof card.answer, typeof card.free]).toEqual([
          'string',
          'string',
          'string',
        ]);
      }
      expect(parseSaved(toSaved(state, () => 'key'))).not.toBeNull();
    }),
    { numRuns: CASES },
  );
  expect(refused).toBeGreaterThan(CASES / 4);
  expect(taken).toBeGreaterThan(CASES / 20);
});
