/** The built files in the Cache API, each under its path and its SHA-256: versions share what has not changed. */
import type { Build, BuiltFile } from './build.ts';

declare const self: ServiceWorkerGlobalScope;

/** Files fetched at a time. */
const PARALLEL = 4;

/** Caches of this page; another may lie under another path of the same site. */
const prefix = () => `flamingo ${self.registration.scope} `;

const urlOf = ({ path }: BuiltFile) =>
  // Many hosts send a request for index.html on to the folder.
  new URL(path === 'index.html' ? './' : path, self.registration.scope);

function keyOf(file: BuiltFile): string {
  const key = new URL(file.path, self.registration.scope);
  key.search = file.sha256;
  return key.href;
}

const isNeeded = ({ build }: BuiltFile) =>
  build === undefined || build === ('Suspending' in WebAssembly ? 'jspi' : 'asyncify');

/**
 * Brings all files of a build that this browser needs. It rejects when one cannot be had or is not what the build
 * says: then the version before stays.
 */
export async function keepBuild({ version, files }: Build): Promise<void> {
  const cache = await caches.open(prefix() + version);
  const waiting = files.filter(isNeeded);
  const lane = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const kept = await caches.match(keyOf(file));
      await cache.put(keyOf(file), kept ?? (await fetchFile(file)));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}

/** The file of this build; fetched where the browser has thrown it away. */
export async function fileOf(file: BuiltFile): Promise<Response> {
  return (await caches.match(keyOf(file))) ?? fetchFile(file);
}

/** A file of an earlier build, for a tab that still runs it: its name says its content. */
export function earlier(url: URL): Promise<Response | undefined> {
  return caches.match(url.href, { ignoreSearch: true });
}

/** Deletes builds, but for this one and the one before, which a tab may still run. */
export async function dropOld({ version }: Build): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix()));
  const others = names.filter((name) => name !== prefix() + version);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

async function fetchFile(file: BuiltFile): Promise<Response> {
  const response = await fetch(urlOf(file), {
    cache: 'no-cache',
    integrity: `sha256-${file.sha256}`,
  });
  if (!response.ok) throw new Error(`${file.path} answered ${response.status}.`);
  return response;
}
