/** From the cards to the protocol's chunks, and what is still missing. */
import type { Chunk, Prompt, Segment } from '../../workers/protocol.ts';
import {
  asksQuestion,
  type Card,
  isBlank,
  type Picture,
  type Preset,
  type PromptState,
} from './prompt.ts';
import { IMAGE, QUESTION, type Templates } from './templates.ts';

/** Why the prompt cannot be asked yet. `card` is the one to look at, `place` its number among the examples. */
export type PromptProblem =
  | { problem: 'no-picture'; card: string }
  | { problem: 'no-question'; card: string }
  | { problem: 'empty'; card: string }
  | {
      problem: 'example-no-picture' | 'example-no-question' | 'example-no-answer';
      card: string;
      place: number;
    };

/**
 * A card's chunk. With `answer` it is closed: the answer follows the template after one space, as in training.
 * What a person typed is put in once and never read as a template or as a picture.
 */
export function toChunk(card: Card, preset: Preset, templates: Templates, answer?: string): Chunk {
  if (preset === 'free') return merged([...images(card.pictures), text(card.free.trim())]);
  const parts = templates[preset].template.split(IMAGE);
  const segments = parts.flatMap((part, place) => [
    ...(place > 0 ? images(card.pictures) : []),
    text(part.split(QUESTION).join(card.question.trim())),
  ]);
  if (answer !== undefined) segments.push(text(` ${answer.trim()}`));
  return merged(segments);
}

/** The whole prompt; blank examples are left out. */
export function toPrompt(state: PromptState, templates: Templates): Prompt {
  const { preset, examples, question } = state;
  return {
    examples: examples
      .filter((card) => !isBlank(card, preset))
      .map((card) => toChunk(card, preset, templates, card.answer)),
    prompt: toChunk(question, preset, templates),
  };
}

/** The first thing that is missing, in reading order, or null when the prompt can be asked. */
export function findProblem(state: PromptState): PromptProblem | null {
  const { preset, examples, question } = state;
  for (const [index, card] of examples.entries()) {
    if (isBlank(card, preset)) continue;
    const where = { card: card.id, place: index + 1 };
    if (preset === 'free') {
      if (!card.free.trim()) return { problem: 'example-no-answer', ...where };
      continue;
    }
    if (card.pictures.length === 0) return { problem: 'example-no-picture', ...where };
    if (asksQuestion(preset) && !card.question.trim())
      return { problem: 'example-no-question', ...where };
    if (!card.answer.trim()) return { problem: 'example-no-answer', ...where };
  }
  const card = question.id;
  if (preset === 'free') return isBlank(question, preset) ? { problem: 'empty', card } : null;
  if (question.pictures.length === 0) return { problem: 'no-picture', card };
  if (asksQuestion(preset) && !question.question.trim()) return { problem: 'no-question', card };
  return null;
}

/** The distinct labels of the examples, in their order: what `rank` chooses among. */
export function labelsOf(state: PromptState): string[] {
  if (state.preset !== 'classify') return [];
  return [...new Set(state.examples.map((card) => card.answer.trim()).filter(Boolean))];
}

function images(pictures: Picture[]): Segment[] {
  return pictures.map(({ blob }) => ({ type: 'image', blob }));
}

function text(words: string): Segment {
  return { type: 'text', text: words };
}

/** Neighbouring texts become one, and empty ones go: a tokenizer must not see seams. */
function merged(segments: Segment[]): Chunk {
  const chunk: Chunk = [];
  for (const segment of segments) {
    const last = chunk.at(-1);
    if (segment.type !== 'text') chunk.push(segment);
    else if (last?.type === 'text') last.text += segment.text;
    else if (segment.text) chunk.push({ ...segment });
  }
  return chunk;
}
