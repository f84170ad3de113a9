/** Weights in real Chromium: fetched once with honest progress, checked, damaged ones refused and not kept. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { ASK_PAGE } from '../../tools/ask/session.mjs';
import { ROOT } from '../../tools/project.mjs';
import type { LoadProgress } from '../../workers/protocol.ts';
import { withBrowser } from '../support/browser.ts';
import { MODEL, value } from '../support/tiny.ts';

const browser = withBrowser();
const SHARD = 'language-00.bin';

/** Loads on WASM; gives the result and what was told of each download. */
async function load(page: Page) {
  const modelUrl = new URL(MODEL, browser.url).href;
  return page.evaluate(async (at) => {
    const told: LoadProgress[] = [];
    window.flamingoProgress = (progress) => told.push(progress);
    const result = await window.flamingo.load({ modelUrl: at, backend: 'wasm' });
    const downloads = told.flatMap((entry) => (entry.stage === 'download' ? [entry] : []));
    const sources = Object.fromEntries(downloads.map(({ file, source }) => [file, source]));
    return { result, stages: [...new Set(told.map(({ stage }) => stage))], downloads, sources };
  }, modelUrl);
}

test('files come from the network once, then from storage, with honest progress', async () => {
  const page = await browser.openPage(ASK_PAGE);
  const first = await load(page);
  value(first.result);
  expect(first.stages).toEqual(['download', 'compile', 'warm-up', 'ready']);
  expect(first.sources[SHARD]).toBe('network');
  const { total } = first.downloads[0] ?? { total: 0 };
  const loaded = first.downloads.map((entry) => entry.loaded);
  expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
  expect(loaded.at(-1)).toBe(total);

  await page.reload();
  const second = await load(page);
  value(second.result);
  expect(new Set(Object.values(second.sources))).toEqual(new Set(['cache']));
  expect(Object.keys(second.sources).toSorted()).toEqual(Object.keys(first.sources).toSorted());
  expect(second.downloads.at(-1)).toMatchObject({ loaded: total, total });
});

test('a damaged file is refused by name and not kept', async () => {
  const page = await browser.openPage(ASK_PAGE);
  const bytes = readFileSync(join(ROOT, 'public', MODEL, SHARD));
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  let served = 0;
  await page.context().route(`**/${SHARD}`, (route) => {
    served++;
    return route.fulfill({ body: bytes, contentType: 'application/octet-stream' });
  });
  const { result } = await load(page);
  expect(served).toBe(1);
  expect(result).toMatchObject({
    ok: false,
    error: { code: 'hash-mismatch', message: expect.stringContaining(SHARD), retryable: true },
  });
  await page.context().unroute(`**/${SHARD}`);
  const again = await load(page);
  value(again.result);
  expect(again.sources[SHARD]).toBe('network');
});

test('a missing file and a missing model are told apart from a damaged one', async () => {
  browser.expectErrors(/404/);
  const page = await browser.openPage(ASK_PAGE);
  await page.context().route(`**/${SHARD}`, (route) => route.fulfill({ status: 404 }));
  const missing = await load(page);
  expect(missing.result).toMatchObject({ ok: false, error: { code: 'http' } });
  const none = await page.evaluate(
    (modelUrl) => window.flamingo.load({ modelUrl, backend: 'wasm' }),
    new URL('models/none/', browser.url).href,
  );
  expect(none).toMatchObject({ ok: false, error: { code: 'http' } });
});
