/** Weights over a network and a storage that fail in every way there is: real Chromium, a server with faults, WASM. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ASK_PAGE } from '../../tools/ask/session.mjs';
import { ROOT } from '../../tools/project.mjs';
import type { LoadProgress } from '../../workers/protocol.ts';
import { withBrowser } from '../support/browser.ts';
import { type FaultyServer, serveFaulty } from '../support/faulty.ts';
import { damageStored, storedKeys } from '../support/stored.ts';
import { MODEL, value } from '../support/tiny.ts';
import { beforeWorker } from '../support/worker.ts';

const browser = withBrowser();
const SHARD = 'language-00.bin';
const { shards } = JSON.parse(readFileSync(join(ROOT, 'public', MODEL, 'manifest.json'), 'utf8'));
const sha256: string = shards.find((shard: { path: string }) => shard.path === SHARD).sha256;

let server: FaultyServer;
beforeEach(async () => {
  server = await serveFaulty();
});
afterEach(() => server.close());

const open = (before?: (context: BrowserContext) => Promise<void>) =>
  browser.openPage(server.url + ASK_PAGE, before ? { before } : {});

/** Loads on WASM; what came of it, and what was told on the way. */
async function load(page: Page, model = MODEL) {
  return page.evaluate(async (modelUrl) => {
    const told: LoadProgress[] = [];
    window.flamingoProgress = (progress) => told.push(progress);
    const result = await window.flamingo.load({ modelUrl, backend: 'wasm' });
    return { result, told };
  }, server.url + model);
}

const waits = (told: LoadProgress[]) => told.flatMap((p) => (p.stage === 'waiting' ? [p] : []));

describe('a download', () => {
  test('goes on inside the file after two broken connections', async () => {
    browser.expectErrors(/Failed to load resource/);
    server.fail(SHARD, { type: 'cut', after: 60_000 }, { type: 'cut', after: 50_000 });
    const { result, told } = await load(await open());
    value(result);
    expect(server.requests(SHARD)).toEqual(['whole', 'bytes=60000-', 'bytes=110000-']);
    expect(waits(told)).toMatchObject([
      { file: SHARD, reason: 'unreachable', milliseconds: 500 },
      { file: SHARD, reason: 'unreachable', milliseconds: 500 },
    ]);
  });

  test('goes on in another tab after the first was closed', async () => {
    server.fail(SHARD, { type: 'stall', after: 100_000 });
    const page = await open();
    // It never ends: the tab is closed on it.
    void load(page).catch(() => {});
    await expect
      .poll(() => storedKeys(page, 'flamingo-downloads'))
      .toContainEqual(expect.stringContaining(sha256));
    const context = page.context();
    await page.close();
    const next = await context.newPage();
    await next.goto(server.url + ASK_PAGE);
    value((await load(next)).result);
    expect(server.requests(SHARD)).toEqual(['whole', 'bytes=100000-']);
    expect(await storedKeys(next, 'flamingo-downloads')).toEqual([]);
  });

  test.each<[string, { ranges?: boolean; etag?: string | null }]>([
    ['the server ignores ranges', { ranges: false }],
    ['the file has changed on the server', { etag: '"two"' }],
    ['the server names no version of its files', { etag: null }],
  ])('ends well where %s', async (_, later) => {
    browser.expectErrors(/Failed to load resource/);
    server.fail(SHARD, { type: 'cut', after: 60_000 });
    if (later.etag === null) Object.assign(server.options, later);
    const page = await open();
    const loading = load(page);
    await expect.poll(() => server.requests(SHARD).length).toBe(1);
    Object.assign(server.options, later);
    const { result, told } = await loading;
    value(result);
    expect(server.requests(SHARD)).toEqual(['whole', 'bytes=60000-']);
    const downloads = told.flatMap((p) => (p.stage === 'download' ? [p] : []));
    expect(downloads.at(-1)?.loaded).toBe(downloads.at(-1)?.total);
  });

  test('waits for a busy server, and leaves a connection that has gone to sleep', async () => {
    browser.expectErrors(/Failed to load resource/);
    server.fail(SHARD, { type: 'status', status: 503 }, { type: 'stall', after: 70_000 });
    value((await load(await open())).result);
    expect(server.requests(SHARD)).toEqual(['whole', 'whole', 'bytes=70000-']);
  });

  test('that was corrupted is refused by name and fetched anew', async () => {
    server.fail(SHARD, { type: 'corrupt', at: 1000 });
    const page = await open();
    expect((await load(page)).result).toMatchObject({
      ok: false,
      error: { code: 'hash-mismatch', message: expect.stringContaining(SHARD) },
    });
    value((await load(page)).result);
    expect(server.requests(SHARD)).toEqual(['whole', 'whole']);
  });

  test('without a network says so, keeps what has come, and goes on later', async () => {
    browser.expectErrors(/Failed to load resource/);
    server.fail(SHARD, { type: 'cut', after: 60_000 });
    const page = await open();
    const loading = load(page);
    await expect.poll(() => server.requests(SHARD).length).toBe(1);
    await page.context().setOffline(true);
    const { result, told } = await loading;
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: 'offline',
        retryable: true,
        message: expect.stringMatching(/This device is offline.*What has come already is kept/),
      },
    });
    expect(waits(told).some(({ reason }) => reason === 'offline')).toBe(true);
    await page.context().setOffline(false);
    value((await load(page)).result);
    expect(server.requests(SHARD).at(-1)).toMatch(/^bytes=[1-9]/);
  });

  test('is shared by two tabs', async () => {
    const page = await open();
    const other = await page.context().newPage();
    await other.goto(server.url + ASK_PAGE);
    const both = await Promise.all([load(page), load(other)]);
    for (const { result } of both) value(result);
    for (const { path } of shards) expect(server.requests(path), path).toEqual(['whole']);
  });
});

