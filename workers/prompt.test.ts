import { describe, expect, test } from 'vitest';
import { checkLength, layOut } from './prompt.ts';
import type { Chunk, Segment } from './protocol.ts';

const tokens = { start: 1, image: 900, endOfChunk: 901, banned: [900] };
const encode = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0);
const text = (value: string): Segment => ({ type: 'text', text: value });
const image: Segment = { type: 'image', blob: new Blob() };
const clip: Segment = { type: 'frames', blobs: [new Blob(), new Blob()] };
const lay = (examples: Chunk[], prompt: Chunk) => layOut({ examples, prompt }, tokens, encode);

describe('layOut', () => {
  test('examples are closed, the question is open, each token knows its picture', () => {
    const { ids, media, starts, items } = lay([[image, text('a')]], [text('b'), clip, text('c')]);
    expect(ids).toEqual([1, 900, 97, 901, 98, 900, 99]);
    expect(media).toEqual([-1, 0, 0, 0, 0, 1, 1]);
    expect(starts).toEqual([0, 4]);
    expect(items).toEqual([image, clip]);
  });

  test('a model without a start token begins with the first chunk', () => {
    const { ids } = layOut({ examples: [], prompt: [image] }, { ...tokens, start: null }, encode);
    expect(ids).toEqual([900]);
  });

  test('a picture of several tokens is seen from the one that the model looks for', () => {
    const picture = { ids: [7, 900, 7], at: 1, shared: true };
    const { ids, media, items } = layOut(
      { examples: [[image, text('a')]], prompt: [image, clip, text('b'), image] },
      { ...tokens, picture },
      encode,
    );
    expect(ids).toEqual([1, 7, 900, 7, 97, 901, 7, 900, 7, 900, 7, 98, 7, 900, 7]);
    expect(media).toEqual([-1, -1, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3]);
    expect(items).toEqual([image, image, clip, image]);
    const alone = { ids: [5, 6], at: 0, shared: false };
    const side = layOut(
      { examples: [], prompt: [image, image] },
      { ...tokens, picture: alone },
      encode,
    );
    expect(side.ids).toEqual([1, 5, 6, 5, 6]);
    expect(side.media).toEqual([-1, 0, 0, 1, 1]);
  });

  test('marks stand for one token, other names of special tokens are text', () => {
    const markup = { '<answer>': 50, '<end>': 51 };
    const { ids } = layOut(
      { examples: [], prompt: [text('a<answer><end>b<image>')] },
      { ...tokens, markup },
      encode,
    );
    expect(ids).toEqual([1, 97, 50, 51, 98, ...encode('<image>')]);
  });

  test('text segments side by side are encoded as one text', () => {
    const texts: string[] = [];
    layOut({ examples: [], prompt: [text('a '), text(''), text('b')] }, tokens, (value) => {
      texts.push(value);
      return [5];
    });
    expect(texts).toEqual(['a b']);
  });

  test('spaces at the end of the question are dropped, those of examples are kept', () => {
    expect(lay([[text('a ')]], [text('b: '), text(' ')]).ids).toEqual([1, 97, 32, 901, 98, 58]);
  });

  test('an empty chunk is an error that names it', () => {
    expect(() => lay([[image], []], [image])).toThrow(/^Example 2 is empty/);
    expect(() => lay([], [text('  ')])).toThrow(/^The question is empty/);
    expect(() => lay([], [{ type: 'frames', blobs: [] }])).toThrow(/clip without frames/);
  });
});

test('a prompt that leaves too little room is refused with the numbers', () => {
  const prompt = lay([], [text('abcd')]);
  checkLength(prompt, 5, 10);
  expect(() => checkLength(prompt, 6, 10)).toThrow(
    /5 tokens .* need 6, .* 10 in all.* by 1 tokens/,
  );
});
