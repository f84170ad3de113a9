/** The manifest, read before a model is loaded: what the download is, and which templates the presets have. */

import { toFlamingoError } from '../../workers/failure.ts';
import type { Manifest } from '../../workers/manifest.ts';
import { parseManifest } from '../../workers/parse-manifest.ts';
import type { BackendChoice, FlamingoError, Result } from '../../workers/protocol.ts';
import { type FolderFiles, manifestIn } from '../../workers/weights/folder.ts';
import { text } from '../text.ts';

/** Fetches and checks `manifest.json` of a model's folder. Errors: `offline`, `http`, `bad-manifest`. */
export async function fetchManifest(
  folder: string,
  signal: AbortSignal,
): Promise<Result<Manifest>> {
  let response: Response;
  try {
    response = await fetch(new URL('manifest.json', folder), { signal });
  } catch (cause) {
    return failed({
      code: 'offline',
      message: text.errors.offline,
      detail: String(cause),
      retryable: true,
    });
  }
  if (!response.ok) {
    const message = text.errors.http(response.status, folder);
    return failed({ code: 'http', message, retryable: response.status !== 404 });
  }
  try {
    return { ok: true, value: parseManifest(await response.json()) };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) return failed(toFlamingoError(cause));
    const message = text.errors.badManifest;
    return failed({ code: 'bad-manifest', message, detail: String(cause), retryable: false });
  }
}

/** Reads the manifest of a folder that a person opened. Errors: `bad-manifest`. */
export async function folderManifest(files: FolderFiles): Promise<Result<Manifest>> {
  try {
    return { ok: true, value: await manifestIn(files) };
  } catch (cause) {
    return failed(toFlamingoError(cause));
  }
}

/** Bytes to be downloaded: tokenizer, shards and one flavour's graphs (the larger, while the flavour is open). */
export function downloadBytes(manifest: Manifest, backend: BackendChoice): number {
  const { tokenizer, shards, graphs } = manifest;
  const flavours = backend === 'auto' ? (['webgpu', 'wasm'] as const) : [backend];
  const graphBytes = flavours.map((flavour) => sum(Object.values(graphs[flavour])));
  return tokenizer.bytes + sum(shards) + Math.max(...graphBytes);
}

function sum(files: { bytes: number }[]): number {
  return files.reduce((total, file) => total + file.bytes, 0);
}

function failed(error: FlamingoError): Result<never> {
  return { ok: false, error };
}
