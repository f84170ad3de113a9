/**
 * Added tokens that are plain text (GPT-NeoX has runs of spaces): they are found before anything is split. Special ones
 * are never found in a text, so that nobody can type them.
 */
import { boolean, integer, Mismatch, object, optional, string } from '../check.ts';

export interface AddedToken {
  id: number;
  content: string;
  /** Not text: skipped when ids become text. */
  special: boolean;
  /** Looked for after the text is normalised, or before. */
  normalized: boolean;
}

const flag = optional(boolean);

const readRaw = object<{
  id: number;
  content: string;
  special?: boolean;
  normalized?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
}>({
  id: integer(0),
  content: string(),
  special: flag,
  normalized: flag,
  lstrip: flag,
  rstrip: flag,
  single_word: flag,
});

/** Reads an entry of `added_tokens`. Throws `Mismatch` for a text token that takes up what is beside it. */
export function readAdded(value: unknown, at: string): AddedToken {
  const { id, content, special = true, normalized = false, ...more } = readRaw(value, at);
  if (!special && (more.lstrip || more.rstrip || more.single_word)) {
    throw new Mismatch(`"${at}" must not have lstrip, rstrip or single_word`);
  }
  return { id, content, special, normalized };
}

/** A stretch of text, or the id of a token that was found. */
export type Stretch = string | number;

/** Cuts text at the tokens: of those that begin at one place the longest, the leftmost first. */
export function finder(tokens: readonly AddedToken[]): (text: string) => Stretch[] {
  const ids = new Map(tokens.map(({ content, id }) => [content, id]));
  ids.delete('');
  if (ids.size === 0) return (text) => [text];
  const escaped = [...ids.keys()]
    .sort((a, b) => b.length - a.length)
    .map((content) => content.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = new RegExp(`(${escaped.join('|')})`, 'u');
  return (text) => text.split(pattern).map((part, i) => (i % 2 ? (ids.get(part) ?? part) : part));
}
