/** Asking, with a look at what is missing first. */
import { useState } from 'react';
import type { EngineState, Live } from './engine/state.ts';
import { type FocusField, focusField, focusSoon } from './focus.ts';
import { findProblem, labelsOf, type PromptProblem } from './prompt/chunks.ts';
import type { PromptState } from './prompt/prompt.ts';

export type AskProblem = PromptProblem | { problem: 'not-loaded' | 'loading' | 'few-labels' };

export interface Asking {
  /** Asks, or says what is missing and moves the focus there. */
  ask: (kind: Live['kind']) => void;
  /** What the last try missed, until it is mended. */
  problem: AskProblem | null;
}

export function useAsk(
  prompt: PromptState,
  engine: EngineState,
  run: (kind: Live['kind']) => Promise<void>,
): Asking {
  const [tried, setTried] = useState<Live['kind'] | null>(null);
  const problem = tried && findAskProblem(tried, prompt, engine);

  function ask(kind: Live['kind']): void {
    if (engine.run.status === 'running') return;
    const missing = findAskProblem(kind, prompt, engine);
    setTried(missing && kind);
    if (missing) focusProblem(missing, prompt);
    else void run(kind);
  }
  return { ask, problem };
}

function findAskProblem(
  kind: Live['kind'],
  prompt: PromptState,
  { model }: EngineState,
): AskProblem | null {
  const problem = findProblem(prompt);
  if (problem) return problem;
  if (kind === 'rank' && labelsOf(prompt).length < 2) return { problem: 'few-labels' };
  if (model.status === 'ready') return null;
  return { problem: model.status === 'loading' ? 'loading' : 'not-loaded' };
}

function focusProblem(problem: AskProblem, { preset }: PromptState): void {
  if (problem.problem === 'not-loaded') focusSoon('[data-focus="load"]');
  if ('card' in problem) focusField(problem.card, fieldOf(problem));

  function fieldOf({ problem: missing }: PromptProblem): FocusField {
    if (missing === 'no-picture' || missing === 'example-no-picture') return 'picture';
    if (preset === 'free') return 'free';
    return missing === 'example-no-answer' ? 'answer' : 'question';
  }
}
