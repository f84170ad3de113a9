import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { FileRef } from '../manifest.ts';
import type { LoadProgress } from '../protocol.ts';
import { filesIn, manifestIn } from './folder.ts';

const { signal } = new AbortController();
const file = (name: string, text: string) => new File([text], name);
const ref = (path: string, text: string): FileRef => ({
  path,
  bytes: text.length,
  sha256: createHash('sha256').update(text).digest('hex'),
});

it('gives the files that are asked for, and counts their bytes', async () => {
  const folder = { a: file('a', 'one'), b: file('b', 'four'), more: file('more', 'x') };
  const progress: LoadProgress[] = [];
  const wanted = [ref('a', 'one'), ref('b', 'four')];
  const found = await filesIn(folder, wanted, signal, (news) => progress.push(news));
  expect([...found]).toEqual([
    ['a', folder.a],
    ['b', folder.b],
  ]);
  expect(progress.at(-1)).toMatchObject({
    stage: 'download',
    source: 'cache',
    loaded: 7,
    total: 7,
  });
});

it.each([
  ['missing', {}],
  ['of another size', { a: file('a', 'ones') }],
  ['of other bytes', { a: file('a', 'two') }],
])('refuses a file that is %s', async (_, folder) => {
  const found = filesIn(folder, [ref('a', 'one')], signal, () => {});
  await expect(found).rejects.toMatchObject({ code: 'hash-mismatch', message: /^a is / });
});

it('ends when it is not wanted any more', async () => {
  const stop = AbortSignal.abort(new Error('enough'));
  const found = filesIn({ a: file('a', 'one') }, [ref('a', 'one')], stop, () => {});
  await expect(found).rejects.toThrow('enough');
});

it.each([
  ['no manifest', {}, /no manifest\.json in this folder/],
  ['one that is no JSON', { 'manifest.json': file('manifest.json', '{') }, /cannot be read/],
  ['one that is no manifest', { 'manifest.json': file('manifest.json', '{}') }, /./],
])('refuses a folder with %s', async (_, folder, message) => {
  await expect(manifestIn(folder)).rejects.toMatchObject({ code: 'bad-manifest' });
  await expect(manifestIn(folder)).rejects.toThrow(message);
});
