/** Finds a Chromium (or Chrome), installs one where there is none, and knows the flags it is started with. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandError, note, run, runPackage } from './project.mjs';

/** Quiet, and able to run as root in a container. */
const BASE_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The flags of each use: `software` is WebGPU on SwiftShader, the same on every machine, for tests; `hardware` is the
 * machine's own GPU (SwiftShader where it has none); `none` has no adapter at all.
 */
export const FLAGS = {
  software: [...BASE_FLAGS, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  hardware: [
    ...BASE_FLAGS,
    '--enable-unsafe-webgpu',
    '--ignore-gpu-blocklist',
    // Headless Chromium on Linux reaches a real GPU only through Vulkan.
    ...(process.platform === 'linux' ? ['--enable-features=Vulkan', '--use-angle=vulkan'] : []),
  ],
  none: BASE_FLAGS,
};

/** @typedef {keyof typeof FLAGS} Adapter */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Where installers put it. @returns {string[]} */
function usualPlaces() {
  if (process.platform === 'darwin') {
    return ['Chromium', 'Google Chrome', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === 'win32') {
    return ['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData']
      .flatMap((variable) => process.env[variable] ?? [])
      .flatMap((folder) => [
        join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
        join(folder, 'Chromium', 'Application', 'chrome.exe'),
        join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
      ]);
  }
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/opt/google/chrome'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
}

/** The one Playwright downloads. @returns {Promise<string>} */
async function playwrightPlace() {
  return (await import('playwright-core')).chromium.executablePath();
}

/**
 * A file that is there but does not start (a stub, missing libraries) is no browser. On Windows `--version` would
 * open a window, so there the file is enough.
 *
 * @param {string} path
 */
function starts(path) {
  if (!existsSync(path)) return false;
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], { timeout: 30_000 }).status === 0;
}

/**
 * An installed browser: `$CHROMIUM`, one in the usual places, or Playwright's.
 *
 * @returns {Promise<string | null>} its path
 * @throws {CommandError} `$CHROMIUM` is set to something that does not start
 */
export async function findChromium() {
  const chosen = process.env.CHROMIUM;
  if (chosen) {
    if (starts(chosen)) return chosen;
    throw new CommandError(
      `CHROMIUM is set to ${chosen}, which does not start: correct it, or unset it to have one found.`,
    );
  }
  return [...usualPlaces(), await playwrightPlace()].find(starts) ?? null;
}

/**
 * As `findChromium`, but installs one where there is none: Playwright's, else the system's where we may.
 * Needs the packages installed.
 *
 * @returns {Promise<string>} its path
 * @throws {CommandError} none could be had
 */
export async function ensureChromium() {
  const found = await findChromium();
  if (found) return found;
  note('No Chromium found; fetching one …');
  await runPackage('playwright-core/cli.js', ['install', 'chromium'], { stdout: 'stderr' });
  const fetched = await playwrightPlace();
  if (starts(fetched)) return fetched;
  if (existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { stdout: 'stderr', env });
    const install = ['install', '-y', '-q', '--no-install-recommends', 'chromium'];
    await run('apt-get', install, { stdout: 'stderr', env });
    const installed = await findChromium();
    if (installed) return installed;
  }
  throw new CommandError(
    'No Chromium was found and none could be installed. Install Chromium or Chrome, or set CHROMIUM to its path.',
  );
}

/**
 * Starts a fresh browser.
 *
 * @param {Adapter} adapter
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launch(adapter) {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: await ensureChromium(), args: FLAGS[adapter] });
}
