/**
 * What the encoder sees in Chromium equals what training saw: every test picture, decoded, resized, padded
 * or tiled by the worker's own modules, against Pillow's canvas.
 */
import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../../tools/chromium.mjs';
import { ROOT } from '../../tools/project.mjs';
import { type CanvasGolden, readGolden } from '../support/golden.ts';

const goldens = readGolden<CanvasGolden[]>('canvases.json.gz');

/** Levels of 255. PNG has one decoding; JPEG and lossy WebP decoders may round their colours differently. */
const TOLERANCE = { png: 0, jpg: 2, webp: 2 };

let server: ViteDevServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await createServer({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, hmr: false },
  });
  await server.listen();
  browser = await launch('none');
  page = await browser.newPage();
  // Any document of the server will do: the modules are imported into it.
  await page.goto(`${server.resolvedUrls?.local[0]}tests/pictures/dot.png`);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test.each(goldens)('$picture', async ({ picture, width, height, png }) => {
  // As text: the test runner would rewrite an import in a function.
  const call = `compareCanvas(${JSON.stringify(picture)}, ${JSON.stringify(png)})`;
  const result = await page.evaluate<{ width: number; height: number; worst: number }>(
    `import('/tests/support/compare-canvas.ts').then(({ compareCanvas }) => ${call})`,
  );
  expect({ width: result.width, height: result.height }).toEqual({ width, height });
  const suffix = picture.split('.').at(-1) as keyof typeof TOLERANCE;
  expect(result.worst).toBeLessThanOrEqual(TOLERANCE[suffix]);
});
