/** What the page tells of a model before it is loaded. The worker checks the manifest in full when it loads it. */
import type { Manifest, PromptTemplate } from '../../workers/manifest.ts';
import type { BackendChoice, Result } from '../../workers/protocol.ts';
import { text } from '../text.ts';

export interface ModelSummary {
  title: string;
  /** Bytes to be downloaded: tokenizer, shards and the graphs of one flavour (the larger, while that is open). */
  bytes: number;
  prompts: Record<string, PromptTemplate>;
  licences: Manifest['licences'];
}

/** Fetches `manifest.json` of a model's folder. Errors: `offline`, `http`, `bad-manifest`. */
export async function fetchSummary(
  folder: string,
  backend: BackendChoice,
  signal: AbortSignal,
): Promise<Result<ModelSummary>> {
  let response: Response;
  try {
    response = await fetch(new URL('manifest.json', folder), { signal });
  } catch (cause) {
    const error = {
      code: 'offline',
      message: text.errors.offline,
      detail: String(cause),
      retryable: true,
    } as const;
    return { ok: false, error };
  }
  if (!response.ok) {
    const message = text.errors.http(response.status, folder);
    return { ok: false, error: { code: 'http', message, retryable: response.status !== 404 } };
  }
  try {
    return { ok: true, value: summarise(await response.json(), backend) };
  } catch (cause) {
    const message = text.errors.badManifest;
    return {
      ok: false,
      error: { code: 'bad-manifest', message, detail: String(cause), retryable: false },
    };
  }
}

/** Sums the files of a manifest. Throws a TypeError where a part of it is missing. */
export function summarise(manifest: Manifest, backend: BackendChoice): ModelSummary {
  const { title, tokenizer, shards, graphs, prompts, licences } = manifest;
  const flavours = backend === 'auto' ? (['webgpu', 'wasm'] as const) : [backend];
  const graphBytes = flavours.map((flavour) => sum(Object.values(graphs[flavour])));
  const bytes = tokenizer.bytes + sum(shards) + Math.max(...graphBytes);
  if (typeof title !== 'string' || !Number.isFinite(bytes))
    throw new TypeError('title or bytes missing');
  return { title, bytes, prompts: prompts ?? {}, licences: licences ?? [] };
}

function sum(files: { bytes: number }[]): number {
  return files.reduce((total, file) => total + file.bytes, 0);
}
