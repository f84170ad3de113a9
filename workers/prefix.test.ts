import { expect, test } from 'vitest';
import { type Held, nothingHeld, sharedPrefix } from './prefix.ts';

const held: Held = { ids: [1, 9, 5, 6], media: ['', 'a', 'a', 'a'], gates: 1 };

test('the same prompt again computes its last token only', () => {
  expect(sharedPrefix(held, held)).toBe(3);
});

test('a longer prompt keeps all that is held', () => {
  expect(sharedPrefix(held, { ids: [...held.ids, 7], media: [...held.media, 'a'], gates: 1 })).toBe(
    4,
  );
});

test('another token, another picture and other gates end the prefix', () => {
  expect(sharedPrefix(held, { ...held, ids: [1, 9, 4, 6] })).toBe(2);
  expect(sharedPrefix(held, { ...held, media: ['', 'b', 'b', 'b'] })).toBe(1);
  expect(sharedPrefix(held, { ...held, gates: 0 })).toBe(0);
  expect(sharedPrefix(nothingHeld(1), held)).toBe(0);
});
