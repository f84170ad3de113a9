/** The built page with the tiny model on WASM, used as a person uses it. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { withBrowser } from '../support/browser.ts';
import {
  answerOf,
  copyPicture,
  dropFiles,
  example,
  loadModel,
  tabTo,
  watchText,
} from '../support/page.ts';

const { openPage, expectErrors } = withBrowser();
const TINY = '?model=tiny-random&backend=wasm';

const ask = (page: Page) => page.getByRole('button', { name: 'Ask', exact: true }).click();
const answered = (page: Page) => page.getByRole('button', { name: 'Again' }).waitFor();
const pictureOf = (page: Page, card: string) =>
  page.getByRole('group', { name: card }).locator('figure img');

/** Takes one of the page's own pictures into the question. */
async function tryPicture(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: `Try: ${title}` }).click();
  await page.getByAltText(`Your picture: ${title}`).waitFor();
}

/** True when the picture was decoded and drawn. */
function drawn(page: Page, card: string): Promise<boolean> {
  return pictureOf(page, card).evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    return image.naturalWidth > 0;
  });
}

async function openLoaded(query = TINY): Promise<Page> {
  const page = await openPage(query);
  await loadModel(page);
  return page;
}

describe('before a model is loaded', () => {
  it('says how large the download is and where the model will run', async () => {
    const page = await openPage(TINY);
    await page.getByRole('button', { name: /^Load the model \([\d.]+ MB\)$/ }).waitFor();
    await loadModel(page);
    expect(await page.locator('header').innerText()).toMatch(/WASM/);
  });

  it('shows a worked example with its stored answer, and takes it as a prompt', async () => {
    const file = new URL('../../public/examples/worked.json', import.meta.url);
    const worked: { answer: string; examples: { answer: string }[] } = JSON.parse(
      readFileSync(file, 'utf8'),
    );
    const page = await openPage(TINY);
    const figure = page.getByRole('figure').filter({ hasText: 'made-up names' });
    expect(await figure.locator('strong').innerText()).toBe(worked.answer);
    await page.getByRole('button', { name: 'Take this prompt' }).click();
    await page.getByAltText('Your picture: cat-near.jpg').waitFor();
    for (const [index, { answer }] of worked.examples.entries()) {
      const name = page.getByRole('group', { name: `Example ${index + 1}` }).getByRole('textbox');
      expect(await name.inputValue()).toBe(answer);
      expect(await drawn(page, `Example ${index + 1}`)).toBe(true);
    }
    expect(await figure.count()).toBe(0);
    await loadModel(page);
    await ask(page);
    await answered(page);
  });

  it('takes a prompt and keeps it through loading', async () => {
    const page = await openPage(TINY);
    await page.getByRole('radio', { name: 'Question' }).check({ force: true });
    await page.getByLabel('Your picture: question').fill('What is <image> this?');
    await tryPicture(page, 'A cat');
    await ask(page);
    await page.getByText('Load the model first.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Load/);
    await loadModel(page);
    expect(await page.getByLabel('Your picture: question').inputValue()).toBe(
      'What is <image> this?',
    );
    expect(await drawn(page, 'Your picture')).toBe(true);
    await ask(page);
    await answered(page);
  });
});

describe('a photo', () => {
  it('is picked; the answer streams, with its speed and the time to its first token', async () => {
    const page = await openLoaded();
    await page.getByLabel('Add a picture to “Your picture”').setInputFiles(example('cat.jpg'));
    expect(await drawn(page, 'Your picture')).toBe(true);
    const texts = await watchText(page, 'answer');
    await ask(page);
    await answered(page);
    expect((await texts()).length).toBeGreaterThan(2);
    const figures = await page
      .getByRole('region', { name: 'Answer' })
      .locator('dl')
      .first()
      .innerText();
    expect(figures).toMatch(/First token\s+[\d.]+ s/);
    expect(figures).toMatch(/Speed\s+[\d.]+ tokens\/s/);
    expect(figures).toMatch(/Pictures encoded\s+1 of 1/);
  });

  it('is dropped on a card, on new examples, and beside all cards', async () => {
    const page = await openLoaded();
    await dropFiles(page, page.getByRole('group', { name: 'Your picture' }), [example('cat.jpg')]);
    expect(await drawn(page, 'Your picture')).toBe(true);
    const more = [example('flower.jpg'), example('coffee.jpg')];
    await dropFiles(page, page.getByRole('button', { name: 'Add an example' }), more);
    expect(await drawn(page, 'Example 1')).toBe(true);
    expect(await drawn(page, 'Example 2')).toBe(true);
    await dropFiles(page, page.getByRole('heading', { level: 1 }), [example('rocket.jpg')]);
    await page.getByAltText('Your picture: rocket.jpg').waitFor();
    await page.getByLabel('Example 1: caption').fill('a flower');
    await page.getByLabel('Example 2: caption').fill('a cup of coffee');
    await ask(page);
    await answered(page);
    expect(await page.getByText('3 of 3').count()).toBe(1);
  });

  it('is pasted into the card in focus, else into the question', async () => {
    const page = await openLoaded();
    await copyPicture(page, 'examples/coffee.jpg');
    await page.keyboard.press('Control+V');
    expect(await drawn(page, 'Your picture')).toBe(true);
    await page.getByRole('button', { name: 'Add an example' }).click();
    await page.getByLabel('Example 1: caption').fill('a cup of coffee');
    await page.keyboard.press('Control+V');
    expect(await drawn(page, 'Example 1')).toBe(true);
    await ask(page);
    await answered(page);
  });

  it('goes, and its address with it', async () => {
    const page = await openPage(TINY);
    await tryPicture(page, 'A cat');
    const address = (await pictureOf(page, 'Your picture').getAttribute('src')) ?? '';
    expect(address).toMatch(/^blob:/);
    await page.getByRole('button', { name: 'Remove the picture A cat' }).click();
    expectErrors(/ERR_FILE_NOT_FOUND/);
    const gone = page.evaluate(
      (url: string) =>
        fetch(url)
          .then(() => false)
          .catch(() => true),
      address,
    );
    expect(await gone).toBe(true);
  });
});

describe('an answer', () => {
  it('stops at a key and keeps what was written', async () => {
    // On an emulated GPU, which the page says; it is slow enough for a person to stop it.
    const page = await openLoaded('?model=tiny-random&backend=webgpu');
    expect(await page.locator('header').innerText()).toMatch(/emulated GPU/);
    await tryPicture(page, 'A cat');
    await ask(page);
    await page.waitForFunction(() => document.querySelector('[data-testid="answer"]')?.textContent);
    await page.keyboard.press('Escape');
    await page.getByText('Stopped.', { exact: true }).waitFor();
    expect(await answerOf(page).innerText()).not.toBe('');
    const figures = page.getByRole('region', { name: 'Answer' }).locator('dl').first();
    const written = /Written\s+(\d+)/.exec(await figures.innerText())?.[1];
    expect(Number(written)).toBeLessThan(10);
    await page.getByRole('button', { name: 'Ask', exact: true }).waitFor();
  });

  it('is kept as an example, which can be moved, and labels are ranked', async () => {
    const page = await openLoaded();
    await page.getByRole('radio', { name: 'Classify' }).check({ force: true });
    await tryPicture(page, 'A cat');
    await ask(page);
    await answered(page);
    await page.getByRole('button', { name: 'Keep as example' }).click();
    await page.getByLabel('Example 1: name').fill('cat');
    await page.getByRole('button', { name: 'Add an example' }).click();
    await page.getByLabel('Add a picture to “Example 2”').setInputFiles(example('coffee.jpg'));
    await page.getByLabel('Example 2: name').fill('coffee');
    await page.keyboard.press('Alt+ArrowUp');
    expect(await page.getByLabel('Example 1: name').inputValue()).toBe('coffee');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Example 1: name',
    );
    await tryPicture(page, 'A flower');
    await page.getByRole('button', { name: 'Rank labels' }).click();
    const labels = page.getByRole('list', { name: 'Labels, likeliest first' });
    await labels.waitFor();
    const shares = (await labels.innerText()).match(/\d+(?= %)/g) ?? [];
    expect(shares).toHaveLength(2);
    expect(Number(shares[0]) + Number(shares[1])).toBe(100);
    expect(Number(shares[0])).toBeGreaterThanOrEqual(50);
  });
});