describe('what is stored', () => {
  test('is shared by models, and by an update that changed other files', async () => {
    server.options.aliases['models/copy/'] = MODEL;
    const page = await open();
    value((await load(page)).result);
    value((await load(page, 'models/copy/')).result);
    expect(server.requests('manifest.json')).toHaveLength(2);
    for (const { path } of shards) expect(server.requests(path), path).toEqual(['whole']);
  });

  test('is thrown away when it went bad, and that file alone is fetched again', async () => {
    const page = await open();
    value((await load(page)).result);
    await damageStored(page, sha256);
    value((await load(page)).result);
    expect(server.requests(SHARD)).toEqual(['whole', 'whole']);
    expect(server.requests('vision-00.bin')).toEqual(['whole']);
    value((await load(page)).result);
    expect(server.requests(SHARD)).toHaveLength(2);
  });

  test('is enough: the model loads from it where its folder cannot be reached', async () => {
    browser.expectErrors(/Failed to load resource/);
    const page = await open();
    value((await load(page)).result);
    await page.context().route(/\/models\//, (route) => route.abort('internetdisconnected'));
    value((await load(page)).result);
    // A network that wants a login answers everything with its page.
    await page.context().unrouteAll();
    await page
      .context()
      .route(/\/models\//, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<h1>Log in</h1>' }),
      );
    value((await load(page)).result);
  });

  test('does not matter to a browser that is full: the model runs from memory', async () => {
    const page = await open();
    const session = await page.context().newCDPSession(page);
    const { origin } = new URL(server.url);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 150_000 });
    expect(value((await load(page)).result).storage).toMatch(/full.*runs from memory.*\.$/);
    // Memory serves the next load of this visit.
    value((await load(page)).result);
    expect(server.requests(SHARD)).toEqual(['whole']);
  });

  test('is asked about before the download: the person hears what will not fit', async () => {
    const code = `StorageManager.prototype.estimate = async () => ({ usage: 1e9, quota: 1.0001e9 })`;
    const { result, told } = await load(await open(beforeWorker(code)));
    expect(value(result).storage).toBeNull();
    const stages = told.map(({ stage }) => stage);
    expect(stages.indexOf('storage')).toBeLessThan(stages.indexOf('download'));
    expect(told.find(({ stage }) => stage === 'storage')).toMatchObject({
      message: expect.stringMatching(/needs [\d.]+ MB more.*only 0\.1 MB.*\.$/),
    });
  });

  test.each([
    [
      'forbidden',
      `Object.defineProperty(self, 'indexedDB', { get() { throw new DOMException('No.', 'SecurityError'); } })`,
    ],
    [
      'broken',
      `IDBFactory.prototype.open = () => { throw new DOMException('Internal error.', 'UnknownError'); }`,
    ],
    ['asleep', `IDBFactory.prototype.open = () => new EventTarget()`],
  ])('is nothing where IndexedDB is %s, and the person hears it', async (_, code) => {
    const { result } = await load(await open(beforeWorker(code)));
    expect(value(result).storage).toMatch(/private window.*runs from memory.*\.$/);
  });
});

test('without JSPI the packed wasm is unpacked, and the model answers', async () => {
  const page = await open(beforeWorker('delete WebAssembly.Suspending'));
  value((await load(page)).result);
  const answer = await page.evaluate(() =>
    window.flamingo.generate({
      id: 'asked',
      examples: [],
      prompt: [{ type: 'text', text: 'A' }],
      maxNewTokens: 1,
    }),
  );
  expect(value(answer).tokens).toHaveLength(1);
});

test('a model of another site is not fetched', async () => {
  const page = await open();
  const result = await page.evaluate(
    (modelUrl) => window.flamingo.load({ modelUrl, backend: 'wasm' }),
    'https://models.example/tiny-random/',
  );
  expect(result).toMatchObject({
    ok: false,
    error: { code: 'bad-manifest', message: expect.stringContaining('another site') },
  });
});
