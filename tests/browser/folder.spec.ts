/** A model out of a folder of the disk: picked or dropped, checked against its manifest, and nothing fetched or kept. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../tools/project.mjs';
import { withBrowser } from '../support/browser.ts';
import { dropFiles, loadModel } from '../support/page.ts';
import { storedKeys } from '../support/stored.ts';
import { MODEL } from '../support/tiny.ts';

const browser = withBrowser();

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'flamingo-')), 'my-model');
  cpSync(join(ROOT, 'public', MODEL), folder, { recursive: true });
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

/** A page of the default model, which is never loaded; requests to the models' folders are counted. */
async function open(): Promise<{ page: Page; asked: string[] }> {
  const page = await browser.openPage('?backend=wasm');
  await page.getByRole('button', { name: /^Load the model \(/ }).waitFor();
  const asked: string[] = [];
  page.context().on('request', (request) => {
    if (request.url().includes('/models/')) asked.push(request.url());
  });
  return { page, asked };
}

const pick = (page: Page) =>
  page.getByLabel('Open a model from a folder on this device').setInputFiles(folder);
const said = (page: Page) => page.getByText('in the folder “my-model”').waitFor();

test('a picked folder answers, with nothing fetched and nothing kept', async () => {
  const { page, asked } = await open();
  expect(await page.getByText(/^Takes about \d+ MB of memory/).innerText()).toContain(
    'WebAssembly',
  );
  await pick(page);
  await said(page);
  await page.getByText(/^Takes about [\d.]+ MB of memory/).waitFor();
  await loadModel(page);
  await page
    .getByRole('button', { name: /^Try: / })
    .first()
    .click();
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('button', { name: 'Again' }).waitFor();
  // The tiny model of the GPU's check is asked for on a GPU only.
  expect(asked).toEqual([]);
  expect(await storedKeys(page, 'flamingo-weights')).toEqual([]);
});

test('a dropped folder is taken too', async () => {
  const { page, asked } = await open();
  await dropFiles(page, page.getByRole('heading', { level: 2 }).first(), [folder]);
  await said(page);
  await loadModel(page);
  expect(asked).toEqual([]);
});

test('a file that is not what the manifest says is named, and the folder can be opened again', async () => {
  const { page } = await open();
  const { shards } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const path = join(folder, shards[0].path);
  const right = readFileSync(path);
  const wrong = Buffer.from(right);
  wrong[100] = (wrong[100] ?? 0) ^ 1;
  writeFileSync(path, wrong);
  await pick(page);
  await said(page);
  await page.getByRole('button', { name: /^Load/ }).click();
  await page.getByText(`${shards[0].path} is not the file that the folder’s manifest`).waitFor();

  rmSync(path);
  await pick(page);
  await page.getByRole('button', { name: /^Load/ }).click();
  await page.getByText(`${shards[0].path} is missing in this folder`).waitFor();

  writeFileSync(path, right);
  await pick(page);
  await said(page);
  await loadModel(page);
});

test('a folder without a manifest is told', async () => {
  const { page } = await open();
  rmSync(join(folder, 'manifest.json'));
  await pick(page);
  await page.getByText('There is no manifest.json in this folder').waitFor();
});
