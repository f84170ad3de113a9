/** Errors that mean something to a person. */
import type { ErrorCode, FlamingoError } from './protocol.ts';

/** What is thrown inside the worker where a person is to be told what happened and what to do. */
export class Failure extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  /** True when the same request may work when it is made again. */
  readonly retryable: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    {
      detail,
      cause,
      retryable = false,
    }: { detail?: string; cause?: unknown; retryable?: boolean } = {},
  ) {
    super(message, { cause });
    this.name = 'Failure';
    this.code = code;
    this.detail = detail ?? (cause === undefined ? undefined : String(cause));
    this.retryable = retryable;
  }
}

/** Anything that was thrown, as it crosses to the page. */
export function toFlamingoError(thrown: unknown): FlamingoError {
  const { code, message, detail, retryable } =
    thrown instanceof Failure ? thrown : unexpected(thrown);
  return { code, message, retryable, ...(detail === undefined ? {} : { detail }) };
}

/** What allocators say when there is nothing left, in ORT, in browsers and in WebGPU. */
const OUT_OF_MEMORY =
  /out of memory|bad_alloc|failed to allocate|allocation failed|std::bad|not enough memory|unable to grow/i;

/** What browsers say when a file of the page itself cannot be fetched, each its own. */
const UNREACHABLE = /failed to fetch|networkerror|load failed/i;

function unexpected(cause: unknown): Failure {
  if (cause instanceof TypeError && UNREACHABLE.test(cause.message)) {
    return new Failure(
      'offline',
      'A part of the page could not be fetched: check the network connection, then try again.',
      { cause, retryable: true },
    );
  }
  const memory = OUT_OF_MEMORY.test(String(cause));
  return memory
    ? new Failure(
        'out-of-memory',
        'There is not enough memory for this: close other tabs, or use fewer pictures and a shorter prompt, then load the model again.',
        { cause, retryable: true },
      )
    : new Failure(
        'internal',
        'Something went wrong inside the worker: load the model again, and if it comes back report it with the details.',
        { cause, retryable: true },
      );
}
