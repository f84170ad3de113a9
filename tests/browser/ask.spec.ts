/** `npm run ask` from end to end, on the tiny model: what comes out, line by line, and the exit status. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../tools/project.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flamingo-'));
  copyFileSync(join(ROOT, 'public', 'examples', 'cat.jpg'), join(folder, 'a cat.jpg'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the command on these lines; `answers` are parsed, in order. */
function ask(lines: unknown[], ...options: string[]) {
  const file = join(folder, 'in.jsonl');
  const out = join(folder, 'out.jsonl');
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(file, text.join('\n'));
  const args = [join(ROOT, 'tools', 'ask.mjs'), file, '--out', out, '--model', 'tiny-random'];
  const { status, stderr } = spawnSync(process.execPath, [...args, ...options], {
    encoding: 'utf8',
  });
  if (status === 2) throw new Error(`It did not start: ${stderr}`);
  const answers = readFileSync(out, 'utf8').trimEnd().split('\n');
  return { status, stderr, answers: answers.map((line) => JSON.parse(line)) };
}

const picture = { image: 'a cat.jpg' };
const caption = [picture, { text: 'Caption:' }];

test('an answer, a ranking, and the same answer again', () => {
  const { status, stderr, answers } = ask(
    [
      { id: 1, prompt: caption, maxNewTokens: 3 },
      {
        id: 'ranked',
        examples: [[picture, { text: ' one' }], [{ frames: ['a cat.jpg', 'a cat.jpg'] }]],
        prompt: [picture],
        candidates: ['cat', 'dog', 'a longer one'],
      },
      { id: 'again', prompt: caption, maxNewTokens: 3 },
    ],
    '--backend',
    'wasm',
  );
  expect(stderr).toContain('3 of 3 lines answered.');
  expect(status).toBe(0);
  const [first, ranked, again] = answers;
  expect(first).toMatchObject({
    id: 1,
    text: expect.any(String),
    tokens: expect.any(Array),
    timings: { media: 1, mediaEncoded: 1 },
    backend: 'wasm',
    adapter: expect.any(String),
  });
  expect(first.tokens.length).toBeLessThanOrEqual(3);
  expect(ranked.tokens).toEqual([]);
  expect(ranked.text).toBe(ranked.ranking[0].text);
  const means = ranked.ranking.map((entry: { meanLogprob: number }) => entry.meanLogprob);
  expect(means).toHaveLength(3);
  expect(means).toEqual(means.toSorted((a: number, b: number) => b - a));
  // The prompts between did not leave anything behind, and the picture was not encoded again.
  expect(again).toMatchObject({ text: first.text, tokens: first.tokens });
  expect(again.timings.mediaEncoded).toBe(0);
});

test('lines that fail say why, the others are answered, and the status is 1', () => {
  const { status, answers } = ask([
    'nonsense',
    { id: 'no picture', prompt: [{ image: 'none.jpg' }] },
    { id: 'good', prompt: caption, maxNewTokens: 1 },
  ]);
  expect(status).toBe(1);
  expect(answers).toMatchObject([
    {
      id: null,
      error: { code: 'bad-line', message: expect.stringMatching(/^Line 1: it is not JSON/) },
    },
    {
      id: 'no picture',
      error: { message: expect.stringMatching(/^Line 2: there is no file none/) },
    },
    { id: 'good', text: expect.any(String) },
  ]);
});

test('on WebGPU the answer is the same as on WASM', () => {
  const lines = [{ id: 1, prompt: caption, maxNewTokens: 3 }];
  const [webgpu] = ask(lines, '--backend', 'webgpu').answers;
  const [wasm] = ask(lines, '--backend', 'wasm').answers;
  expect(webgpu).toMatchObject({ backend: 'webgpu', text: wasm.text, tokens: wasm.tokens });
});
