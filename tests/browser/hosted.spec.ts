/** A model of another site: loaded where the build named its folder, under the full policy, and refused elsewhere. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HEADERS } from '../../tools/build/policy.ts';
import { ROOT } from '../../tools/project.mjs';
import { withBrowser } from '../support/browser.ts';
import { serveFaulty } from '../support/faulty.ts';
import { loadModel } from '../support/page.ts';
import { MODEL } from '../support/tiny.ts';

const browser = withBrowser();
const POLICY = 'Content-Security-Policy';

test('a folder that the build named is offered and loaded; no other of that site is', async () => {
  const out = mkdtempSync(join(tmpdir(), 'flamingo-'));
  const models = await serveFaulty(join(ROOT, 'public'));
  const page = await serveFaulty(out);
  try {
    models.options.headers = { 'Access-Control-Allow-Origin': '*' };
    models.options.aliases['models/hosted/'] = MODEL;
    models.options.aliases['models/unnamed/'] = MODEL;
    const named = `${models.url}models/hosted/`;
    execFileSync('npx', ['vite', 'build', '--outDir', out, '--logLevel', 'error'], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: 'production', FLAMINGO_MODELS: named },
      stdio: 'inherit',
    });
    const sources = `connect-src 'self' blob: ${new URL(named).origin}`;
    const policy = (HEADERS[POLICY] ?? '').replace("connect-src 'self' blob:", sources);
    page.options.headers = { ...HEADERS, [POLICY]: policy };

    const tab = await browser.openPage(`${page.url}?backend=wasm`);
    expect(await tab.evaluate(() => crossOriginIsolated)).toBe(true);
    await tab.getByRole('link', { name: named }).click();
    await tab.getByText(/^Tiny random .* to download, once/).waitFor();
    await loadModel(tab);
    expect(models.requests('language-00.bin')).toEqual(['whole']);

    await tab.goto(`${page.url}?backend=wasm&model=${models.url}models/unnamed/`);
    await tab.getByText('The address names a model').waitFor();
    expect(models.requests('language-00.bin')).toEqual(['whole']);
  } finally {
    await Promise.all([models.close(), page.close()]);
    rmSync(out, { recursive: true, force: true });
  }
});
