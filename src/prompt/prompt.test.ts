import { describe, expect, it } from 'vitest';
import { emptyPrompt, newCard, newPicture, type PromptState, promptReducer } from './prompt.ts';

const picture = (name: string) => newPicture(new Blob([name]), name);

function promptOf(...answers: string[]): PromptState {
  return { ...emptyPrompt(), examples: answers.map((answer) => newCard({ answer })) };
}

const answers = (state: PromptState) => state.examples.map((card) => card.answer);
const names = (state: PromptState) =>
  [...state.examples, state.question].map((card) => card.pictures.map(({ name }) => name));

describe('examples', () => {
  it('move by one place, and not past the ends', () => {
    const state = promptOf('a', 'b', 'c');
    const [first, , last] = state.examples.map((card) => card.id);
    const move = (card = '', by: -1 | 1 = 1) =>
      promptReducer(state, { type: 'move-example', card, by });
    expect(answers(move(first, 1))).toEqual(['b', 'a', 'c']);
    expect(answers(move(last, -1))).toEqual(['a', 'c', 'b']);
    expect(move(first, -1)).toEqual(state);
    expect(move(last, 1)).toEqual(state);
    expect(move('unknown', 1)).toEqual(state);
  });

  it('are added one a picture, with the words of the question', () => {
    const state = { ...emptyPrompt(), question: newCard({ question: 'How many?' }) };
    const next = promptReducer(state, {
      type: 'add-examples',
      pictures: [picture('1'), picture('2')],
    });
    expect(names(next)).toEqual([['1'], ['2'], []]);
    expect(next.examples.map((card) => card.question)).toEqual(['How many?', 'How many?']);
    expect(promptReducer(state, { type: 'add-examples', pictures: [] }).examples).toHaveLength(1);
  });

  it('take over a question with its answer', () => {
    const question = newCard({ question: 'What?', pictures: [picture('cat')] });
    const next = promptReducer({ ...emptyPrompt(), question }, { type: 'keep', answer: ' a cat ' });
    expect(names(next)).toEqual([['cat'], []]);
    expect(next.examples[0]).toMatchObject({ question: 'What?', answer: 'a cat' });
    expect(next.examples[0]?.id).not.toBe(next.question.id);
    expect(next.question.question).toBe('What?');
  });

  it('keep text and answer together where there is no template', () => {
    const state: PromptState = {
      ...emptyPrompt(),
      preset: 'free',
      question: newCard({ free: 'This is ' }),
    };
    expect(promptReducer(state, { type: 'keep', answer: ' a cat' }).examples[0]?.free).toBe(
      'This is a cat',
    );
  });
});

describe('pictures', () => {
  it('replace the one of a templated card; those left over become examples in order', () => {
    const one = promptReducer(promptOf('a'), {
      type: 'pictures',
      card: '',
      pictures: [picture('nobody')],
    });
    expect(names(one)).toEqual([[], []]);
    const card = one.examples[0]?.id ?? '';
    const two = promptReducer(one, {
      type: 'pictures',
      card,
      pictures: [picture('1'), picture('2')],
    });
    expect(names(two)).toEqual([['1'], ['2'], []]);
    const three = promptReducer(two, { type: 'pictures', card, pictures: [picture('3')] });
    expect(names(three)).toEqual([['3'], ['2'], []]);
    expect(answers(three)).toEqual(['a', '']);
  });

  it('of a question: the last one stays, the others become examples', () => {
    const state = emptyPrompt();
    const pictures = ['1', '2', '3'].map(picture);
    const next = promptReducer(state, { type: 'pictures', card: state.question.id, pictures });
    expect(names(next)).toEqual([['1'], ['2'], ['3']]);
  });

  it('gather in a card without a template', () => {
    const state: PromptState = { ...emptyPrompt(), preset: 'free' };
    const card = state.question.id;
    const one = promptReducer(state, { type: 'pictures', card, pictures: [picture('1')] });
    const two = promptReducer(one, { type: 'pictures', card, pictures: [picture('2')] });
    expect(names(two)).toEqual([['1', '2']]);
    const id = two.question.pictures[0]?.id ?? '';
    expect(names(promptReducer(two, { type: 'remove-picture', card, picture: id }))).toEqual([
      ['2'],
    ]);
  });
});

it('changing the preset loses nothing', () => {
  const question = newCard({ question: 'q', free: 'f', pictures: [picture('1')] });
  const state = { ...promptOf('a'), question };
  const there = promptReducer(state, { type: 'preset', preset: 'free' });
  expect(promptReducer(there, { type: 'preset', preset: 'caption' })).toEqual(state);
});
