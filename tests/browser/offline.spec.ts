/** The service worker in real Chromium: no network after one visit, isolation without headers, versions that never mix. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeWorker } from '../../tools/build/plugin.ts';
import { ROOT } from '../../tools/project.mjs';
import { withBrowser } from '../support/browser.ts';
import { type FaultyServer, serveFaulty } from '../support/faulty.ts';
import { answerOf, example, loadModel } from '../support/page.ts';

const browser = withBrowser();
const TINY = '?model=tiny-random&backend=';
const HEADING = 'Show a picture or two with words.';

let server: FaultyServer;
let folders: string[] = [];
beforeEach(async () => {
  // Any path of a static host that sets no headers at all.
  server = await serveFaulty(join(ROOT, 'dist'), '/people/flamingo/');
});
afterEach(async () => {
  await server.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
  folders = [];
});

/** A first visit, up to the point where all is kept. */
async function visit(query: string): Promise<Page> {
  const page = await browser.openPage(server.url + query, { serviceWorkers: 'allow' });
  await isolated(page);
  return page;
}

/** Waits for the reload that gives the page its isolation. */
async function isolated(page: Page): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => crossOriginIsolated).catch(() => false), { timeout: 240_000 })
    .toBe(true);
}

async function askAbout(page: Page, picture: string): Promise<string> {
  await page.getByLabel('Add a picture to “Your picture”').setInputFiles(example(picture));
  return answer(page);
}

async function answer(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('button', { name: 'Again' }).waitFor();
  return answerOf(page).innerText();
}

/** Two models are compiled for an emulated GPU, three times: long on a busy machine. */
const LONG_MS = 900_000;

describe('loaded once, then the server is gone', () => {
  test.each(['webgpu', 'wasm'])(
    'a new tab answers about a new photo on %s',
    async (backend) => {
      browser.expectErrors(/ERR_CONNECTION_REFUSED|Failed to load resource/);
      const first = await visit(TINY + backend);
      await loadModel(first);
      const { url } = server;
      await server.close();

      const tab = await first.context().newPage();
      await tab.goto(url + TINY + backend);
      expect(await tab.evaluate(() => crossOriginIsolated)).toBe(true);
      await loadModel(tab);
      expect(await askAbout(tab, 'coffee.jpg')).not.toBe('');
    },
    LONG_MS,
  );

  test('a reload answers too, about a picture of the page', async () => {
    browser.expectErrors(/ERR_CONNECTION_REFUSED|Failed to load resource/);
    const page = await visit(`${TINY}wasm`);
    await loadModel(page);
    await server.close();
    await page.reload();
    await page.getByRole('button', { name: 'Try: A flower' }).click();
    await page.getByAltText('Your picture: A flower').waitFor();
    await page.reload();
    await page.getByAltText('Your picture: A flower').waitFor();
    await loadModel(page);
    expect(await answer(page)).not.toBe('');
  });
});

/** The build with another heading, its scripts under other names, as a new version has them. */
function nextVersion(heading: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flamingo-version-'));
  folders.push(folder);
  cpSync(join(ROOT, 'dist'), folder, {
    recursive: true,
    filter: (path) => !path.includes('smollm2'),
  });
  const assets = join(folder, 'assets');
  const old = readdirSync(assets).find((name) => /^index-.*\.js$/.test(name)) ?? '';
  const code = readFileSync(join(assets, old), 'utf8');
  expect(code).toContain(HEADING);
  writeFileSync(join(assets, old), code.replace(HEADING, heading));
  renameSync(join(assets, old), join(assets, 'index-Next.js'));
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  writeFileSync(join(folder, 'index.html'), page.replace(old, 'index-Next.js'));
  completeWorker(folder);
  return folder;
}

const heading = (page: Page) => page.locator('#intro-heading').innerText();

describe('an update', () => {
  test('waits, keeps the prompt, and leaves other tabs whole', async () => {
    const page = await visit(`${TINY}wasm`);
    await page.getByRole('radio', { name: 'Question' }).check({ force: true });
    await page.getByLabel('Your picture: question').fill('Is it kept?');
    await page.getByRole('button', { name: 'Try: A cat' }).click();
    await page.getByAltText('Your picture: A cat').waitFor();
    const other = await page.context().newPage();
    await other.goto(`${server.url}${TINY}wasm`);

    server.options.folder = nextVersion('A new version.');
    const before = server.requests('index-Next.js').length;
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await page.getByText('A new version of this page is ready.').waitFor();
    expect(server.requests('index-Next.js')).toHaveLength(before + 1);
    // A reload stays with the old version, whole: the new one waits for the person.
    await page.reload();
    expect(await heading(page)).toContain(HEADING);

    await page.getByRole('button', { name: 'Update now' }).click();
    await page.getByText('A new version.', { exact: false }).first().waitFor();
    expect(await heading(page)).toContain('A new version.');
    expect(await page.getByLabel('Your picture: question').inputValue()).toBe('Is it kept?');
    await page.getByAltText('Your picture: A cat').waitFor();

    // The other tab still runs the old one, though its scripts are gone from the server.
    expect(await heading(other)).toContain(HEADING);
    await loadModel(other);
    expect(await askAbout(other, 'cat.jpg')).not.toBe('');
  });

  test('that is half on the server changes nothing', async () => {
    browser.expectErrors(/integrity|Failed to load resource/);
    const page = await visit(`${TINY}wasm`);
    server.options.folder = nextVersion('A new version.');
    writeFileSync(join(server.options.folder, 'assets', 'index-Next.js'), 'another file');
    const state = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const found = new Promise<ServiceWorker | null>((resolve) => {
        registration.addEventListener('updatefound', () => resolve(registration.installing));
      });
      await registration.update().catch(() => {});
      const worker = await found;
      while (worker && worker.state !== 'redundant' && worker.state !== 'installed') {
        await new Promise((resolve) => worker.addEventListener('statechange', resolve));
      }
      return worker?.state;
    });
    expect(state).toBe('redundant');
    await page.reload();
    expect(await heading(page)).toContain(HEADING);
    await loadModel(page);
  });
});
