/** Faults of the device and the worker under the page: the engine is built again, and nothing a person made is lost. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { withBrowser } from '../support/browser.ts';
import { answerOf, example, loadModel } from '../support/page.ts';
import { storedKeys } from '../support/stored.ts';
import { beforeWorker, inWorker, WATCH_GPU } from '../support/worker.ts';

const browser = withBrowser();
const WEBGPU = '?model=tiny-random&backend=webgpu';
const WASM = '?model=tiny-random&backend=wasm';

const ask = (page: Page) => page.getByRole('button', { name: 'Ask', exact: true }).click();
const answered = (page: Page) => page.getByRole('button', { name: 'Again' }).waitFor();
const alert = (page: Page) => page.getByRole('region', { name: 'Answer' }).getByRole('alert');
const ready = (page: Page) => page.locator('header [data-status="ready"]').waitFor();

/** A page with the model loaded and a question with its picture. */
async function openAsking(query: string, code = WATCH_GPU): Promise<Page> {
  // ONNX Runtime tells the console of the run that a lost device ended.
  browser.expectErrors(/onnxruntime|^\S?\[m$/);
  const page = await browser.openPage(query, { before: beforeWorker(code) });
  await page.getByRole('radio', { name: 'Question' }).check({ force: true });
  await page.getByLabel('Your picture: question').fill('What is this?');
  await page.getByLabel('Add a picture to “Your picture”').setInputFiles(example('cat.jpg'));
  await loadModel(page);
  return page;
}

/** The prompt is as it was made, and can be asked. */
async function asksAgain(page: Page): Promise<void> {
  await ready(page);
  expect(await page.getByLabel('Your picture: question').inputValue()).toBe('What is this?');
  expect(await page.getByAltText('Your picture: cat.jpg').count()).toBe(1);
  await page.getByRole('button', { name: 'Try again' }).click();
  await answered(page);
  expect(await answerOf(page).innerText()).not.toBe('');
}

const DESTROY = 'self.gpu.devices.at(-1).destroy()';
const EXHAUST = `self.gpu.devices.at(-1).dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', {
  error: new GPUOutOfMemoryError('Not enough memory left.'),
}))`;

// Models are compiled for an emulated GPU again and again: long on a busy machine.
describe('on WebGPU', { timeout: 900_000 }, () => {
  test('a device lost while it answers, then one without memory while it rests', async () => {
    const page = await openAsking(WEBGPU);
    await ask(page);
    await page.waitForFunction(() => document.querySelector('[data-testid="answer"]')?.textContent);
    const requested: string[] = [];
    page.context().on('request', (request) => requested.push(request.url()));
    await inWorker(page, DESTROY);
    await alert(page).waitFor();
    expect(await alert(page).innerText()).toMatch(/GPU was taken away/);
    // What was written stays beside the error.
    expect(await answerOf(page).innerText()).not.toBe('');
    await asksAgain(page);
    // The GPU was found good at the first load, and is not checked again.
    expect(await storedKeys(page, 'flamingo-adapters')).toHaveLength(1);

    await inWorker(page, EXHAUST);
    await ask(page);
    await alert(page).waitFor();
    expect(await alert(page).innerText()).toMatch(/not enough memory/);
    await asksAgain(page);
    expect(requested.filter((url) => url.endsWith('.bin'))).toEqual([]);
  });

  test('a GPU that computes garbage is named, and WASM is offered', async () => {
    // exp() is part of every softmax; a driver that gets it wrong says nothing.
    const code = `
      const { createShaderModule } = GPUDevice.prototype;
      GPUDevice.prototype.createShaderModule = function (options) {
        return createShaderModule.call(this, { ...options, code: options.code.replace(/\\bexp\\(/g, 'exp2(') });
      };`;
    const page = await browser.openPage(WEBGPU, { before: beforeWorker(code) });
    await page.getByRole('button', { name: /^Load/ }).click();
    const wrong = page.getByRole('alert').filter({ hasText: 'computes wrong values' });
    await wrong.waitFor();
    expect(await wrong.innerText()).toMatch(/This GPU \(google swiftshader\)/);
    expect(await storedKeys(page, 'flamingo-adapters')).toEqual([]);
    await page.getByRole('button', { name: 'Use the processor (WASM)' }).click();
    await ready(page);
    expect(await page.locator('header').innerText()).toMatch(/WASM/);
  });
});

describe('on WASM', () => {
  test('a worker that dies', async () => {
    const page = await openAsking(WASM, '');
    await inWorker(page, `setTimeout(() => { throw new Error('Dead.'); })`);
    browser.expectErrors(/Dead/);
    await ask(page);
    await alert(page).waitFor();
    expect(await alert(page).innerText()).toMatch(/has stopped.*Your prompt is kept/);
    await asksAgain(page);
  });

  test('a run that never ends', async () => {
    // The request arrives and is not answered: the first time only, or the new worker would hang too.
    const hang = `self.addEventListener('message', (event) => {
      if (event.data?.path?.[0] === 'generate') event.stopImmediatePropagation();
    });`;
    const page = await browser.openPage(WASM, {
      before: async (context) => {
        await context.clock.install();
        await beforeWorker(hang)(context);
      },
    });
    await page.getByRole('button', { name: 'Try: A cat' }).click();
    await page.getByAltText('Your picture: A cat').waitFor();
    await loadModel(page);
    await ask(page);
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.context().unrouteAll();
    await page.clock.fastForward('11:00');
    await alert(page).waitFor();
    expect(await alert(page).innerText()).toMatch(/gave no sign/);
    await ready(page);
    await page.getByRole('button', { name: 'Try again' }).click();
    await answered(page);
  });
});
