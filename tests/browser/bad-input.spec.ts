/** Pictures, clips and texts that are not what they should be: each works, or says what is wrong and where. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { ROOT } from '../../tools/project.mjs';
import type { Result } from '../../workers/protocol.ts';
import { flatPng } from '../support/bombs.ts';
import { withBrowser } from '../support/browser.ts';
import { answerOf, loadModel } from '../support/page.ts';
import { openTiny, value } from '../support/tiny.ts';
import { beforeWorker } from '../support/worker.ts';

const browser = withBrowser();
const picture = (name: string) => readFileSync(join(ROOT, 'tests', 'pictures', name));
const photo = picture('photo.jpg');
const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg"><script>globalThis.ran = true</script></svg>',
);

type Outcome = Result<{ text: string; media: number; tokens: number }>;

/**
 * Asks about files in a prompt of one example with text and a question with the files, as a picture or a clip. Each file
 * is followed by `padding` bytes.
 */
async function ask(
  page: Page,
  files: Buffer[],
  { type = 'image', padding = 0 }: { type?: 'image' | 'frames'; padding?: number } = {},
) {
  const contents = files.map((file) => file.toString('base64'));
  return page.evaluate(
    async ([encoded, kind, more]): Promise<Outcome> => {
      const urls = encoded.map((base64) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
        return URL.createObjectURL(new Blob([bytes, new Uint8Array(more)]));
      });
      const media =
        kind === 'image'
          ? urls.map((url) => ({ type: 'image' as const, url }))
          : [{ type: 'frames' as const, urls }];
      const result = await window.flamingo.generate({
        id: 'asked',
        examples: [[{ type: 'text', text: 'first' }]],
        prompt: [...media, { type: 'text', text: 'Caption:' }],
        maxNewTokens: 1,
      });
      for (const url of urls) URL.revokeObjectURL(url);
      if (!result.ok) return result;
      const { text, timings } = result.value;
      return { ok: true, value: { text, media: timings.media, tokens: timings.promptTokens } };
    },
    [contents, type, padding] as const,
  );
}

describe('a picture', () => {
  let page: Page;
  beforeEach(async () => {
    page = await openTiny(browser, 'wasm');
  });

  test('that is none, or too large, is refused by name, and the next one is answered', async () => {
    const cases: [string, Buffer, string, RegExp][] = [
      ['no bytes', Buffer.alloc(0), 'image-decode', /is empty/],
      ['wrong bytes', Buffer.from('this is a text'), 'image-decode', /not a picture/],
      ['an SVG with a script', SVG, 'image-decode', /not a picture/],
      ['a JPEG cut in its header', photo.subarray(0, 100), 'image-decode', /JPEG .* damaged/],
      [
        'a JPEG cut in its middle',
        photo.subarray(0, photo.length / 2),
        'image-decode',
        /JPEG .* damaged/,
      ],
      [
        'a PNG with wrong bytes',
        Buffer.from(picture('photo.png')).fill(7, 60, 4000),
        'image-decode',
        /PNG .* damaged/,
      ],
      ['20,000 px a side', flatPng(20_000, 20_000), 'image-too-large', /20000 × 20000/],
      [
        'a header of 4 billion px',
        flatPng(8, 8, { width: 2 ** 31 - 1, height: 2 }),
        'image-too-large',
        /million pixels/,
      ],
    ];
    for (const [name, bytes, code, message] of cases) {
      const outcome = await ask(page, [bytes]);
      expect.soft(outcome, name).toMatchObject({ ok: false, error: { code } });
      if (outcome.ok) continue;
      expect.soft(outcome.error.message, name).toMatch(/^The question: /);
      expect.soft(outcome.error.message, name).toMatch(message);
    }
    expect(await ask(page, [photo], { padding: 70 * 2 ** 20 })).toMatchObject({
      ok: false,
      error: { code: 'image-too-large', message: expect.stringContaining('70 MB') },
    });
    expect(value(await ask(page, [photo])).media).toBe(1);
    expect(await page.evaluate(() => Reflect.has(globalThis, 'ran'))).toBe(false);
  });

  test('of an odd kind works', async () => {
    const cases: Record<string, Buffer> = {
      'an animated GIF': picture('moving.gif'),
      'a CMYK JPEG': picture('cmyk.jpg'),
      'a 16-bit PNG': picture('deep.png'),
      AVIF: picture('picture.avif'),
      '1 px': picture('dot.png'),
      'a line': picture('line.png'),
      '6,000 px by 1': flatPng(6000, 1),
      '1 px by 6,000': flatPng(1, 6000),
      // Forty-nine million pixels in 6 KB, below the limit.
      'a bomb of 7,000 px a side': flatPng(7000, 7000),
      ...Object.fromEntries(
        [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`EXIF ${n}`, picture(`orientation-${n}.jpg`)]),
      ),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      expect.soft(await ask(page, [bytes]), name).toMatchObject({ ok: true, value: { media: 1 } });
    }
  });

  test('of a clip that does not decode is refused; a good clip is one item', async () => {
    const broken = await ask(page, [photo, Buffer.from('no frame'), photo], { type: 'frames' });
    expect(broken).toMatchObject({
      ok: false,
      error: { code: 'image-decode', message: expect.stringMatching(/^The question: /) },
    });
    expect(await ask(page, [], { type: 'frames' })).toMatchObject({
      ok: false,
      error: { code: 'prompt-empty', message: expect.stringContaining('clip without frames') },
    });
    expect(value(await ask(page, [photo, photo], { type: 'frames' })).media).toBe(1);
  });
});

