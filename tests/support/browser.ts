/**
 * Real Chromium for browser tests. Each spec file gets a browser of its own, since a lost WebGPU device can take
 * the whole browser with it. There is no way to skip: without an adapter every test of the file fails.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { type Adapter, launch } from '../../tools/chromium.mjs';
import type { Site } from '../../tools/serve.mjs';
import { serveBuild } from './server.ts';

/** For each wait on a page: a busy machine is ten times slower than a quiet one. */
const TIMEOUT_MS = 240_000;

export interface PageOptions {
  /** Blocked unless allowed: requests then come from the page, where they can be watched. */
  serviceWorkers?: 'allow' | 'block';
  /** Runs before the page is opened. */
  before?: (context: BrowserContext) => Promise<void>;
}

/** What `withBrowser` gives to the tests of a file. */
export interface TestBrowser {
  /** Address of the built page, ending with a slash. */
  readonly url: string;
  /**
   * Opens a page with a fresh profile (no storage of other tests), at a path of the site ('' is the page itself).
   * It is closed after the test.
   */
  openPage(path?: string, options?: PageOptions): Promise<Page>;
  /** Errors on the console that match do not fail the running test. */
  expectErrors(pattern: RegExp): void;
}

/**
 * Serves the build and starts Chromium for the spec file that calls this at its top level. A test fails when
 * the console of its pages (workers included) shows an error that it did not expect, and when one of them sends a
 * request to another origin.
 *
 * `software` (the default) is WebGPU on SwiftShader; with it the file fails where there is no adapter.
 */
export function withBrowser(adapter: Adapter = 'software'): TestBrowser {
  let site: Site | undefined;
  let browser: Browser | undefined;
  let started: Promise<void> | undefined;
  let contexts: BrowserContext[] = [];
  let errors: string[] = [];
  let expected: RegExp[] = [];
  let foreign: string[] = [];

  async function start(): Promise<void> {
    site = await serveBuild();
    browser = await launch(adapter);
    if (adapter !== 'none') await requireAdapter(browser, site.url);
  }

  // Once a file, but not in `beforeAll`: when that fails, Vitest reports the tests as skipped, and here each must fail.
  beforeEach(() => {
    started ??= start();
    return started;
  });

  afterEach(async () => {
    const unexpected = errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
    const [open, requests] = [contexts, foreign];
    [contexts, errors, expected, foreign] = [[], [], [], []];
    await Promise.all(open.map((context) => context.close()));
    expect(unexpected, 'errors on the console').toEqual([]);
    expect(requests, 'requests to other origins').toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  return {
    get url() {
      if (!site) throw new Error('The server runs within tests only, not in beforeAll.');
      return site.url;
    },
    async openPage(path = '', { serviceWorkers = 'block', before }: PageOptions = {}) {
      if (!browser || !site) throw new Error('The browser runs within tests only.');
      const context = await browser.newContext({ serviceWorkers });
      contexts.push(context);
      context.setDefaultTimeout(TIMEOUT_MS);
      await before?.(context);
      // Nothing of the page may ever ask another server, whatever a test does with it.
      context.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith('http') && hostname !== '127.0.0.1') foreign.push(request.url());
      });
      // What the page's own policy stopped was never sent.
      context.on('requestfailed', (request) => {
        if (/csp/i.test(request.failure()?.errorText ?? '')) {
          foreign = foreign.filter((url) => url !== request.url());
        }
      });
      context.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      context.on('weberror', (error) => errors.push(String(error.error())));
      const page = await context.newPage();
      await page.goto(new URL(path, site.url).href);
      return page;
    },
    expectErrors: (pattern) => expected.push(pattern),
  };
}

/**
 * The preflight of every WebGPU test: rejects when the browser gives no adapter, so that a machine without one
 * fails the tests instead of passing over them. `url` is any page of a local server (WebGPU needs a secure context).
 */
export async function requireAdapter(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    const found = await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) != null);
    if (!found) {
      throw new Error(
        'Chromium gives no WebGPU adapter, so the WebGPU tests cannot run. Start it with the flags of tools/chromium.mjs, or install a newer Chromium.',
      );
    }
  } finally {
    await page.close();
  }
}
