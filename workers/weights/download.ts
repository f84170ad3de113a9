/** Fetching a file in the face of a bad network: it goes on where it broke off, in this visit or a later one. */
import { Failure } from '../failure.ts';
import type { FileRef } from '../manifest.ts';
import type { Begun, Partials } from './partials.ts';
import { isPassing, PAUSES_MS, Passing, pause, STALL_MS, unlessStalled } from './retry.ts';

/** So much is lost at most when the tab is closed, or what came within a second. */
const PIECE_BYTES = 2 ** 20;
const PIECE_MS = 1000;

/** A server's answer to a range that it has no byte of. */
const BEYOND_THE_END = 416;

/** What a download needs beside the file. */
export interface Line {
  partials: Partials;
  signal: AbortSignal;
  /** Called with the bytes that came since the last call; negative when a server made us start over. */
  onBytes(bytes: number, source: 'network' | 'cache'): void;
  /** Called before each pause. */
  onPause(milliseconds: number): void;
  pauses?: readonly number[];
  stall?: number;
}

/**
 * Brings all bytes of a file, of the size that the manifest says; whether they are right is the caller's to check.
 *
 * @throws {Failure} `offline` when the server cannot be reached; `http` when it refuses; `hash-mismatch` when it has a
 * file of another size; the signal's reason
 */
export async function download(url: string, file: FileRef, line: Line): Promise<Blob> {
  const { partials, signal, onBytes, pauses = PAUSES_MS } = line;
  let begun = await partials.read(file.sha256);
  if (begun.bytes > file.bytes) begun = await startOver(file, partials);
  onBytes(begun.bytes, 'cache');
  for (let failures = 0; ; ) {
    const before = begun.bytes;
    try {
      if (begun.bytes < file.bytes) await goOn(url, file, begun, line);
      return new Blob(begun.pieces);
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof Passing)) throw cause;
      failures = begun.bytes > before ? 1 : failures + 1;
      const milliseconds = pauses[failures - 1];
      if (milliseconds === undefined) throw givenUp(url, cause);
      line.onPause(milliseconds);
      await pause(milliseconds, signal);
    }
  }
}

/** One connection's worth: adds to `begun` until the file is complete. */
async function goOn(url: string, file: FileRef, begun: Begun, line: Line): Promise<void> {
  const { partials, signal, onBytes, stall = STALL_MS } = line;
  const closing = new AbortController();
  const both = AbortSignal.any([signal, closing.signal]);
  try {
    const response = await ask(url, begun, both, stall);
    if (!response.ok && response.status !== BEYOND_THE_END) throw refused(url, response.status);
    if (begun.bytes > 0 && !continues(response, begun.bytes)) {
      // The server ignores Range, or has another version by now.
      onBytes(-begun.bytes, 'cache');
      Object.assign(begun, await startOver(file, partials));
    }
    // Neither 416 nor a piece from elsewhere is the file: without a range the next try gets it.
    if (response.status !== (begun.bytes > 0 ? 206 : 200)) throw new Passing(response.status);
    checkAnswer(response, file, begun.bytes);
    if (begun.bytes === 0) begun.validator = validatorOf(response);
    await receive(response, file, begun, line, stall);
  } finally {
    closing.abort();
  }
}

async function receive(
  response: Response,
  file: FileRef,
  begun: Begun,
  { partials, onBytes }: Line,
  stall: number,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) throw new Passing(null, 'an empty answer');
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let waitingBytes = 0;
  const keep = async () => {
    if (waitingBytes === 0) return;
    const piece = new Blob(waiting);
    const offset = begun.bytes - waitingBytes;
    [waiting, waitingBytes] = [[], 0];
    begun.pieces.push(piece);
    await partials.append(file.sha256, offset, piece, begun.validator);
  };
  const timer = setInterval(() => void keep(), PIECE_MS);
  try {
    for (;;) {
      const { done, value } = await unlessStalled(reader.read(), stall).catch(broken);
      if (done) break;
      waiting.push(value);
      waitingBytes += value.byteLength;
      begun.bytes += value.byteLength;
      if (begun.bytes > file.bytes) throw otherSize(file, `more than ${file.bytes} bytes`);
      onBytes(value.byteLength, 'network');
      if (waitingBytes >= PIECE_BYTES) await keep();
    }
  } finally {
    clearInterval(timer);
    await keep();
  }
  if (begun.bytes < file.bytes) throw new Passing(null, `${begun.bytes} of ${file.bytes} bytes`);
}

async function ask(
  url: string,
  begun: Begun,
  signal: AbortSignal,
  stall: number,
): Promise<Response> {
  const headers: Record<string, string> = {};
  if (begun.bytes > 0) headers.Range = `bytes=${begun.bytes}-`;
  if (begun.bytes > 0 && begun.validator) headers['If-Range'] = begun.validator;
  // Not through the HTTP cache: we keep the file ourselves, and a second copy would cost as much disk again.
  const options: RequestInit = { cache: 'no-store', signal, headers };
  const response = await unlessStalled(fetch(url, options), stall).catch(broken);
  if (isPassing(response.status)) throw new Passing(response.status);
  return response;
}

function broken(cause: unknown): never {
  throw cause instanceof Passing ? cause : new Passing(null, cause);
}

/** True when an answer begins at the byte that was asked for. */
function continues(response: Response, offset: number): boolean {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '') ?? [];
  return response.status === 206 && Number(start) === offset;
}

/** Says no to an answer that cannot be the file. */
function checkAnswer(response: Response, file: FileRef, offset: number): void {
  if (response.headers.get('Content-Type')?.startsWith('text/html')) {
    throw new Failure(
      'http',
      `A web page came in place of ${file.path}: where a network wants a login (in a train, a hotel), log in first, then load again.`,
      { retryable: true },
    );
  }
  const length = response.headers.get('Content-Length');
  const plain = !response.headers.has('Content-Encoding');
  if (plain && length !== null && Number(length) !== file.bytes - offset) {
    throw otherSize(file, `${Number(length) + offset} bytes, ${file.bytes} expected`);
  }
}

/** If-Range takes no weak ETag; a date says as much as the server knows. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('ETag');
  return etag?.startsWith('"') ? etag : headers.get('Last-Modified');
}

async function startOver(file: FileRef, partials: Partials): Promise<Begun> {
  await partials.drop(file.sha256);
  return { pieces: [], bytes: 0, validator: null };
}

/** The failure for an answer that says no. */
export function refused(url: string, status: number): Failure {
  return new Failure(
    'http',
    `The server answered ${status} for ${url}: check that the model is there, then load again.`,
    { retryable: true },
  );
}

function otherSize(file: FileRef, detail: string): Failure {
  return new Failure(
    'hash-mismatch',
    `${file.path} on the server is not the file that the model's manifest describes (another size): reload the page for a newer manifest, and if that does not help tell the model's publisher.`,
    { detail, retryable: true },
  );
}

/** The failure when the network was tried often enough. */
export function givenUp(url: string, { status, cause }: Passing): Failure {
  if (status !== null) return refused(url, status);
  const why = navigator.onLine
    ? `${url} could not be fetched: check the network connection, then load again.`
    : 'This device is offline: connect it, then load again.';
  return new Failure('offline', `${why} What has come already is kept.`, {
    cause,
    retryable: true,
  });
}
