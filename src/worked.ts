/** The worked example of a first visit, with the answer that the default model really gave: `examples/worked.json`. */
import { exampleUrl, useExampleJson } from './examples.ts';
import { fetchPicture } from './prompt/files.ts';
import { newCard, type Preset, type PromptState } from './prompt/prompt.ts';

export interface WorkedExample {
  /** The model that answered: a folder's name. */
  model: string;
  preset: Preset;
  /** File names below `examples/`. */
  examples: { picture: string; answer: string }[];
  question: { picture: string };
  answer: string;
}

/** The example; null until it is fetched, and where it cannot be: the page works without it. */
export function useWorkedExample(): WorkedExample | null {
  return useExampleJson<WorkedExample>('worked.json');
}

/** The example as a prompt of one's own. Rejects when a picture cannot be fetched. */
export async function asPrompt(worked: WorkedExample): Promise<PromptState> {
  const card = async (file: string, answer = '') => {
    const picture = await fetchPicture(exampleUrl(file), file);
    if (!picture) throw new Error(`${file} is no picture`);
    return newCard({ pictures: [picture], answer });
  };
  const examples = worked.examples.map(({ picture, answer }) => card(picture, answer));
  return {
    preset: worked.preset,
    examples: await Promise.all(examples),
    question: await card(worked.question.picture),
  };
}