it('needs no mouse', async () => {
  const page = await openPage(TINY);
  await tabTo(page, /^Load/);
  await page.keyboard.press('Enter');
  await page.locator('header [data-status="ready"]').waitFor();
  await tabTo(page, /^Caption$/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await tabTo(page, /^Your picture: question$/);
  await page.keyboard.type('What is this?');
  await tabTo(page, /^Try: A cat$/);
  await page.keyboard.press('Enter');
  await page.getByAltText('Your picture: A cat').waitFor();
  await page.keyboard.press('Control+Enter');
  await answered(page);
  await tabTo(page, /^Keep as example$/);
  await page.keyboard.press('Space');
  await page.getByRole('group', { name: 'Example 1' }).waitFor();
  expect(await page.getByLabel('Example 1: question').inputValue()).toBe('What is this?');
});

describe('an error is a sentence', () => {
  it('for a model that does not exist', async () => {
    expectErrors(/404/);
    const page = await openPage('?model=no-such-model');
    const alert = page.getByRole('alert').filter({ hasText: 'No model lies at' });
    expect(await alert.innerText()).toMatch(/Check the name/);
  });

  it('for an address that is not understood', async () => {
    const page = await openPage('?model=../secret&backend=cuda');
    await page.getByText(/names a model with characters that are not allowed/).waitFor();
    await page.getByText(/unknown backend/).waitFor();
  });

  it('for what is missing in the prompt, with the focus there', async () => {
    const page = await openLoaded();
    await ask(page);
    await page.getByRole('alert').filter({ hasText: 'Add a picture to ask about' }).waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await expect.poll(focused).toBe('Add a picture to “Your picture”');
  });

  it('for a file that is no picture, and for one that cannot be decoded; the prompt stays', async () => {
    const page = await openLoaded();
    const pick = page.getByLabel('Add a picture to “Your picture”');
    await pick.setInputFiles({
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('hi'),
    });
    await page.getByRole('alert').filter({ hasText: 'notes.txt: not a picture' }).waitFor();
    await page.getByRole('radio', { name: 'Question' }).check({ force: true });
    await page.getByLabel('Your picture: question').fill('What is this?');
    await pick.setInputFiles({
      name: 'cat.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from('no jpeg'),
    });
    await page.getByRole('alert').filter({ hasText: 'cannot be shown' }).waitFor();
    await ask(page);
    const alert = page.getByRole('region', { name: 'Answer' }).getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/^[A-Z].*\.$/);
    expect(await page.getByLabel('Your picture: question').inputValue()).toBe('What is this?');
    await tryPicture(page, 'A cat');
    await ask(page);
    await answered(page);
  });
});

