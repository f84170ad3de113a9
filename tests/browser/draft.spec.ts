/** The prompt is saved as it is edited: it is back after a reload, a crash, and in a new tab after the old one is gone. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { withBrowser } from '../support/browser.ts';
import { example } from '../support/page.ts';
import { storedKeys } from '../support/stored.ts';

const browser = withBrowser();
const QUERY = '?model=tiny-random&backend=wasm';
const question = (page: Page) => page.getByLabel('Your picture: question');

/** A page with a prompt that has been written down: two pictures and the words. */
async function openEdited(): Promise<Page> {
  const page = await browser.openPage(QUERY);
  await page.getByRole('radio', { name: 'Question' }).check({ force: true });
  await page.getByLabel('Add a picture to “Your picture”').setInputFiles(example('cat.jpg'));
  await page.getByRole('button', { name: 'Add an example' }).click();
  await page.getByLabel('Add a picture to “Example 1”').setInputFiles(example('coffee.jpg'));
  await page.getByLabel('Example 1: answer').fill('a cup');
  await question(page).fill('What is <b>this</b>?');
  await saved(page, 'What is <b>this</b>?');
  return page;
}

/** Waits until the words lie in the browser's storage. */
async function saved(page: Page, words: string): Promise<void> {
  const stored = () =>
    page.evaluate(async () => {
      const open = indexedDB.open('flamingo-prompts');
      await new Promise((resolve) => open.addEventListener('success', resolve));
      const all = open.result.transaction('prompts').objectStore('prompts').getAll();
      await new Promise((resolve) => all.addEventListener('success', resolve));
      open.result.close();
      return JSON.stringify(all.result);
    });
  await expect.poll(stored).toContain(words);
}

async function isBack(page: Page): Promise<void> {
  await page.getByAltText('Your picture: cat.jpg').waitFor();
  expect(await question(page).inputValue()).toBe('What is <b>this</b>?');
  expect(await page.getByLabel('Example 1: answer').inputValue()).toBe('a cup');
  const image = page.getByRole('group', { name: 'Example 1' }).locator('figure img');
  const width = await image.evaluate(async (element: HTMLImageElement) => {
    await element.decode();
    return element.naturalWidth;
  });
  expect(width).toBeGreaterThan(0);
}

test('after a reload, and after a crash in a new tab', async () => {
  const page = await openEdited();
  await page.reload();
  await isBack(page);

  const context = page.context();
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => {});
  await crashed;
  const next = await context.newPage();
  await next.goto(browser.url + QUERY);
  await isBack(next);
});

test('two tabs have two prompts, and a closed one is taken over', async () => {
  const page = await openEdited();
  const other = await page.context().newPage();
  await other.goto(browser.url + QUERY);
  await other.getByRole('radio', { name: 'Question' }).check({ force: true });
  expect(await question(other).inputValue()).toBe('');
  await question(other).fill('Another one');
  await saved(other, 'Another one');
  await page.reload();
  await isBack(page);
  await page.close();
  const third = await other.context().newPage();
  await third.goto(browser.url + QUERY);
  await isBack(third);
  expect(await question(other).inputValue()).toBe('Another one');
});

test('a new start leaves nothing behind', async () => {
  const page = await openEdited();
  await page.getByRole('button', { name: 'Start over' }).click();
  expect(await question(page).inputValue()).toBe('');
  await saved(page, '"examples":[]');
  await page.reload();
  await page.getByRole('button', { name: 'Add an example' }).waitFor();
  expect(await page.getByRole('region', { name: 'Prompt' }).locator('figure img').count()).toBe(0);
  // One record, and no picture.
  await expect.poll(() => storedKeys(page, 'flamingo-prompts', 'prompts')).toHaveLength(1);
});
