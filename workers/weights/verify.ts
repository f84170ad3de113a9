/** Checksums of weight files, by WebCrypto (about 750 MB/s, no dependency). */
import { Failure } from '../failure.ts';
import type { FileRef } from '../manifest.ts';

/**
 * SHA-256 of a Blob's bytes, as 64 lower-case hex digits. The Blob is read into memory as a whole.
 *
 * @throws {Failure} `internal` on a page that is not secure, where browsers have no WebCrypto
 */
export async function sha256(blob: Blob): Promise<string> {
  // Typed as always there, but missing on pages that are not secure.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  if (!subtle) {
    throw new Failure(
      'internal',
      'This page was opened over plain http, where browsers have neither checksums nor WebGPU: open it over https, or from localhost.',
    );
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', await blob.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * True when a Blob is the file that the manifest means. The size is looked at first, since that is free. A Blob whose
 * bytes are gone (browsers keep them as files of their own) is not.
 */
export async function isFile(blob: Blob, file: FileRef): Promise<boolean> {
  if (blob.size !== file.bytes) return false;
  try {
    return (await sha256(blob)) === file.sha256;
  } catch (cause) {
    if (cause instanceof DOMException) return false;
    throw cause;
  }
}