describe('for everyone', () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  /** What axe-core finds, as `rule: element`. */
  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate(async () => {
      const { axe } = window as unknown as { axe: typeof import('axe-core') };
      const { violations } = await axe.run();
      return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
    });
  }

  it.each(['light', 'dark'] as const)('axe-core finds nothing, in the %s', async (colorScheme) => {
    const page = await openPage(TINY);
    await page.emulateMedia({ colorScheme });
    await page.getByRole('button', { name: 'Try: A cat' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('radio', { name: 'Classify' }).check({ force: true });
    await page.getByRole('button', { name: 'Add an example' }).click();
    await page.getByText('Options').click();
    await page.getByText('Sampled').click();
    await page.getByText('Pictures and licences').click();
    await ask(page);
    await loadModel(page);
    expect(await violations(page)).toEqual([]);
    await tryPicture(page, 'A cat');
    await ask(page);
    await answered(page);
    expect(await violations(page)).toEqual([]);
  });

  it('320 pixels are enough, before and after', async () => {
    const page = await openPage(TINY);
    await page.setViewportSize({ width: 320, height: 640 });
    const excess = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
    expect(await excess()).toBe(0);
    await loadModel(page);
    await page.getByRole('radio', { name: 'Question' }).check({ force: true });
    await page.getByRole('button', { name: 'Add an example' }).click();
    await page.getByLabel('Add a picture to “Example 1”').setInputFiles(example('palace.jpg'));
    await page.getByLabel('Example 1: question').fill('What is this?');
    await page
      .getByLabel('Example 1: answer')
      .fill('pneumonoultramicroscopicsilicovolcanoconiosis');
    await page.getByLabel('Your picture: question').fill('What is this?');
    await page.getByText('Options').click();
    await page.getByText('Sampled').click();
    await tryPicture(page, 'A cat');
    await ask(page);
    await answered(page);
    expect(await excess()).toBe(0);
  });
});
