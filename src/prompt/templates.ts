/** The presets' templates, and what stands before and after the places where a person types. */
import type { PromptTemplate } from '../../workers/manifest.ts';
import type { Preset } from './prompt.ts';

export type Templates = Record<Exclude<Preset, 'free'>, PromptTemplate>;

/** `<image>` stands for the pictures, `{question}` for the question. They are no special tokens here. */
export const IMAGE = '<image>';
export const QUESTION = '{question}';

/** What the page shows before a manifest is read. Those of the default model. */
export const DEFAULT_TEMPLATES: Templates = {
  caption: { template: '<image>Caption:', maxNewTokens: 30 },
  describe: { template: '<image>Description:', maxNewTokens: 70 },
  question: { template: '<image>Question: {question} Answer:', maxNewTokens: 16 },
  classify: { template: '<image>Name:', maxNewTokens: 12 },
};

/** New tokens when the text is a person's own. */
export const FREE_TOKENS = 48;

/** The manifest's templates where it has them, else the defaults. */
export function withManifest(prompts: Record<string, PromptTemplate>): Templates {
  const pick = (preset: keyof Templates) => prompts[preset] ?? DEFAULT_TEMPLATES[preset];
  return {
    caption: pick('caption'),
    describe: pick('describe'),
    question: pick('question'),
    classify: pick('classify'),
  };
}

/** How many tokens an answer of the preset may have, unless the person says otherwise. */
export function defaultTokens(preset: Preset, templates: Templates): number {
  return preset === 'free' ? FREE_TOKENS : templates[preset].maxNewTokens;
}

/**
 * The printed words of a template, as labels of the fields that follow them: `before` the question (empty where
 * there is none) and `after` it, before the answer. The picture is not part of them.
 */
export function printedWords(template: string): { before: string; after: string } {
  const [before = '', after] = template.replaceAll(IMAGE, '').split(QUESTION);
  return after === undefined
    ? { before: '', after: before.trim() }
    : { before: before.trim(), after: after.trim() };
}
