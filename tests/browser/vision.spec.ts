/**
 * What the encoder sees in Chromium equals what training saw: every test picture, decoded, resized, padded
 * or tiled by the worker's own modules, against Pillow's canvas.
 */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch } from '../../tools/chromium.mjs';
import { ROOT } from '../../tools/project.mjs';
import { type CanvasGolden, type FeatureGolden, readGolden } from '../support/golden.ts';

const goldens = readGolden<CanvasGolden[]>('canvases.json.gz');
const features = readGolden<FeatureGolden[]>('features.json.gz');

/** Levels of 255. JPEG and lossy WebP decoders may round their colours differently; the others have one result. */
const TOLERANCE = { png: 0, gif: 0, bmp: 0, jpg: 2, webp: 2 };

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

/** Calls a function of a module of `tests/support` in the page. As text: the runner would rewrite an import. */
function callInPage<T>(module: string, name: string, ...args: unknown[]): Promise<T> {
  const list = args.map((arg) => JSON.stringify(arg)).join(', ');
  return page.evaluate<T>(`import('/tests/support/${module}').then((m) => m.${name}(${list}))`);
}

test.each(goldens)('$picture', async ({ picture, width, height, png }) => {
  const result = await callInPage<{ width: number; height: number; worst: number }>(
    'compare-canvas.ts',
    'compareCanvas',
    picture,
    png,
  );
  expect({ width: result.width, height: result.height }).toEqual({ width, height });
  const suffix = picture.split('.').at(-1) as keyof typeof TOLERANCE;
  expect(result.worst).toBeLessThanOrEqual(TOLERANCE[suffix]);
});

test('features of ten photos and more are those of training', async () => {
  expect(features.length).toBeGreaterThanOrEqual(10);
  const cosines: number[] = [];
  for (const { photo, places, features: packed } of features) {
    const path = `/${photo.replace('public/', '')}`;
    const actual = await callInPage<number[]>('encode-photo.ts', 'encodePhoto', path, places);
    const bytes = Buffer.from(packed, 'base64');
    expect(actual.length).toBe(bytes.length / 2);
    const wanted = actual.map((_, i) => halfFloat(bytes.readUInt16LE(2 * i)));
    const similarity = cosine(actual, wanted);
    expect(similarity, photo).toBeGreaterThanOrEqual(0.999);
    cosines.push(similarity);
  }
  console.info(`Smallest cosine of ${cosines.length} photos: ${Math.min(...cosines)}`);
});

describe('a picture that cannot be read says so', () => {
  const png = readFileSync(new URL('../pictures/photo.png', import.meta.url));
  const huge = Buffer.from(png);
  huge.writeUInt32BE(20_000, 16);
  huge.writeUInt32BE(20_000, 20);

  test.each([
    ['a damaged PNG', png.subarray(0, 60), 'image-decode', /PNG.+damaged/],
    ['a text', Buffer.from('no picture'), 'image-decode', /not a picture.+JPEG/],
    ['no bytes', Buffer.alloc(0), 'image-decode', /file is empty/],
    ['400 million pixels', huge, 'image-too-large', /20000 × 20000/],
  ])('%s', async (_, bytes, code, message) => {
    const failure = await callInPage<{ code: string; message: string } | null>(
      'compare-canvas.ts',
      'failureOf',
      [...bytes],
    );
    expect(failure?.code).toBe(code);
    expect(failure?.message).toMatch(message);
  });

  test('more bytes than are allowed', async () => {
    const failure = await page.evaluate<{ code: string; message: string } | null>(
      "import('/tests/support/compare-canvas.ts').then((m) => m.failureOf(new Uint8Array(65 * 2 ** 20)))",
    );
    expect(failure?.code).toBe('image-too-large');
    expect(failure?.message).toMatch(/65 MB/);
  });
});

/** The value of a float16 that is not negative, infinite or no number; features behind ReLU6 never are. */
function halfFloat(bits: number): number {
  const [exponent, fraction] = [bits >> 10, bits & 0x3ff];
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function cosine(a: number[], b: number[]): number {
  const dot = (x: number[], y: number[]) => x.reduce((sum, v, i) => sum + v * (y[i] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
