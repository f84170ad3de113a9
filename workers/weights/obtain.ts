/** The files of a model: out of the store where they are, else from the network into the store. */
import { Failure } from '../failure.ts';
import type { FileRef } from '../manifest.ts';
import type { LoadProgress } from '../protocol.ts';
import { download, type Line } from './download.ts';
import { exclusively } from './locks.ts';
import { Meter } from './meter.ts';
import type { Partials } from './partials.ts';
import type { BlobStore } from './store.ts';
import { isFile } from './verify.ts';

/** A slow server is not waited for one file at a time, and a phone does not hold all files in memory at once. */
const PARALLEL = 3;

/** Where files are looked for and kept, and who hears of it. */
export interface Supply {
  store: BlobStore;
  partials: Partials;
  signal: AbortSignal;
  onProgress: (progress: LoadProgress) => void;
}

/**
 * Brings all files, each checked against its SHA-256: also those of the store, since disks fail too, and it costs a
 * fifth of a second for the default model.
 *
 * @param base URL of the folder the files lie in, ending with a slash
 * @returns the Blobs by the file's `path`
 * @throws {Failure} `offline`, `http`, or `hash-mismatch` when a file is not what the manifest says; the signal's reason
 */
export async function obtainFiles(
  base: string,
  files: FileRef[],
  supply: Supply,
): Promise<Map<string, Blob>> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const meter = new Meter(total, supply.onProgress);
  const blobs = new Map<string, Blob>();
  const waiting = [...files];
  const stop = new AbortController();
  const signal = AbortSignal.any([supply.signal, stop.signal]);
  const lane = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      signal.throwIfAborted();
      blobs.set(file.path, await obtain(base, file, { ...supply, signal }, meter));
    }
  };
  const lanes = Array.from({ length: PARALLEL }, lane);
  try {
    await Promise.all(lanes);
  } catch (cause) {
    // One failure ends all; each keeps what has come.
    stop.abort(cause);
    await Promise.allSettled(lanes);
    throw cause;
  }
  return blobs;
}

async function obtain(base: string, file: FileRef, supply: Supply, meter: Meter): Promise<Blob> {
  const { signal, onProgress } = supply;
  const stored = await fromStore(file, supply.store, meter);
  if (stored) return stored;
  const onWait = () =>
    onProgress({ stage: 'waiting', reason: 'other-tab', file: file.path, milliseconds: null });
  return exclusively(`flamingo file ${file.sha256}`, signal, onWait, async () => {
    // Another tab may have brought it while we waited.
    const brought = await fromStore(file, supply.store, meter);
    return brought ?? (await fromNetwork(base, file, supply, meter));
  });
}

async function fromStore(file: FileRef, store: BlobStore, meter: Meter): Promise<Blob | null> {
  const kept = await store.get(file.sha256);
  if (!kept) return null;
  if (await isFile(kept, file)) {
    meter.add(file.path, 'cache', file.bytes);
    return kept;
  }
  await store.delete(file.sha256);
  return null;
}

async function fromNetwork(
  base: string,
  file: FileRef,
  { store, partials, signal, onProgress }: Supply,
  meter: Meter,
): Promise<Blob> {
  const url = new URL(file.path, base).href;
  let counted = 0;
  let resumed = false;
  const line: Line = {
    partials,
    signal,
    onBytes: (bytes, source) => {
      counted += bytes;
      if (source === 'cache') resumed = bytes > 0;
      if (bytes !== 0) meter.add(file.path, source, bytes);
    },
    onPause: (milliseconds) => {
      const reason = navigator.onLine ? 'unreachable' : 'offline';
      onProgress({ stage: 'waiting', reason, file: file.path, milliseconds });
    },
  };
  for (;;) {
    const blob = await download(url, file, line);
    const right = await isFile(blob, file);
    const kept = right ? await store.put(file.sha256, blob) : null;
    await partials.drop(file.sha256);
    if (kept) return kept;
    // Pieces of an earlier visit may be of another version, so the whole is fetched once more.
    if (!resumed) throw damaged(file, blob);
    meter.add(file.path, 'cache', -counted);
    [counted, resumed] = [0, false];
  }
}

function damaged(file: FileRef, blob: Blob): Failure {
  return new Failure(
    'hash-mismatch',
    `${file.path} is not the file that the model's manifest describes (damaged on the way, or replaced on the server), so it was deleted: load again, and if that does not help tell the model's publisher.`,
    { detail: `${blob.size} bytes, ${file.bytes} expected`, retryable: true },
  );
}
