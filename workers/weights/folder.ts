/** A model's files out of a folder that a person opened: nothing is fetched, stored or sent. */
import { Failure } from '../failure.ts';
import type { FileRef, Manifest } from '../manifest.ts';
import { parseManifest } from '../parse-manifest.ts';
import type { LoadProgress } from '../protocol.ts';
import { Meter } from './meter.ts';
import { isFile } from './verify.ts';

/** The folder's files by name; those of folders below it are not in it. */
export type FolderFiles = Readonly<Record<string, File>>;

/**
 * The manifest of an opened folder.
 *
 * @throws {Failure} `bad-manifest` when there is none, or none that can be used
 */
export async function manifestIn(files: FolderFiles): Promise<Manifest> {
  const file = files['manifest.json'];
  if (!file) {
    throw new Failure(
      'bad-manifest',
      'There is no manifest.json in this folder: open the model’s own folder, not the one above or below it.',
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(await file.text());
  } catch (cause) {
    throw new Failure(
      'bad-manifest',
      'The folder’s manifest.json cannot be read: copy or export the model anew, then open its folder again.',
      { cause },
    );
  }
  return parseManifest(json);
}

/**
 * The files that are asked for, each checked against its SHA-256.
 *
 * @returns the files by their `path`
 * @throws {Failure} `hash-mismatch` when one is missing or is not what the manifest says; the signal's reason
 */
export async function filesIn(
  folder: FolderFiles,
  wanted: FileRef[],
  signal: AbortSignal,
  onProgress: (progress: LoadProgress) => void,
): Promise<Map<string, Blob>> {
  const meter = new Meter(
    wanted.reduce((sum, { bytes }) => sum + bytes, 0),
    onProgress,
  );
  const found = new Map<string, Blob>();
  for (const ref of wanted) {
    signal.throwIfAborted();
    const file = folder[ref.path];
    if (!file) {
      throw wrong(`${ref.path} is missing in this folder`, 'copy the model anew');
    }
    if (!(await isFile(file, ref))) {
      throw wrong(
        `${ref.path} is not the file that the folder’s manifest describes (damaged, or changed since it was opened)`,
        'copy or export the model anew',
      );
    }
    found.set(ref.path, file);
    meter.add(ref.path, 'cache', ref.bytes);
  }
  return found;
}

function wrong(what: string, remedy: string): Failure {
  return new Failure('hash-mismatch', `${what}: ${remedy}, then open its folder again.`);
}
