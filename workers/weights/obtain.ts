/** The files of a model: out of the store where they are, else from the network into the store. */
import { Failure } from '../failure.ts';
import type { FileRef } from '../manifest.ts';
import type { LoadProgress } from '../protocol.ts';
import { fetchBlob } from './download.ts';
import { Meter } from './meter.ts';
import type { BlobStore } from './store.ts';
import { isFile } from './verify.ts';

/** A slow server is not waited for one file at a time, and a phone does not hold all files in memory at once. */
const PARALLEL = 3;

/**
 * Brings all files, each checked against its SHA-256: also those of the store, since disks fail too.
 *
 * @param base URL of the folder the files lie in, ending with a slash
 * @returns the Blobs by the file's `path`
 * @throws {Failure} `offline`, `http`, or `hash-mismatch` when a file is not what the manifest says
 */
export async function obtainFiles(
  base: string,
  files: FileRef[],
  store: BlobStore,
  onProgress: (progress: LoadProgress) => void,
): Promise<Map<string, Blob>> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const meter = new Meter(total, onProgress);
  const blobs = new Map<string, Blob>();
  const waiting = [...files];
  const lane = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      blobs.set(file.path, await obtain(base, file, store, meter));
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, lane));
  } finally {
    // After a failure the other lanes end with the file they are at.
    waiting.length = 0;
  }
  return blobs;
}

async function obtain(base: string, file: FileRef, store: BlobStore, meter: Meter): Promise<Blob> {
  const kept = await store.get(file.sha256);
  if (kept && (await isFile(kept, file))) {
    meter.add(file.path, 'cache', file.bytes);
    return kept;
  }
  if (kept) await store.delete(file.sha256);
  const blob = await fetchBlob(new URL(file.path, base).href, (bytes) =>
    meter.add(file.path, 'network', bytes),
  );
  if (!(await isFile(blob, file))) {
    throw new Failure(
      'hash-mismatch',
      `${file.path} is not the file that the model's manifest describes (damaged on the way, or replaced on the server), so it was deleted: load again, and if that does not help tell the model's publisher.`,
      { detail: `${blob.size} bytes, ${file.bytes} expected`, retryable: true },
    );
  }
  return store.put(file.sha256, blob);
}
