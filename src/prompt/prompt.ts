/**
 * The prompt as a person edits it: cards in order, the examples first and the question last. Every field keeps
 * what was typed in it, whichever preset is shown, so changing the preset loses nothing.
 */
import { newId } from '../ids.ts';

/** A picture that was dropped, pasted, picked or tried. `name` is a file name or a title, for its label. */
export interface Picture {
  id: string;
  blob: Blob;
  name: string;
}

/** One chunk being edited. `question` and `answer` fill a preset's template, `free` is the whole text without one. */
export interface Card {
  id: string;
  pictures: Picture[];
  question: string;
  answer: string;
  free: string;
}

export type CardField = 'question' | 'answer' | 'free';

/** How a card's text is made. All but `free` fill the template that the manifest has under that name. */
export const PRESETS = ['caption', 'describe', 'question', 'classify', 'free'] as const;
export type Preset = (typeof PRESETS)[number];

export interface PromptState {
  preset: Preset;
  examples: Card[];
  question: Card;
}

export type PromptAction =
  | { type: 'preset'; preset: Preset }
  | { type: 'text'; card: string; field: CardField; text: string }
  /** Pictures for one card; see `addPictures` for those that do not fit. */
  | { type: 'pictures'; card: string; pictures: Picture[] }
  | { type: 'remove-picture'; card: string; picture: string }
  /** A new example for each picture, or one without a picture. */
  | { type: 'add-examples'; pictures: Picture[] }
  | { type: 'remove-example'; card: string }
  | { type: 'move-example'; card: string; by: -1 | 1 }
  /** The prompt of an earlier visit; left where something has been put into this one by now. */
  | { type: 'restore'; prompt: PromptState }
  /** An empty prompt, of the same preset. */
  | { type: 'clear' }
  /** The question with its answer becomes the last example; the question keeps its words and loses its picture. */
  | { type: 'keep'; answer: string };

/** A card with nothing in it, but for the parts given. */
export function newCard(parts: Partial<Omit<Card, 'id'>> = {}): Card {
  return { id: newId(), pictures: [], question: '', answer: '', free: '', ...parts };
}

/** A picture under an id of its own: the same file may stand in two cards. */
export function newPicture(blob: Blob, name: string): Picture {
  return { id: newId(), blob, name };
}

/** The prompt of a first visit: no examples, an empty question, asking for a caption. */
export function emptyPrompt(): PromptState {
  return { preset: 'caption', examples: [], question: newCard() };
}

/** True for an example in which nothing stands yet. It is left out of the prompt. */
export function isBlank(card: Card, preset: Preset): boolean {
  const words =
    preset === 'free' ? card.free : card.answer + (asksQuestion(preset) ? card.question : '');
  return card.pictures.length === 0 && words.trim() === '';
}

/** True while there is nothing in the prompt that anybody would miss. */
export function isUntouched({ examples, question: card }: PromptState): boolean {
  const words = card.question + card.answer + card.free;
  return examples.length === 0 && card.pictures.length === 0 && words.trim() === '';
}

/** True where each card has a question of its own. */
export function asksQuestion(preset: Preset): boolean {
  return preset === 'question';
}

export function promptReducer(state: PromptState, action: PromptAction): PromptState {
  switch (action.type) {
    case 'preset':
      return { ...state, preset: action.preset };
    case 'text':
      return withCard(state, action.card, (card) => ({ ...card, [action.field]: action.text }));
    case 'pictures':
      return addPictures(state, action.card, action.pictures);
    case 'remove-picture':
      return withCard(state, action.card, (card) => ({
        ...card,
        pictures: card.pictures.filter((picture) => picture.id !== action.picture),
      }));
    case 'add-examples':
      return { ...state, examples: [...state.examples, ...examplesOf(state, action.pictures)] };
    case 'remove-example':
      return { ...state, examples: state.examples.filter((card) => card.id !== action.card) };
    case 'move-example':
      return { ...state, examples: moved(state.examples, action.card, action.by) };
    case 'restore':
      return isUntouched(state) ? action.prompt : state;
    case 'clear':
      return { ...emptyPrompt(), preset: state.preset };
    case 'keep': {
      const { pictures, question, free } = state.question;
      const answer = action.answer.trim();
      const example = newCard({ pictures, question, answer, free: joined(free, answer) });
      return {
        ...state,
        examples: [...state.examples, example],
        question: { ...state.question, pictures: [] },
      };
    }
  }
}

/** Text and what follows it, with exactly one space between. */
export function joined(text: string, answer: string): string {
  return `${text.trimEnd()} ${answer.trim()}`.trim();
}

/**
 * Without a template a card holds any number of pictures. With one it holds one: a new picture takes the old one's
 * place, and pictures that are left over become examples of their own (after this one; before the question).
 */
function addPictures(state: PromptState, id: string, pictures: Picture[]): PromptState {
  if (pictures.length === 0) return state;
  if (state.preset === 'free') {
    return withCard(state, id, (card) => ({ ...card, pictures: [...card.pictures, ...pictures] }));
  }
  if (id === state.question.id) {
    // The question stands last, so of several pictures it takes the last.
    const examples = [...state.examples, ...examplesOf(state, pictures.slice(0, -1), true)];
    return { ...state, examples, question: { ...state.question, pictures: pictures.slice(-1) } };
  }
  return {
    ...state,
    examples: state.examples.flatMap((card) =>
      card.id === id
        ? [
            { ...card, pictures: pictures.slice(0, 1) },
            ...examplesOf(state, pictures.slice(1), true),
          ]
        : [card],
    ),
  };
}

/** New examples, one a picture. They take over the question's words, which are mostly the same for all. */
function examplesOf(state: PromptState, pictures: Picture[], noneIfEmpty = false): Card[] {
  const question = state.question.question;
  if (pictures.length === 0) return noneIfEmpty ? [] : [newCard({ question })];
  return pictures.map((picture) => newCard({ question, pictures: [picture] }));
}

function withCard(state: PromptState, id: string, change: (card: Card) => Card): PromptState {
  if (state.question.id === id) return { ...state, question: change(state.question) };
  return {
    ...state,
    examples: state.examples.map((card) => (card.id === id ? change(card) : card)),
  };
}

function moved(cards: Card[], id: string, by: -1 | 1): Card[] {
  const from = cards.findIndex((card) => card.id === id);
  const to = from + by;
  const card = cards[from];
  if (!card || to < 0 || to >= cards.length) return cards;
  const others = cards.filter((other) => other.id !== id);
  return [...others.slice(0, to), card, ...others.slice(to)];
}
