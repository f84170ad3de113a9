import { describe, expect, it } from 'vitest';
import { findProblem, labelsOf, toChunk, toPrompt } from './chunks.ts';
import {
  type Card,
  emptyPrompt,
  newCard,
  newPicture,
  type Preset,
  type PromptState,
} from './prompt.ts';
import { DEFAULT_TEMPLATES, printedWords, withManifest } from './templates.ts';

const blob = new Blob(['cat']);
const image = { type: 'image', blob };
const card = (parts: Partial<Card> = {}) =>
  newCard({ pictures: [newPicture(blob, 'cat.jpg')], ...parts });
const chunk = (preset: Preset, parts: Partial<Card> = {}, answer?: string) =>
  toChunk(card(parts), preset, DEFAULT_TEMPLATES, answer);

describe('a chunk', () => {
  it('is the picture and the template; open, it ends without a space', () => {
    expect(chunk('caption')).toEqual([image, { type: 'text', text: 'Caption:' }]);
  });

  it('closed, is followed by one space and the answer, in one text', () => {
    expect(chunk('caption', {}, ' a cat\n')).toEqual([
      image,
      { type: 'text', text: 'Caption: a cat' },
    ]);
    expect(chunk('question', { question: ' What? ' }, 'a cat')).toEqual([
      image,
      { type: 'text', text: 'Question: What? Answer: a cat' },
    ]);
  });

  it('never reads typed words as a template or as a picture', () => {
    const question = '<image> {question} $& What?';
    expect(chunk('question', { question })).toEqual([
      image,
      { type: 'text', text: `Question: ${question} Answer:` },
    ]);
  });

  it('without a template is the pictures and the text as typed', () => {
    const two = [newPicture(blob, '1'), newPicture(blob, '2')];
    expect(chunk('free', { pictures: two, free: 'Two cats: ' })).toEqual([
      image,
      image,
      { type: 'text', text: 'Two cats:' },
    ]);
    expect(chunk('free', { free: ' ' })).toEqual([image]);
  });

  it('takes the manifest’s template', () => {
    const templates = withManifest({
      caption: { template: 'See <image> and say:', maxNewTokens: 5 },
    });
    expect(toChunk(card(), 'caption', templates)).toEqual([
      { type: 'text', text: 'See ' },
      image,
      { type: 'text', text: ' and say:' },
    ]);
    expect(templates.classify).toBe(DEFAULT_TEMPLATES.classify);
  });
});

describe('a prompt', () => {
  const state: PromptState = {
    ...emptyPrompt(),
    preset: 'classify',
    examples: [
      card({ answer: 'cat' }),
      newCard(),
      card({ answer: ' dog ' }),
      card({ answer: 'cat' }),
    ],
    question: card(),
  };

  it('has its examples in order, blank ones left out', () => {
    const { examples, prompt } = toPrompt(state, DEFAULT_TEMPLATES);
    expect(examples.map((example) => example[1])).toEqual([
      { type: 'text', text: 'Name: cat' },
      { type: 'text', text: 'Name: dog' },
      { type: 'text', text: 'Name: cat' },
    ]);
    expect(prompt).toEqual([image, { type: 'text', text: 'Name:' }]);
  });

  it('ranks among the distinct labels of a classification only', () => {
    expect(labelsOf(state)).toEqual(['cat', 'dog']);
    expect(labelsOf({ ...state, preset: 'caption' })).toEqual([]);
  });
});

describe('what is missing', () => {
  const problem = (preset: Preset, question: Card, ...examples: Card[]) =>
    findProblem({ preset, question, examples })?.problem ?? null;

  it('is found in reading order', () => {
    expect(problem('caption', newCard())).toBe('no-picture');
    expect(problem('caption', card())).toBe(null);
    expect(problem('caption', card(), newCard())).toBe(null);
    expect(problem('caption', newCard(), card())).toBe('example-no-answer');
    expect(problem('caption', card(), newCard({ answer: 'a cat' }))).toBe('example-no-picture');
    expect(problem('question', card())).toBe('no-question');
    expect(problem('question', card({ question: 'What?' }), card({ answer: 'x' }))).toBe(
      'example-no-question',
    );
    expect(problem('free', newCard())).toBe('empty');
    expect(problem('free', newCard({ free: 'Once' }))).toBe(null);
    expect(problem('free', card(), card())).toBe('example-no-answer');
  });

  it('says which example', () => {
    const examples = [newCard(), card()];
    expect(findProblem({ preset: 'caption', question: card(), examples })).toEqual({
      problem: 'example-no-answer',
      card: examples[1]?.id,
      place: 2,
    });
  });
});

it('printed words stand around the fields', () => {
  expect(printedWords('<image>Question: {question} Answer:')).toEqual({
    before: 'Question:',
    after: 'Answer:',
  });
  expect(printedWords('<image>Caption:')).toEqual({ before: '', after: 'Caption:' });
});
