/** The list of stored models: what is there and how large, whether it is whole, and how it goes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../tools/project.mjs';
import { withBrowser } from '../support/browser.ts';
import { type FaultyServer, serveFaulty } from '../support/faulty.ts';
import { loadModel } from '../support/page.ts';
import { damageStored, storedKeys } from '../support/stored.ts';
import { MODEL } from '../support/tiny.ts';

const browser = withBrowser();
const { shards, title } = JSON.parse(
  readFileSync(join(ROOT, 'public', MODEL, 'manifest.json'), 'utf8'),
);
const { path, sha256 } = shards[0];

let server: FaultyServer;
beforeEach(async () => {
  server = await serveFaulty();
});
afterEach(() => server.close());

const query = (model: string) => `?model=${model}&backend=wasm`;
const list = (page: Page) => page.getByRole('dialog').innerText();

async function openList(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Stored models' }).click();
  await page.getByText('This page uses').waitFor();
}

test('a model is listed, verified, repaired and deleted', async () => {
  const page = await browser.openPage(server.url + query('tiny-random'), {
    // The browser is asked to keep what is stored, once, when the person loads.
    before: async (context) => {
      await context.addInitScript(() => {
        // Not on the empty page that comes first.
        if (!isSecureContext) return;
        navigator.storage.persist = async () => {
          document.documentElement.dataset.persist = 'asked';
          return true;
        };
      });
    },
  });
  await openList(page);
  expect(await list(page)).toContain('No model is stored yet.');
  await page.getByRole('button', { name: 'Close' }).click();
  expect(await page.locator('html').getAttribute('data-persist')).toBeNull();
  await loadModel(page);
  expect(await page.locator('html').getAttribute('data-persist')).toBe('asked');

  await openList(page);
  await expect.poll(() => list(page)).toMatch(/Tiny random .*: 0\.\d MB, works without a network/);
  await page.getByRole('button', { name: `Verify ${title}` }).click();
  await page.getByText('Every file is as it should be.').waitFor();
  await damageStored(page, sha256);
  await page.getByRole('button', { name: `Verify ${title}` }).click();
  await page.getByText(`Damaged and deleted: ${path}.`).waitFor();
  await expect.poll(() => list(page)).toMatch(/so far, not complete/);

  await page.reload();
  await loadModel(page);
  expect(server.requests(path)).toEqual(['whole', 'whole']);
  expect(server.requests(shards[1].path)).toEqual(['whole']);
  await openList(page);
  await page.getByRole('button', { name: `Delete ${title}` }).click();
  await page.getByText('Deleted.').waitFor();
  await expect.poll(() => list(page)).toContain('No model is stored yet.');
  expect(await storedKeys(page, 'flamingo-weights')).toEqual([]);
});

test('deleting a model leaves what another shares with it, and what none needs is told apart', async () => {
  server.options.aliases['models/copy/'] = MODEL;
  const page = await browser.openPage(server.url + query('tiny-random'));
  await loadModel(page);
  await page.goto(server.url + query('copy'));
  await loadModel(page);
  await openList(page);
  const remove = page.getByRole('button', { name: `Delete ${title}` });
  expect(await remove.count()).toBe(2);
  await remove.first().click();
  await page.getByText('Deleted.').waitFor();
  await expect.poll(() => remove.count()).toBe(1);
  expect(await list(page)).toMatch(/works without a network/);
  expect(server.requests(path)).toEqual(['whole']);

  await page.evaluate(async () => {
    const open = indexedDB.open('flamingo-weights');
    await new Promise((resolve) => open.addEventListener('success', resolve));
    const store = open.result.transaction('blobs', 'readwrite').objectStore('blobs');
    const put = store.put(new Blob([new Uint8Array(3e6)]), 'f'.repeat(64));
    await new Promise((resolve) => put.addEventListener('success', resolve));
    open.result.close();
  });
  await page.getByRole('button', { name: 'Close' }).click();
  await openList(page);
  await expect.poll(() => list(page)).toContain('3.0 MB that no model needs any more');
  await page.getByRole('button', { name: 'Delete what is not needed' }).click();
  await page.getByText('Deleted.').waitFor();
  await expect.poll(() => list(page)).not.toContain('no model needs');
  expect(await list(page)).toMatch(/works without a network/);
});