test('texts: empty, endless, broken, and the names of special tokens', async () => {
  const page = await openTiny(browser, 'wasm');
  const outcomes = await page.evaluate(async () => {
    const say = async (text: string) => {
      const request = { id: text.slice(0, 9), examples: [], maxNewTokens: 2 };
      const result = await window.flamingo.generate({
        ...request,
        prompt: [{ type: 'text', text }],
      });
      return result.ok ? result.value.timings : result.error;
    };
    return {
      empty: await say(''),
      spaces: await say('   '),
      endless: await say('word '.repeat(20_000)),
      endlessWord: await say('x'.repeat(100_000)),
      surrogate: await say('a \ud800 b'),
      special: await say('<image><|endofchunk|><|endoftext|>'),
      other: await say('\u202e\u0000\ufeff\u200d👩‍👩‍👧'),
    };
  });
  expect(outcomes.empty).toMatchObject({ code: 'prompt-empty' });
  expect(outcomes.spaces).toMatchObject({ code: 'prompt-empty' });
  for (const endless of [outcomes.endless, outcomes.endlessWord]) {
    expect(endless).toMatchObject({
      code: 'prompt-too-long',
      message: expect.stringMatching(/The prompt has \d{5,} tokens.*shorten the text by/),
    });
  }
  expect(outcomes.surrogate).toMatchObject({ newTokens: expect.any(Number) });
  expect(outcomes.other).toMatchObject({ newTokens: expect.any(Number) });
  // The start token and many of text: no picture, no end of a chunk.
  expect(outcomes.special).toMatchObject({ media: 0 });
  expect(Reflect.get(outcomes.special, 'promptTokens')).toBeGreaterThan(10);
});

test('an answer with HTML and Markdown is shown as the text it is', async () => {
  const evil =
    '<img src=x onerror="window.ran = true"><b>bold</b> **bold** [link](javascript:alert(1))';
  // The worker says this in place of whatever the model writes.
  const code = `{
    const change = (value) => {
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
      if (typeof value.text === 'string') value.text = ${JSON.stringify(evil)};
      for (const inner of Object.values(value)) change(inner);
    };
    for (const target of [MessagePort.prototype, self]) {
      const { postMessage } = target;
      target.postMessage = function (message, ...rest) {
        change(message);
        return postMessage.call(this, message, ...rest);
      };
    }
  }`;
  const page = await browser.openPage('?model=tiny-random&backend=wasm', {
    before: beforeWorker(code),
  });
  await loadModel(page);
  await page.getByRole('button', { name: 'Try: A cat' }).click();
  await page.getByAltText('Your picture: A cat').waitFor();
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('button', { name: 'Again' }).waitFor();
  expect(await answerOf(page).innerText()).toBe(evil);
  expect(await answerOf(page).locator('*').count()).toBe(0);
  expect(await page.evaluate(() => Reflect.has(window, 'ran'))).toBe(false);
});
