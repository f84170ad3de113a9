/** Where in a prompt something went wrong, for a person. */
import { Failure } from './failure.ts';
import type { Chunk, Prompt } from './protocol.ts';

/** The chunk of a prompt's media item, counted over all chunks: `Example 2`, or `The question`. */
export function placeOf({ examples, prompt }: Prompt, item: number): string {
  const media = (chunk: Chunk) => chunk.filter(({ type }) => type !== 'text').length;
  let before = 0;
  for (const [i, example] of [...examples, prompt].entries()) {
    before += media(example);
    if (item < before) return i < examples.length ? `Example ${i + 1}` : 'The question';
  }
  throw new RangeError(`The prompt has no media item ${item}.`);
}

/** What `work` on a media item gives; a failure of its picture says where the picture stands. */
export async function locating<T>(request: Prompt, item: number, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const place = placeOf(request, item);
    if (cause instanceof DOMException && cause.name === 'NotReadableError') {
      throw new Failure(
        'image-decode',
        `${place}: the picture's file cannot be read any more (it was moved or changed): add it again.`,
        { cause },
      );
    }
    if (!(cause instanceof Failure) || !cause.code.startsWith('image-')) throw cause;
    const { code, message, detail, retryable } = cause;
    throw new Failure(code, `${place}: ${message}`, {
      cause,
      retryable,
      ...(detail === undefined ? {} : { detail }),
    });
  }
}
