/** What happens to the built page: its policy, files that hosts take, and the list that the service worker keeps. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import type { Build, BuiltFile } from '../../workers/offline/build.ts';
import { HEADERS, META_POLICY } from './policy.ts';

/** Some static hosts refuse files above 25 MiB. */
export const HOST_LIMIT = 25 * 2 ** 20;

/** Weights lie in IndexedDB, the commands' page is not for people, and the worker cannot keep itself. */
const LEFT_OUT = /^(models\/|tools\/|sw\.js$)/;

/** ONNX Runtime comes in two builds, of which a browser needs one. */
const WASM_BUILD = /\.(jspi|asyncify)[.-]/;

/** Puts the policy into the pages, packs files that are too large, and completes `sw.js`. */
export function offline(): Plugin {
  let folder = '';
  return {
    name: 'flamingo-offline',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
      if (config.build.outDir.startsWith('/')) folder = config.build.outDir;
    },
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: META_POLICY },
          injectTo: 'head-prepend',
        },
      ],
    },
    closeBundle() {
      packLarge(folder);
      completeWorker(folder);
    },
  };
}

/** Where `sw.js` has the list: the source's placeholder, or the list of an earlier completion. */
const PLACE = /JSON\.parse\((?:(["'`])__BUILD__\1|"(?:[^"\\]|\\.)*")\)/;

/** Writes the list of a folder's files into its `sw.js`, whatever stood there before. */
export function completeWorker(folder: string): void {
  const files = listFiles(folder);
  const version = hash(files.map(({ path, sha256 }) => path + sha256).join('\n')).slice(0, 16);
  const build: Build = { version, files, headers: HEADERS };
  const worker = join(folder, 'sw.js');
  const code = readFileSync(worker, 'utf8');
  if (!PLACE.test(code)) throw new Error('sw.js has no place for the list of files.');
  const list = JSON.stringify(JSON.stringify(build));
  writeFileSync(
    worker,
    code.replace(PLACE, () => `JSON.parse(${list})`),
  );
}

/** A large wasm is replaced by its gzip, under another name in all scripts (`workers/ort.ts` unpacks it). */
function packLarge(folder: string): void {
  const assets = join(folder, 'assets');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  for (const name of readdirSync(assets)) {
    if (!name.endsWith('.wasm') || statSync(join(assets, name)).size <= HOST_LIMIT) continue;
    writeFileSync(
      join(assets, `${name}.gz`),
      gzipSync(readFileSync(join(assets, name)), { level: 9 }),
    );
    rmSync(join(assets, name));
    for (const script of scripts) {
      const code = readFileSync(join(assets, script), 'utf8');
      if (code.includes(name)) {
        writeFileSync(join(assets, script), code.replaceAll(name, `${name}.gz`));
      }
    }
  }
}

function listFiles(folder: string): BuiltFile[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return names
    .filter((path) => !LEFT_OUT.test(path))
    .toSorted()
    .map((path) => {
      const [, build] = WASM_BUILD.exec(path) ?? [];
      const sha256 = hash(readFileSync(join(folder, path)), 'base64');
      return { path, sha256, ...(build === 'jspi' || build === 'asyncify' ? { build } : {}) };
    });
}

function hash(data: string | Buffer, encoding: 'hex' | 'base64' = 'hex'): string {
  return createHash('sha256').update(data).digest(encoding);
}
