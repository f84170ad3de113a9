/** Trying the network again: which failures may pass, and how long to wait for that. */

/** Pauses between tries that bring nothing; after the last the person decides. */
export const PAUSES_MS = [500, 1000, 2000, 4000, 8000];

/** A connection that brings no byte for so long is taken for dead. */
export const STALL_MS = 20_000;

/** A failure that may pass by itself. `status` is the server's answer, null where none came. */
export class Passing extends Error {
  readonly status: number | null;

  constructor(status: number | null, cause?: unknown) {
    super(status === null ? 'The connection broke.' : `The server answered ${status}.`, { cause });
    this.status = status;
  }
}

/** True for answers of a server that is busy or being restarted. */
export function isPassing(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}

/** Waits, but no longer than until the device is online again or `signal` aborts (then it throws the reason). */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      globalThis.removeEventListener?.('online', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
    globalThis.addEventListener?.('online', end, { once: true });
  });
  signal.throwIfAborted();
}

/** What `promise` gives, or a `Passing` failure where it takes longer than a live connection would. */
export async function unlessStalled<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Passing(null, 'stalled')), milliseconds);
  });
  try {
    return await Promise.race([promise, stalled]);
  } finally {
    clearTimeout(timer);
  }
}
