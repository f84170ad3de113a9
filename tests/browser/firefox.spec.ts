/** A stock Firefox: the page loads, says that it runs on WASM, and answers about a photo. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Site } from '../../tools/serve.mjs';
import { type FirefoxPage, openFirefox } from '../support/firefox.ts';
import { example } from '../support/page.ts';
import { serveBuild } from '../support/server.ts';

let site: Site;
let firefox: FirefoxPage;

beforeAll(async () => {
  site = await serveBuild();
  firefox = await openFirefox();
}, 300_000);
afterAll(async () => {
  await firefox?.close();
  await site?.close();
});

/** Waits until an expression is true on the page. */
const until = (expression: string) =>
  firefox.evaluate(`(async () => {
    while (!(${expression})) await new Promise((resolve) => setTimeout(resolve, 100));
    return true;
  })()`);
const press = (name: string) =>
  firefox.evaluate(`[...document.querySelectorAll('button')]
    .find((button) => button.textContent.startsWith(${JSON.stringify(name)})).click()`);

test('the page loads and answers on WASM', async () => {
  await firefox.open(`${site.url}?model=tiny-random`);
  expect(await firefox.evaluate('crossOriginIsolated')).toBe(true);
  await until(
    `[...document.querySelectorAll('button')].some((one) => one.textContent.startsWith('Load'))`,
  );
  await press('Load');
  await until(`document.querySelector('header [data-status="ready"]')`);
  expect(await firefox.evaluate(`document.querySelector('header').innerText`)).toMatch(/WASM/);
  await firefox.setFiles('input[type="file"][aria-label*="Your picture"]', [example('cat.jpg')]);
  await until(`document.querySelector('img[alt="Your picture: cat.jpg"]')`);
  await press('Ask');
  await until(
    `[...document.querySelectorAll('button')].some((one) => one.textContent === 'Again')`,
  );
  const answer = await firefox.evaluate(
    `document.querySelector('[data-testid="answer"]').textContent`,
  );
  expect(answer).not.toBe('');
});
