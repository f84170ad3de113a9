/**
 * The service worker: after one visit the page works without a network. It serves the files of one build only, and
 * gives them the headers that a plain static host does not.
 */
import type { Build, BuiltFile } from './build.ts';
import { dropOld, earlier, fileOf, keepBuild } from './keep.ts';

declare const self: ServiceWorkerGlobalScope;

const build: Build = JSON.parse('__BUILD__');
const files = new Map<string, BuiltFile>(build.files.map((file) => [file.path, file]));

/** Models may change without the page: their manifests come from the network where there is one. */
const MANIFESTS = 'flamingo manifests';

self.addEventListener('install', (event) => event.waitUntil(keepBuild(build)));

self.addEventListener('activate', (event) =>
  event.waitUntil(Promise.all([dropOld(build), self.clients.claim()])),
);

self.addEventListener('message', (event) => {
  if (event.data === 'update') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(self.registration.scope)) return;
  const [path = ''] = url.href.slice(self.registration.scope.length).split(/[?#]/);
  const file = files.get(path === '' ? 'index.html' : path);
  if (file) event.respondWith(fileOf(file).then(withHeaders));
  else if (/^models\/[^/]+\/manifest\.json$/.test(path)) event.respondWith(manifest(request));
  else if (path.startsWith('assets/')) event.respondWith(asset(url, request));
  // Weights go to the network past us: the page keeps them itself.
});

async function asset(url: URL, request: Request): Promise<Response> {
  return withHeaders((await earlier(url)) ?? (await fetch(request)));
}

async function manifest(request: Request): Promise<Response> {
  const cache = await caches.open(MANIFESTS);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request.url, response.clone());
    return withHeaders(response);
  } catch (cause) {
    const kept = await cache.match(request.url);
    if (kept) return withHeaders(kept);
    throw cause;
  }
}

function withHeaders(response: Response): Response {
  // A redirected or failed answer has no business being remade; the browser knows what to do with it.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(build.headers)) headers.set(name, value);
  const empty = [204, 205, 304].includes(response.status);
  return new Response(empty ? null : response.body, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
}
