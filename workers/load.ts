/** From a URL to a model that is ready to answer. */
import { type Backend, openBackend, unlessFailing } from './backend.ts';
import { discard } from './discard.ts';
import { Failure } from './failure.ts';
import { mayFetch } from './hosted.ts';
import type { Manifest } from './manifest.ts';
import { Model } from './model.ts';
import { loadOrt, type Ort } from './ort.ts';
import { parseManifest } from './parse-manifest.ts';
import type { LoadProgress, LoadRequest } from './protocol.ts';
import { selfCheck } from './self-check.ts';
import { createSessions, filesOf } from './sessions.ts';
import { openTokenizer } from './text/tokenizer.ts';
import { type FolderFiles, filesIn, manifestIn } from './weights/folder.ts';
import { fetchJson } from './weights/json.ts';
import { obtainFiles } from './weights/obtain.ts';
import type { ModelStorage } from './weights/storage.ts';

/** What a load works with beside its request. */
export interface Loading {
  storage: ModelStorage;
  /** Aborted when the load is not wanted any more. */
  signal: AbortSignal;
  onProgress: (progress: LoadProgress) => void;
}

/**
 * Loads a model.
 *
 * @throws {Failure} `no-webgpu`, `no-adapter`, `http`, `offline`, `bad-manifest`, `hash-mismatch`, `self-check`; the
 * signal's reason
 */
export async function loadModel(request: LoadRequest, loading: Loading): Promise<Model> {
  const { onProgress, signal } = loading;
  const { verbose = false } = request;
  const backend = await openBackend(request.backend);
  let model: Model | undefined;
  let work: Promise<unknown> = Promise.resolve();
  /** What a step of the load gives, or the failure of the device under it. */
  const step = <T>(made: Promise<T>): Promise<T> => {
    work = made;
    return unlessFailing(backend, made);
  };
  try {
    if (request.selfCheckUrl !== undefined) {
      const small = () => loadOn(backend, request.selfCheckUrl ?? '', loading, false);
      await step(selfCheck(backend, small, onProgress));
    }
    const own = request.files
      ? loadFolder(backend, request.files, loading, verbose)
      : loadOn(backend, request.modelUrl, loading, verbose);
    model = await step(own);
    signal.throwIfAborted();
    onProgress({ stage: 'warm-up' });
    await step(warmUp(model));
    onProgress({ stage: 'ready' });
    return model;
  } catch (cause) {
    await discard(backend, work, model);
    throw cause;
  }
}

async function loadOn(
  backend: Backend,
  modelUrl: string,
  { storage, signal, onProgress }: Loading,
  verbose: boolean,
): Promise<Model> {
  const base = new URL(modelUrl, self.location.href);
  if (!mayFetch(base, self.location.origin)) throw foreign(base);
  const manifest = await manifestAt(base.href, storage, signal);
  // The runtime's own files come beside the model's.
  const opening = loadOrt();
  opening.catch(() => {});
  const files = filesOf(manifest, backend.flavour);
  const shortage = await storage.shortage(files);
  if (shortage) onProgress({ stage: 'storage', message: shortage });
  const { store, partials } = storage;
  // So that an unfinished download can be seen; a manifest that loaded once stays until the next has.
  if (!(await storage.manifestOf(base.href))) await storage.remember(base.href, manifest);
  const blobs = await obtainFiles(base.href, files, { store, partials, signal, onProgress });
  await storage.remember(base.href, manifest);
  const ort = await opening;
  return assemble(ort, backend, manifest, blobs, signal, onProgress, verbose);
}

/** From a folder that a person opened. */
async function loadFolder(
  backend: Backend,
  folder: FolderFiles,
  { signal, onProgress }: Loading,
  verbose: boolean,
): Promise<Model> {
  const opening = loadOrt();
  opening.catch(() => {});
  const manifest = await manifestIn(folder);
  const blobs = await filesIn(folder, filesOf(manifest, backend.flavour), signal, onProgress);
  return assemble(await opening, backend, manifest, blobs, signal, onProgress, verbose);
}

async function assemble(
  ort: Ort,
  backend: Backend,
  manifest: Manifest,
  blobs: ReadonlyMap<string, Blob>,
  signal: AbortSignal,
  onProgress: Loading['onProgress'],
  verbose: boolean,
): Promise<Model> {
  const tokenizer = await openTokenizer(blobs.get(manifest.tokenizer.path) ?? new Blob());
  signal.throwIfAborted();
  const sessions = await createSessions(ort, backend, manifest, blobs, onProgress, verbose);
  return new Model(ort, backend, manifest, tokenizer, sessions);
}

/**
 * The server's manifest, since it may be newer. Where none can be had, or none that can be used (a login page of the
 * network, a format of a later page), that of an earlier visit.
 */
async function manifestAt(
  base: string,
  storage: ModelStorage,
  signal: AbortSignal,
): Promise<Manifest> {
  try {
    return parseManifest(await fetchJson(new URL('manifest.json', base).href, signal));
  } catch (cause) {
    signal.throwIfAborted();
    const kept = await storage.manifestOf(base);
    if (!kept) throw cause;
    console.warn('Going on with the manifest of an earlier visit.', cause);
    return kept;
  }
}

function foreign({ origin }: URL): Failure {
  return new Failure(
    'bad-manifest',
    `That model lies on another site (${origin}), and this page fetches nothing from there: put the model's folder beside the page, or open it from your disk.`,
  );
}

/** One small run of each graph: a GPU compiles its shaders at the first. Nothing of it stays. */
async function warmUp(model: Model): Promise<void> {
  const { manifest, memory, kv } = model;
  const { size, grid } = manifest.vision;
  const cells = grid ** 2;
  const media = await model.media.encode({
    pixels: new Float32Array(3 * size * size),
    tiles: 1,
    frames: 1,
    grid: new Float32Array(cells * cells),
    time: new Float32Array(manifest.resampler.temporal),
  });
  const language = model.language(1);
  const view = { items: [media], joined: () => media };
  // A prompt has many tokens and a decoding step one: these are different shaders.
  for (const ids of [[0, 0, 0, 0], [0]]) {
    const mask = new Float32Array(ids.length).fill(1);
    await language.argmax(kv, { ids, media: view, mask, positions: [ids.length - 1] });
  }
  kv.truncate(0);
  memory.free(media);
}
