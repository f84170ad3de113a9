/** A prompt as it lies in the browser's storage: words and names of pictures; the pictures lie beside it. */
import { list, Mismatch, object, oneOf, type Reader, string } from '../../workers/check.ts';
import { type Card, newCard, newPicture, PRESETS, type PromptState } from '../prompt/prompt.ts';

interface SavedPicture {
  /** Under which the Blob is stored. */
  key: string;
  name: string;
}

type SavedCard = Pick<Card, 'question' | 'answer' | 'free'> & { pictures: SavedPicture[] };

export interface SavedPrompt {
  format: 'flamingo-prompt/1';
  preset: PromptState['preset'];
  examples: SavedCard[];
  question: SavedCard;
}

const card = object<SavedCard>({
  question: string(),
  answer: string(),
  free: string(),
  pictures: list(object<SavedPicture>({ key: string(), name: string() })),
});

const read: Reader<SavedPrompt> = object<SavedPrompt>({
  format: oneOf('flamingo-prompt/1'),
  preset: oneOf(...PRESETS),
  examples: list(card),
  question: card,
});

/** Checks what came out of the storage; null where it is no prompt of this version (which is told on the console). */
export function parseSaved(value: unknown): SavedPrompt | null {
  try {
    return read(value, '');
  } catch (cause) {
    if (!(cause instanceof Mismatch)) throw cause;
    console.warn(`The saved prompt cannot be used: ${cause.message}.`);
    return null;
  }
}

/** What is to be stored; `keyOf` names each Blob. */
export function toSaved(prompt: PromptState, keyOf: (blob: Blob) => string): SavedPrompt {
  const save = ({ question, answer, free, pictures }: Card): SavedCard => ({
    question,
    answer,
    free,
    pictures: pictures.map(({ blob, name }) => ({ key: keyOf(blob), name })),
  });
  return {
    format: 'flamingo-prompt/1',
    preset: prompt.preset,
    examples: prompt.examples.map(save),
    question: save(prompt.question),
  };
}

/** The prompt of a record. A picture whose Blob is gone is left out. */
export function fromSaved(saved: SavedPrompt, blobs: ReadonlyMap<string, Blob>): PromptState {
  const open = ({ pictures, ...words }: SavedCard): Card =>
    newCard({
      ...words,
      pictures: pictures.flatMap(({ key, name }) => {
        const blob = blobs.get(key);
        return blob ? [newPicture(blob, name)] : [];
      }),
    });
  return {
    preset: saved.preset,
    examples: saved.examples.map(open),
    question: open(saved.question),
  };
}

/** Keys of all pictures of a record. */
export function keysOf({ examples, question }: SavedPrompt): string[] {
  return [...examples, question].flatMap(({ pictures }) => pictures.map(({ key }) => key));
}
