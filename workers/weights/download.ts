/** Fetching files with progress. */
import { Failure } from '../failure.ts';

/**
 * Fetches a file, telling of each piece as it comes.
 *
 * @param onBytes called with the number of bytes that came since the last call
 * @throws {Failure} `offline` when the server cannot be reached, or the connection breaks; `http` when it refuses
 */
export async function fetchBlob(url: string, onBytes: (bytes: number) => void): Promise<Blob> {
  // Not through the HTTP cache: we keep the file ourselves, and a second copy would cost as much disk again.
  const response = await request(url, { cache: 'no-store' });
  if (!response.body) return response.blob();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  try {
    for await (const piece of response.body) {
      pieces.push(piece);
      onBytes(piece.byteLength);
    }
  } catch (cause) {
    throw unreachable(url, cause);
  }
  return new Blob(pieces);
}

/**
 * Fetches and parses a JSON file.
 *
 * @throws {Failure} as `fetchBlob`; `bad-manifest` when it is no JSON
 */
export async function fetchJson(url: string): Promise<unknown> {
  const response = await request(url, { cache: 'no-cache' });
  try {
    return await response.json();
  } catch (cause) {
    throw new Failure(
      'bad-manifest',
      `There is no model at ${url}: the server answered with something that is not JSON. Check the address.`,
      { cause },
    );
  }
}

async function request(url: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, options);
  } catch (cause) {
    throw unreachable(url, cause);
  }
  if (response.ok) return response;
  throw new Failure(
    'http',
    `The server answered ${response.status} for ${url}: check that the model is there, then load again.`,
    { retryable: true },
  );
}

function unreachable(url: string, cause: unknown): Failure {
  return new Failure(
    'offline',
    `${url} could not be fetched: check the network connection, then load again. What has come already is kept.`,
    { cause, retryable: true },
  );
}
