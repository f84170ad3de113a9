/**
 * Text into the pieces that byte-pair encoding may not join: the `pre_tokenizer` of a `tokenizer.json`. Byte-level ones
 * cut GPT-2's words, after single digits (of every script) where the file says so (SmolLM2); LLaMA's cut nothing.
 */
import { list, Mismatch, oneOf, string, table } from '../check.ts';

/** `level`: pieces are encoded byte by byte, or character by character. */
export interface Splitter {
  level: 'bytes' | 'characters';
  split(text: string): string[];
}

const NUMERIC = /\p{N}|\P{N}+/gu;

// JavaScript's \s is not Unicode's white space: it has U+FEFF and lacks U+0085.
const WORD =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const digits = (text: string): string[] => text.match(NUMERIC) ?? [];
const words = (text: string): string[] => text.match(WORD) ?? [];
const whole = (text: string): string[] => (text === '' ? [] : [text]);

const readAny = table((value) => value);

/** Reads a pre-tokenizer. Throws `Mismatch` for a kind that is not known here. */
export function readSplitter(value: unknown, at: string): Splitter {
  if (value === null || value === undefined) return { level: 'characters', split: whole };
  const option = readAny(value, at);
  switch (oneOf('ByteLevel', 'Sequence', 'Metaspace')(option.type, `${at}.type`)) {
    case 'ByteLevel':
      return byteLevel(option, at);
    case 'Metaspace':
      return metaspace(option, at);
    case 'Sequence': {
      const [first, second, ...more] = list(readAny)(option.pretokenizers, `${at}.pretokenizers`);
      if (first?.type !== 'Digits' || first.individual_digits !== true || more.length > 0) break;
      const inner = readSplitter(second, `${at}.pretokenizers[1]`);
      if (inner.level !== 'bytes') break;
      return { level: 'bytes', split: (text) => digits(text).flatMap(inner.split) };
    }
  }
  throw new Mismatch(`"${at}" must be single digits, then GPT-2's byte level`);
}

function byteLevel({ add_prefix_space: prefix, use_regex: regex = true }: Any, at: string) {
  if (typeof prefix !== 'boolean' || typeof regex !== 'boolean') {
    throw new Mismatch(`"${at}" must say add_prefix_space and use_regex`);
  }
  const cut = regex ? words : whole;
  const split = (text: string) =>
    cut(prefix && text !== '' && !/^\p{White_Space}/u.test(text) ? ` ${text}` : text);
  return { level: 'bytes' as const, split };
}

function metaspace({ replacement, prepend_scheme: scheme, split }: Any, at: string): Splitter {
  const mark = string(/^.$/su, 'one character')(replacement, `${at}.replacement`);
  const prepend = oneOf('always', 'never')(scheme, `${at}.prepend_scheme`) === 'always';
  if (split !== false) throw new Mismatch(`"${at}.split" must be false`);
  return {
    level: 'characters',
    split: (text) => {
      const marked = text.replaceAll(' ', () => mark);
      return whole(prepend && marked !== '' && !marked.startsWith(mark) ? mark + marked : marked);
    },
  };
}

type Any = Record<string, unknown>;
