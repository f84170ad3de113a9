/** What a person does on the page, for browser tests. */
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';

/** The file of a picture that ships with the page. */
export function example(name: string): string {
  return fileURLToPath(new URL(`../../public/examples/${name}`, import.meta.url));
}

/** Presses Load and waits until the model is ready. */
export async function loadModel(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Load/ }).click();
  await page.locator('header [data-status="ready"]').waitFor();
}

/** The text that the model has written so far. */
export function answerOf(page: Page): Locator {
  return page.getByTestId('answer');
}

/** Drops files of this machine on an element, as the browser itself does. */
export async function dropFiles(page: Page, target: Locator, files: string[]): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  if (!box) throw new Error('The target of the drop is not visible.');
  const session = await page.context().newCDPSession(page);
  const place = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...place, data });
  }
  await session.detach();
}

/** Puts a picture of the page's site into the clipboard as a PNG, which is how browsers and tools copy pictures. */
export async function copyPicture(page: Page, address: string): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(async (url) => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
    const png = await canvas.convertToBlob({ type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
  }, address);
}

/** Presses Tab until an element has the focus whose name matches. Throws where none has within 60 presses. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : null;
      const words = element?.textContent || element?.querySelector('img')?.alt;
      return element?.getAttribute('aria-label') ?? label ?? words ?? '';
    });
    if (name.test(focused)) return;
    seen.push(focused);
  }
  throw new Error(`No element ${name} in the order of Tab: ${seen.join(' | ')}`);
}

/** Collects each text an element shows from now on; the returned function gives them. */
export async function watchText(page: Page, testId: string): Promise<() => Promise<string[]>> {
  await page.evaluate((id) => {
    const texts: string[] = [];
    Object.assign(window, { watchedTexts: texts });
    const read = () => {
      const shown = document.querySelector(`[data-testid="${id}"]`)?.textContent;
      if (shown && shown !== texts.at(-1)) texts.push(shown);
    };
    new MutationObserver(read).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  }, testId);
  return () => page.evaluate(() => Reflect.get(window, 'watchedTexts') as string[]);
}
