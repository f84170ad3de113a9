/** What a tokenizer does to a text before anything else: the `normalizer` of a `tokenizer.json`. */
import { list, Mismatch, oneOf, string, table } from '../check.ts';

export type Normalise = (text: string) => string;

const readAny = table((value) => value);

/** Reads a normaliser. Throws `Mismatch` for a kind that is not known here. */
export function readNormaliser(value: unknown, at: string): Normalise {
  if (value === null || value === undefined) return (text) => text;
  const { type, normalizers, prepend, pattern, content } = readAny(value, at);
  switch (oneOf('NFC', 'NFKC', 'Sequence', 'Prepend', 'Replace')(type, `${at}.type`)) {
    case 'NFC':
      return (text) => text.normalize('NFC');
    case 'NFKC':
      return (text) => text.normalize('NFKC');
    case 'Prepend': {
      const before = string()(prepend, `${at}.prepend`);
      return (text) => (text === '' ? text : before + text);
    }
    case 'Replace': {
      const found = string(/./s)(readAny(pattern, `${at}.pattern`).String, `${at}.pattern.String`);
      const by = string()(content, `${at}.content`);
      return (text) => text.replaceAll(found, () => by);
    }
    case 'Sequence': {
      if (!Array.isArray(normalizers)) throw new Mismatch(`"${at}.normalizers" must be a list`);
      const steps = list(readNormaliser)(normalizers, `${at}.normalizers`);
      return (text) => steps.reduce((done, step) => step(done), text);
    }
  }
}
