import { expect, test } from 'vitest';
import { Failure } from './failure.ts';
import { locating, placeOf } from './place.ts';
import type { Prompt, Segment } from './protocol.ts';

const image: Segment = { type: 'image', blob: new Blob() };
const text: Segment = { type: 'text', text: 'a' };
const clip: Segment = { type: 'frames', blobs: [] };
const prompt: Prompt = { examples: [[image, text, clip], [text], [image]], prompt: [text, image] };

test('media are counted over chunks, texts are not', () => {
  expect([0, 1, 2, 3].map((item) => placeOf(prompt, item))).toEqual([
    'Example 1',
    'Example 1',
    'Example 3',
    'The question',
  ]);
  expect(() => placeOf(prompt, 4)).toThrow(RangeError);
});

test('a failure of a picture gets its place, others stay as they are', async () => {
  const broken = new Failure('image-decode', 'This is broken.', { detail: 'why' });
  await expect(locating(prompt, 2, Promise.reject(broken))).rejects.toMatchObject({
    code: 'image-decode',
    message: 'Example 3: This is broken.',
    detail: 'why',
  });
  const gone = new DOMException('gone', 'NotReadableError');
  await expect(locating(prompt, 3, Promise.reject(gone))).rejects.toMatchObject({
    message: expect.stringMatching(/^The question: .*add it again\.$/),
  });
  const lost = new Failure('device-lost', 'Lost.');
  await expect(locating(prompt, 0, Promise.reject(lost))).rejects.toBe(lost);
  expect(await locating(prompt, 0, Promise.resolve(7))).toBe(7);
});
