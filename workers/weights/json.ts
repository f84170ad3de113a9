/** Fetching the small JSON files that describe a model. */
import { Failure } from '../failure.ts';
import { givenUp, refused } from './download.ts';
import { isPassing, Passing, STALL_MS, unlessStalled } from './retry.ts';

/**
 * Fetches and parses a JSON file.
 *
 * @throws {Failure} `offline`, `http`; `bad-manifest` when it is no JSON; the signal's reason
 */
export async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const broken = (cause: unknown): never => {
    signal.throwIfAborted();
    throw givenUp(url, cause instanceof Passing ? cause : new Passing(null, cause));
  };
  const asked = fetch(url, { cache: 'no-cache', signal });
  const response = await unlessStalled(asked, STALL_MS).catch(broken);
  if (isPassing(response.status)) throw givenUp(url, new Passing(response.status));
  if (!response.ok) throw refused(url, response.status);
  const text = await unlessStalled(response.text(), STALL_MS).catch(broken);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure(
      'bad-manifest',
      `There is no model at ${url}: the server answered with something that is not JSON. Check the address.`,
      { cause },
    );
  }
}
