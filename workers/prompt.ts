/** A prompt as the language model gets it: token ids, and which picture each of them looks at. */
import { Failure } from './failure.ts';
import type { Manifest } from './manifest.ts';
import type { Chunk, Prompt, Segment } from './protocol.ts';

/** What is encoded as one media item: a picture, or the frames of a clip. */
export type MediaSource = Exclude<Segment, { type: 'text' }>;

export interface TokenPrompt {
  ids: number[];
  /** For each token the index in `items` of the last media at or before it; -1 where there is none. */
  media: number[];
  /** Where chunks begin in `ids`; the first is 0 and holds the start token too. */
  starts: number[];
  items: MediaSource[];
}

/**
 * Lays a prompt out: `start`, the closed examples, each ended by end-of-chunk, then the open chunk. Text is encoded
 * with special tokens disabled, so a typed `<image>` stays text; text segments side by side are one text. Spaces at
 * the very end are dropped, since an answer brings its own.
 *
 * @param encode text to token ids, no special tokens
 * @throws {Failure} `prompt-empty` when a chunk says nothing, or a clip has no frames
 */
export function layOut(
  { examples, prompt }: Prompt,
  tokens: Manifest['tokens'],
  encode: (text: string) => number[],
): TokenPrompt {
  const laid: TokenPrompt = { ids: [], media: [], starts: [], items: [] };
  const push = (id: number) => {
    laid.ids.push(id);
    laid.media.push(laid.items.length - 1);
  };
  const { ids, at, shared } = tokens.picture ?? { ids: [tokens.image], at: 0, shared: false };
  const putMedia = (item: MediaSource, follows: boolean) => {
    for (const [i, id] of ids.entries()) {
      if (i === at) laid.items.push(item);
      // Media side by side have one token between them.
      if (i > 0 || !follows) push(id);
    }
  };
  const put = (chunk: Chunk, name: string) => {
    const segments = joinTexts(chunk);
    if (segments.length === 0) {
      throw new Failure('prompt-empty', `${name} is empty: add a picture or some text.`);
    }
    for (const [i, segment] of segments.entries()) {
      if (segment.type === 'text') {
        for (const id of encodeMarked(segment.text, tokens.markup ?? {}, encode)) push(id);
        continue;
      }
      if (segment.type === 'frames' && segment.blobs.length === 0) {
        throw new Failure(
          'prompt-empty',
          `${name} has a clip without frames: choose another clip.`,
        );
      }
      const before = segments[i - 1];
      putMedia(segment, shared && before !== undefined && before.type !== 'text');
    }
  };

  laid.starts.push(0);
  if (tokens.start !== null) push(tokens.start);
  for (const [i, example] of examples.entries()) {
    put(example, `Example ${i + 1}`);
    push(tokens.endOfChunk);
    laid.starts.push(laid.ids.length);
  }
  put(withoutTrailingSpaces(prompt), 'The question');
  return laid;
}

/**
 * Says no to a prompt that leaves no room for its answer.
 *
 * @param room tokens that must be free after the prompt
 * @throws {Failure} `prompt-too-long`
 */
export function checkLength(prompt: TokenPrompt, room: number, context: number): void {
  const length = prompt.ids.length;
  if (length + room <= context) return;
  throw new Failure(
    'prompt-too-long',
    `The prompt has ${length} tokens and its answer may need ${room}, but the model holds ${context} in all: remove examples or shorten the text by ${length + room - context} tokens, or ask for a shorter answer.`,
  );
}

/** Text whose marks stand for one token each; all else is text, names of other special tokens too. */
function encodeMarked(
  value: string,
  markup: Record<string, number>,
  encode: (text: string) => number[],
): number[] {
  const [mark, id] = Object.entries(markup)[0] ?? [];
  if (!mark || id === undefined) return encode(value);
  const { [mark]: _, ...others } = markup;
  return value.split(mark).flatMap((part, i) => {
    const ids = part === '' ? [] : encodeMarked(part, others, encode);
    return i === 0 ? ids : [id, ...ids];
  });
}

function joinTexts(chunk: Chunk): Segment[] {
  const joined: Segment[] = [];
  for (const segment of chunk) {
    const last = joined.at(-1);
    if (segment.type !== 'text') joined.push(segment);
    else if (last?.type === 'text') joined[joined.length - 1] = text(last.text + segment.text);
    else if (segment.text !== '') joined.push(segment);
  }
  return joined;
}

function withoutTrailingSpaces(chunk: Chunk): Chunk {
  const joined = joinTexts(chunk);
  const last = joined.at(-1);
  if (last?.type !== 'text') return joined;
  const trimmed = last.text.replace(/ +$/, '');
  return trimmed ? [...joined.slice(0, -1), text(trimmed)] : joined.slice(0, -1);
}

const text = (value: string): Segment => ({ type: 'text', text: value });
