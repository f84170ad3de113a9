/**
 * Text into the pieces that byte-pair encoding may not join: single digits (of every script), then GPT-2's words.
 * Source: SmolLM2's `tokenizer.json`, that is `Digits(individual_digits)` and `ByteLevel(use_regex)` of Hugging Face.
 */

const NUMERIC = /\p{N}|\P{N}+/gu;

// JavaScript's \s is not Unicode's white space: it has U+FEFF and lacks U+0085.
const WORD =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+|\p{N}/gu;

/** The pieces in order; joined they are the text. */
export function split(text: string): string[] {
  const runs = text.match(NUMERIC) ?? [];
  return runs.flatMap((run) => run.match(WORD) ?? []);
}
