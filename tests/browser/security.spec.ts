/** What the page may not do, on a host with headers (`npm start`) and on one without, where only its `<meta>` speaks. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HOST_LIMIT } from '../../tools/build/plugin.ts';
import { HEADERS, META_POLICY } from '../../tools/build/policy.ts';
import { ROOT } from '../../tools/project.mjs';
import { withBrowser } from '../support/browser.ts';
import { serveFaulty } from '../support/faulty.ts';
import { loadModel } from '../support/page.ts';

const browser = withBrowser();
const DIST = join(ROOT, 'dist');

describe.each(['with headers', 'with its <meta> alone'])('the page %s', (host) => {
  test('runs, and runs nothing that is not its own', async () => {
    // Each attempt is reported on the console, which is how a person would see it too.
    browser.expectErrors(/Content Security Policy|Trusted|trusted/);
    const server = host === 'with headers' ? null : await serveFaulty();
    try {
      const page = await browser.openPage(`${server?.url ?? ''}?model=tiny-random&backend=wasm`);
      const outcome = await page.evaluate(async () => {
        const tries: Record<string, () => unknown> = {
          'a request elsewhere': () => fetch('https://elsewhere.example/'),
          'code from text': () => Reflect.construct(Function, ['return 1'])(),
          'HTML from text': () => {
            document.body.innerHTML = '<p>Hello</p>';
          },
          'a handler from text': () => document.body.setAttribute('onclick', 'window.ran = true'),
          'a script from text': () => {
            document.head.append(Object.assign(document.createElement('script'), { text: '1' }));
          },
          'a worker from elsewhere': () => new Worker('https://elsewhere.example/x.js'),
          'a worker from text': () => new Worker(URL.createObjectURL(new Blob(['0']))),
          'a policy of its own': () => Reflect.get(window, 'trustedTypes').createPolicy('mine', {}),
        };
        const outcome: Record<string, string> = {};
        for (const [name, attempt] of Object.entries(tries)) {
          try {
            // In a task of the page's own: what a debugger evaluates is exempt from the policy.
            await new Promise((resolve, reject) => {
              setTimeout(() => Promise.resolve().then(attempt).then(resolve, reject));
            });
            outcome[name] = 'done';
          } catch (cause) {
            outcome[name] = cause instanceof Error ? cause.name : 'failed';
          }
        }
        // A picture from elsewhere fails without an exception.
        const image = new Image();
        const loaded = new Promise<string>((resolve) => {
          image.onload = () => resolve('done');
          image.onerror = () => resolve('nothing');
        });
        image.src = 'https://elsewhere.example/x.png';
        outcome['a picture from elsewhere'] = await loaded;
        return outcome;
      });
      expect(outcome).toEqual({
        'a request elsewhere': 'TypeError',
        'code from text': 'EvalError',
        'HTML from text': 'TypeError',
        'a handler from text': 'TypeError',
        'a script from text': 'TypeError',
        'a worker from elsewhere': 'TypeError',
        'a worker from text': 'TypeError',
        'a policy of its own': 'TypeError',
        'a picture from elsewhere': 'nothing',
      });
      await loadModel(page);
    } finally {
      await server?.close();
    }
  });
});

test('npm start serves every file with the headers', async () => {
  const page = await browser.openPage();
  await page.getByRole('button', { name: /^Load the model \(/ }).waitFor();
  const script = readdirSync(join(DIST, 'assets')).find((name) => name.endsWith('.js'));
  for (const path of ['', 'sw.js', `assets/${script}`, 'models/tiny-random/manifest.json']) {
    const response = await fetch(new URL(path, browser.url));
    expect(response.status, path).toBe(200);
    for (const [name, value] of Object.entries(HEADERS)) {
      expect(response.headers.get(name), `${path}: ${name}`).toBe(value);
    }
  }
});

test('the built pages hold the policy and nothing inline; every file is small enough for any host', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  const pages = files.filter((name) => name.endsWith('.html'));
  expect(pages).toHaveLength(2);
  for (const name of pages) {
    const html = readFileSync(join(DIST, name), 'utf8');
    expect(html.replaceAll('&#39;', "'"), name).toContain(META_POLICY);
    expect(html, name).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    expect(html.match(/(?:src|href)="(?:https?:)?\/\//g), name).toBeNull();
  }
  for (const name of files) {
    const stat = statSync(join(DIST, name));
    if (stat.isFile()) expect(stat.size, name).toBeLessThan(HOST_LIMIT);
  }
});

test('no source writes HTML or evaluates text', () => {
  const folders = ['src', 'workers', 'tools/ask'];
  const sources = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|tsx|mjs)$/.test(name) && !/\.test\./.test(name))
      .map((name) => join(folder, name)),
  );
  expect(sources.length).toBeGreaterThan(100);
  for (const name of sources) {
    expect(readFileSync(join(ROOT, name), 'utf8'), name).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\(|new Function/,
    );
  }
});
