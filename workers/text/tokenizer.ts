/**
 * Text to token ids and back, equal to Hugging Face's `tokenizers` on the `tokenizer.json` of a model. The code is our
 * own because their library for browsers takes only ASCII for digits and merges around missing bytes differently.
 */
import { boolean, list, Mismatch, object, oneOf, optional, orNull, string } from '../check.ts';
import { Failure } from '../failure.ts';
import { finder, readAdded } from './added.ts';
import { Bpe, type Merge } from './bpe.ts';
import { bytesOf, CHARACTERS } from './bytes.ts';
import { fallback, pieceBytes } from './fallback.ts';
import { readNormaliser } from './normalise.ts';
import { readSplitter } from './split.ts';

export interface Tokenizer {
  /** Ids of plain text. Names of special tokens in it are text like any other: nobody can inject `<image>`. */
  encode(text: string): number[];
  /** Text of ids, without special tokens. Bytes of a character that is not complete yet are held back. */
  decode(ids: readonly number[]): string;
}

/** Pieces whose ids are remembered. */
const REMEMBERED = 10_000;

/** The parts of a `tokenizer.json` that are read; another kind of tokenizer is refused. */
const readFile = object({
  added_tokens: list(readAdded),
  normalizer: readNormaliser,
  pre_tokenizer: readSplitter,
  model: object({
    type: oneOf('BPE'),
    vocab: readVocabulary,
    merges: readMerges,
    byte_fallback: orFalse,
    fuse_unk: orFalse,
    ignore_merges: orFalse,
    unk_token: (value: unknown, at: string) => orNull(string())(value ?? null, at),
  }),
});

function orFalse(value: unknown, at: string): boolean {
  return optional(boolean)(value ?? undefined, at) ?? false;
}

// The two lists below have 50,000 entries: no time for naming the place of each.

function readVocabulary(value: unknown, at: string): Map<string, number> {
  const entries = Object.entries<unknown>(typeof value === 'object' ? { ...value } : {});
  const isToken = (entry: [string, unknown]): entry is [string, number] =>
    Number.isInteger(entry[1]) && Number(entry[1]) >= 0;
  if (entries.length > 0 && entries.every(isToken)) return new Map(entries);
  throw new Mismatch(`"${at}" must be token ids by token`);
}

function readMerges(value: unknown, at: string): Merge[] {
  const isMerge = (entry: unknown): entry is Merge =>
    Array.isArray(entry) && entry.length === 2 && entry.every((token) => typeof token === 'string');
  if (Array.isArray(value) && value.every(isMerge)) return value;
  throw new Mismatch(`"${at}" must be pairs of tokens`);
}

/**
 * Opens a `tokenizer.json`.
 *
 * @throws {Failure} `bad-manifest` when the file is no tokenizer, or one of a kind that is not known here
 */
export async function openTokenizer(file: Blob): Promise<Tokenizer> {
  try {
    return makeTokenizer(JSON.parse(await file.text()));
  } catch (cause) {
    throw new Failure('bad-manifest', "The model's tokenizer is damaged: load the model again.", {
      cause,
      retryable: true,
    });
  }
}

/** Makes a tokenizer from the parsed file. Throws an `Error` that says what is wrong with it. */
export function makeTokenizer(json: unknown): Tokenizer {
  const { model, added_tokens: added, normalizer, pre_tokenizer: splitter } = readFile(json, '');
  if (model.fuse_unk && model.unk_token !== null && !model.byte_fallback) {
    throw new Mismatch('"model" must not fuse unknown characters without spelling them in bytes');
  }
  const bpe = new Bpe(model.vocab, model.merges, fallback(model));
  const tokens = new Map([...model.vocab].map(([token, id]) => [id, token]));
  for (const { id, content, special } of added) {
    if (special) tokens.delete(id);
    else tokens.set(id, content);
  }
  const texts = added.filter(({ special }) => !special);
  const before = finder(texts.filter(({ normalized }) => !normalized));
  const after = finder(texts.filter(({ normalized }) => normalized));
  const known = new Map<string, number[]>();
  const byBytes = splitter.level === 'bytes';

  function encodePiece(piece: string): number[] {
    let ids = known.get(piece);
    if (!ids) {
      const characters = byBytes
        ? Array.from(new TextEncoder().encode(piece), (byte) => CHARACTERS[byte] as string)
        : Array.from(piece.toWellFormed());
      const whole = model.ignore_merges ? model.vocab.get(characters.join('')) : undefined;
      ids = whole === undefined ? bpe.encode(characters) : [whole];
      if (known.size >= REMEMBERED) known.clear();
      // A piece of LLaMA's is a whole text: not worth remembering.
      if (byBytes) known.set(piece, ids);
    }
    return ids;
  }

  const encodePlain = (text: string) => splitter.split(text).flatMap(encodePiece);
  return {
    encode: (text) =>
      before(text).flatMap((part) =>
        typeof part === 'number'
          ? [part]
          : after(normalizer(part)).flatMap((inner) =>
              typeof inner === 'number' ? [inner] : encodePlain(inner),
            ),
      ),
    decode: (ids) => {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      let text = '';
      for (const id of ids) {
        const token = tokens.get(id);
        if (token === undefined) continue;
        text += decoder.decode(byBytes ? bytesOf(token) : pieceBytes(token), { stream: true });
      }
      // LLaMA's texts begin with a space that nobody typed.
      return byBytes ? text : text.replace(/^ /, '');
    },
  };
}
