import { describe, expect, test } from 'vitest';
import { parseLines } from './parse.mjs';

/** @param {unknown} line */
const parse = (line) => parseLines(typeof line === 'string' ? line : JSON.stringify(line))[0];

/** @param {unknown} line */
function fault(line) {
  const parsed = parse(line);
  if (!parsed || parsed.ok) throw new Error('a bad line was accepted');
  return parsed.message;
}

const prompt = [{ image: 'cat.jpg' }, { text: 'Caption:' }];

describe('good lines', () => {
  test('the shortest one', () => {
    expect(parse({ id: 'a', prompt })).toEqual({
      ok: true,
      number: 1,
      ask: { id: 'a', examples: [], prompt },
      ignored: [],
    });
  });

  test('everything at once', () => {
    const ask = {
      id: 7,
      examples: [[{ frames: ['1.png', '2.png'] }, { text: ' a wave' }]],
      prompt,
      maxNewTokens: 5,
      candidates: ['cat', 'dog'],
    };
    expect(parse(ask)).toEqual({ ok: true, number: 1, ask, ignored: [] });
  });

  test('keys that mean nothing are told', () => {
    expect(parse({ id: 'a', prompt, maxTokens: 3 })).toMatchObject({ ignored: ['maxTokens'] });
  });

  test('lines are numbered as in the file: empty ones, a BOM and CRLF do not matter', () => {
    const line = JSON.stringify({ id: 'a', prompt });
    const other = JSON.stringify({ id: 'b', prompt });
    const lines = parseLines(`\uFEFF${line}\r\n\r\n  \n${other}\n`);
    expect(lines.map(({ ok, number }) => [ok, number])).toEqual([
      [true, 1],
      [true, 4],
    ]);
  });
});

describe('bad lines', () => {
  test('do not spoil the others, and keep their id where it is known', () => {
    const lines = parseLines(
      ['{', JSON.stringify({ id: 'b' }), JSON.stringify({ id: 'c', prompt })].join('\n'),
    );
    expect(lines.map((line) => (line.ok ? line.ask.id : [line.number, line.id]))).toEqual([
      [1, null],
      [2, 'b'],
      'c',
    ]);
  });

  test('an id that stands twice', () => {
    const line = JSON.stringify({ id: 'a', prompt });
    expect(parseLines(`${line}\n${line}`)[1]).toMatchObject({
      ok: false,
      id: 'a',
      message: 'Line 2: "id" "a" stands on line 1 too.',
    });
  });

  const segments = 'must be {"text": …}, {"image": PATH} or {"frames": [PATH…]}.';
  test.each([
    ['nonsense', /^Line 1: it is not JSON \(.+\)\.$/],
    ['[1]', 'Line 1: it is not an object; a line looks like {"id": …, "prompt": […]}.'],
    [{ prompt }, 'Line 1: "id" must be a text or a number.'],
    [{ id: '', prompt }, 'Line 1: "id" must be a text or a number.'],
    [{ id: 1 }, 'Line 1: "prompt" must be a list of one or more segments.'],
    [{ id: 1, prompt: 'hello' }, 'Line 1: "prompt" must be a list of one or more segments.'],
    [{ id: 1, prompt: [] }, 'Line 1: "prompt" must be a list of one or more segments.'],
    [{ id: 1, prompt: ['hello'] }, `Line 1: segment 1 of "prompt" ${segments}`],
    [{ id: 1, prompt: [{ text: 'a' }, { text: 3 }] }, `Line 1: segment 2 of "prompt" ${segments}`],
    [{ id: 1, prompt: [{ text: '', image: '' }] }, `Line 1: segment 1 of "prompt" ${segments}`],
    [{ id: 1, prompt: [{ image: '' }] }, `Line 1: segment 1 of "prompt" ${segments}`],
    [{ id: 1, prompt: [{ frames: [] }] }, `Line 1: segment 1 of "prompt" ${segments}`],
    [{ id: 1, prompt, examples: {} }, 'Line 1: "examples" must be a list of lists of segments.'],
    [
      { id: 1, prompt, examples: [prompt, []] },
      'Line 1: example 2 must be a list of one or more segments.',
    ],
    [{ id: 1, prompt, maxNewTokens: 0 }, 'Line 1: "maxNewTokens" must be a whole number above 0.'],
    [
      { id: 1, prompt, maxNewTokens: '9' },
      'Line 1: "maxNewTokens" must be a whole number above 0.',
    ],
    [
      { id: 1, prompt, candidates: ['cat', ''] },
      'Line 1: "candidates" must be a list of one or more texts, none of them empty.',
    ],
  ])('%j', (line, message) => {
    if (message instanceof RegExp) expect(fault(line)).toMatch(message);
    else expect(fault(line)).toBe(message);
  });
});
