/** The tiny random model in tests: its golden answers from PyTorch, and a page with it loaded. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import type { LinkedPrompt, LinkedSegment } from '../../tools/ask/page.ts';
import { ASK_PAGE } from '../../tools/ask/session.mjs';
import type { BackendInfo, Result } from '../../workers/protocol.ts';
import type { PageOptions, TestBrowser } from './browser.ts';

type GoldenSegment = { image: string } | { text: string } | { frames: string[] };

/** What PyTorch answers (`training/goldens/tiny.py`). Logits are the first 16 behind the prompt. */
export interface Golden {
  id: string;
  examples: GoldenSegment[][];
  prompt: GoldenSegment[];
  ids: number[];
  tokens: number[];
  logits: number[];
  beam: number[];
  candidates: string[];
  ranking: { logprob: number; meanLogprob: number }[];
  /** Logits of the bare language model; null where the prompt has media. */
  plain: number[] | null;
}

export const MODEL = 'models/tiny-random/';

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** All golden answers. */
export function goldens(): Golden[] {
  return JSON.parse(readFileSync(file('golden/tiny.json'), 'utf8'));
}

/** A golden prompt for the page, its pictures as addresses. */
export function link({ examples, prompt }: Pick<Golden, 'examples' | 'prompt'>): LinkedPrompt {
  const url = (name: string) => `/pictures/${name}`;
  const segment = (golden: GoldenSegment): LinkedSegment => {
    if ('text' in golden) return { type: 'text', text: golden.text };
    if ('image' in golden) return { type: 'image', url: url(golden.image) };
    return { type: 'frames', urls: golden.frames.map(url) };
  };
  return { examples: examples.map((chunk) => chunk.map(segment)), prompt: prompt.map(segment) };
}

/** Serves `tests/pictures` to a page under `/pictures/`. */
export async function servePictures(page: Page): Promise<void> {
  await page.route(/\/pictures\/[\w.-]+$/, (route) => {
    const name = new URL(route.request().url()).pathname.split('/').pop();
    return route.fulfill({ path: file(`pictures/${name}`) });
  });
}

/** A page whose worker has the tiny model loaded. */
export async function openTiny(
  browser: TestBrowser,
  backend: BackendInfo['backend'],
  options?: PageOptions,
): Promise<Page> {
  const page = await browser.openPage(ASK_PAGE, options);
  await servePictures(page);
  const modelUrl = new URL(MODEL, browser.url).href;
  const result = await page.evaluate((request) => window.flamingo.load(request), {
    modelUrl,
    backend,
  });
  const loaded = value(result);
  if (loaded.backend.backend !== backend) throw new Error(`Got ${loaded.backend.backend}.`);
  return page;
}

/** What a call gave; throws with the error's code where it failed. */
export function value<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const { code, message, detail } = result.error;
  throw new Error(`${code}: ${message} ${detail ?? ''}`);
}
