/** From a URL to a model that is ready to answer. */
import { type Backend, openBackend, unlessFailing } from './backend.ts';
import { Language } from './language.ts';
import type { Manifest } from './manifest.ts';
import { Model } from './model.ts';
import { loadOrt } from './ort.ts';
import { parseManifest } from './parse-manifest.ts';
import type { LoadProgress, LoadRequest } from './protocol.ts';
import { createSessions, filesOf } from './sessions.ts';
import { openTokenizer } from './text/tokenizer.ts';
import { fetchJson } from './weights/download.ts';
import { obtainFiles } from './weights/obtain.ts';
import type { BlobStore } from './weights/store.ts';

/**
 * Loads a model.
 *
 * @throws {Failure} `no-webgpu`, `no-adapter`, `http`, `offline`, `bad-manifest`, `hash-mismatch`
 */
export async function loadModel(
  { modelUrl, backend: choice, verbose = false }: LoadRequest,
  store: BlobStore,
  onProgress: (progress: LoadProgress) => void,
): Promise<Model> {
  const backend = await openBackend(choice);
  let model: Model | undefined;
  try {
    const loading = loadOn(backend, modelUrl, store, onProgress, verbose);
    model = await unlessFailing(backend, loading);
    onProgress({ stage: 'warm-up' });
    await unlessFailing(backend, warmUp(model));
    onProgress({ stage: 'ready' });
    return model;
  } catch (cause) {
    if (model) await model.dispose();
    else if (backend.flavour === 'webgpu') backend.device.destroy();
    throw cause;
  }
}

async function loadOn(
  backend: Backend,
  modelUrl: string,
  store: BlobStore,
  onProgress: (progress: LoadProgress) => void,
  verbose: boolean,
): Promise<Model> {
  const base = new URL(modelUrl, self.location.href).href;
  const manifest: Manifest = parseManifest(await fetchJson(new URL('manifest.json', base).href));
  const blobs = await obtainFiles(base, filesOf(manifest, backend.flavour), store, onProgress);
  const ort = await loadOrt();
  const tokenizer = await openTokenizer(blobs.get(manifest.tokenizer.path) ?? new Blob());
  const sessions = await createSessions(ort, backend, manifest, blobs, onProgress, verbose);
  return new Model(ort, backend, manifest, tokenizer, sessions);
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
  const language = new Language(
    model.ort,
    model.sessions.language,
    manifest.crossAttention.layers.length,
    1,
  );
  // A prompt has many tokens and a decoding step one: these are different shaders.
  for (const ids of [[0, 0, 0, 0], [0]]) {
    const mask = new Float32Array(ids.length).fill(1);
    await language.argmax(kv, { ids, media, mask, positions: [ids.length - 1] });
  }
  kv.truncate(0);
  memory.free(media);
}
