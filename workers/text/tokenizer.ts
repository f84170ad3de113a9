/**
 * Text to token ids and back, equal to Hugging Face's `tokenizers` on the `tokenizer.json` of a model. The code is our
 * own because their library for browsers takes only ASCII for digits and merges around missing bytes differently.
 */
import { integer, list, Mismatch, object, oneOf, string, table } from '../check.ts';
import { Failure } from '../failure.ts';
import { Bpe, type Merge } from './bpe.ts';
import { bytesOf, CHARACTERS } from './bytes.ts';
import { split } from './split.ts';

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
  added_tokens: list(object({ id: integer(0), content: string() })),
  normalizer: readNone,
  pre_tokenizer: object({ type: oneOf('Sequence'), pretokenizers: readSplitting }),
  model: object({ type: oneOf('BPE'), vocab: readVocabulary, merges: readMerges }),
});

function readNone(value: unknown, at: string): null {
  if (value === null) return null;
  throw new Mismatch(`"${at}" must be null`);
}

/** `split` knows one way only. */
function readSplitting(value: unknown, at: string): null {
  const [digits, words, ...more] = list(table((option) => option))(value, at);
  const known =
    digits?.type === 'Digits' &&
    digits.individual_digits === true &&
    words?.type === 'ByteLevel' &&
    words.add_prefix_space === false &&
    words.use_regex === true;
  if (known && more.length === 0) return null;
  throw new Mismatch(`"${at}" must be single digits, then GPT-2's byte level`);
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
  const { model, added_tokens: added } = readFile(json, '');
  const bpe = new Bpe(model.vocab, model.merges);
  const tokens = new Map([...model.vocab].map(([token, id]) => [id, token]));
  for (const { id } of added) tokens.delete(id);
  const known = new Map<string, number[]>();

  function encodePiece(piece: string): number[] {
    let ids = known.get(piece);
    if (!ids) {
      const utf8 = new TextEncoder().encode(piece);
      ids = bpe.encode(Array.from(utf8, (byte) => CHARACTERS[byte] as string));
      if (known.size >= REMEMBERED) known.clear();
      known.set(piece, ids);
    }
    return ids;
  }

  return {
    encode: (text) => split(text).flatMap(encodePiece),
    decode: (ids) => {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      let text = '';
      for (const id of ids) {
        const token = tokens.get(id);
        if (token !== undefined) text += decoder.decode(bytesOf(token), { stream: true });
      }
      return text;
    },
  };
}
