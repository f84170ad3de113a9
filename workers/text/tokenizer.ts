/** Text to token ids and back, by Hugging Face's tokenizer over the model's `tokenizer.json`. */
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { Failure } from '../failure.ts';

export interface Tokenizer {
  /** Ids of plain text. Names of special tokens in it are text like any other: nobody can inject `<image>`. */
  encode(text: string): number[];
  /** Text of ids, without special tokens. Bytes of a character that is not complete yet are held back. */
  decode(ids: readonly number[]): string;
}

/** What the library shows for bytes that are no character (yet). */
const INCOMPLETE = /\ufffd+$/;

/**
 * Opens a `tokenizer.json`.
 *
 * @throws {Failure} `bad-manifest` when the file is no tokenizer
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

/** Makes a tokenizer from the parsed file. */
export function makeTokenizer(json: Record<string, unknown>): Tokenizer {
  // Without its added tokens the library takes their names for text; decoding needs the whole list.
  const plain = new HfTokenizer({ ...json, added_tokens: [] }, {});
  const whole = new HfTokenizer(json, {});
  return {
    encode: (text) => (text === '' ? [] : plain.encode(text, { add_special_tokens: false }).ids),
    decode: (ids) => {
      const text = whole.decode([...ids], {
        skip_special_tokens: true,
        clean_up_tokenization_spaces: false,
      });
      return text.replace(INCOMPLETE, '');
    },
  };
}
