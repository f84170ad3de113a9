import { expect, test, vi } from 'vitest';
import { createAnswerer } from './answer.mjs';
import { parseLines } from './parse.mjs';
import { createPictures } from './pictures.mjs';
import { AskError } from './session.mjs';

const timings = {
  encode: 0,
  prefill: 0,
  decode: 0,
  firstToken: 0,
  total: 0,
  promptTokens: 0,
  prefillTokens: 0,
  newTokens: 0,
  media: 0,
  mediaEncoded: 0,
};

/** @returns {import('./session.mjs').Session} */
function session() {
  return {
    loaded: /** @type {import('./session.mjs').LoadedModel} */ ({
      backend: { backend: 'wasm', adapter: '2 threads', software: false },
    }),
    generate: vi.fn(async () => ({
      text: 'a cat',
      tokens: [5, 6],
      end: /** @type {const} */ ('end-of-chunk'),
      timings,
    })),
    rank: vi.fn(async () => ({
      ranking: [{ text: 'cat', logprob: -2, meanLogprob: -1 }],
      timings,
    })),
    close: vi.fn(async () => {}),
  };
}

/** @param {object} [rest] */
function line(rest) {
  const [parsed] = parseLines(JSON.stringify({ id: 1, prompt: [{ text: 'hi' }], ...rest }));
  if (!parsed) throw new Error('no line');
  return parsed;
}

const pictures = createPictures(import.meta.dirname);

test('one session answers and ranks', async () => {
  const opened = session();
  const open = vi.fn(async () => opened);
  const { answer } = createAnswerer({ open, pictures });
  const where = { timings, backend: 'wasm', adapter: '2 threads' };
  expect(await answer(line())).toEqual({ id: 1, text: 'a cat', tokens: [5, 6], ...where });
  expect(await answer(line({ candidates: ['cat'] }))).toEqual({
    id: 1,
    text: 'cat',
    tokens: [],
    ranking: [{ text: 'cat', logprob: -2, meanLogprob: -1 }],
    ...where,
  });
  expect(open).toHaveBeenCalledTimes(1);
});

test('bad lines and missing pictures need no session, and name their line', async () => {
  const open = vi.fn(async () => session());
  const { answer } = createAnswerer({ open, pictures });
  expect(await answer(line({ prompt: 3 }))).toMatchObject({ id: 1, error: { code: 'bad-line' } });
  const missing = await answer(line({ prompt: [{ image: 'none.jpg' }] }));
  expect(missing.error?.message).toMatch(/^Line 1: there is no file none\.jpg/);
  expect(open).not.toHaveBeenCalled();
});

test('a model that does not load is tried once', async () => {
  const open = vi.fn(async () => {
    throw new AskError('http', 'The manifest answered 404.');
  });
  const { answer } = createAnswerer({ open, pictures });
  const error = { code: 'http', message: 'The manifest answered 404.' };
  expect(await answer(line())).toEqual({ id: 1, error });
  expect(await answer(line())).toEqual({ id: 1, error });
  expect(open).toHaveBeenCalledTimes(1);
});

test('after a lost device the next line gets a new session; after a plain error it keeps its own', async () => {
  const opened = session();
  const open = vi.fn(async () => opened);
  const { answer } = createAnswerer({ open, pictures });
  vi.mocked(opened.generate).mockRejectedValueOnce(new AskError('prompt-too-long', 'Too long.'));
  expect(await answer(line())).toMatchObject({ error: { code: 'prompt-too-long' } });
  expect(opened.close).not.toHaveBeenCalled();
  vi.mocked(opened.generate).mockRejectedValueOnce(new AskError('device-lost', 'Lost.'));
  expect(await answer(line())).toMatchObject({ error: { code: 'device-lost' } });
  expect(opened.close).toHaveBeenCalledTimes(1);
  expect(await answer(line())).toMatchObject({ text: 'a cat' });
  expect(open).toHaveBeenCalledTimes(2);
});
