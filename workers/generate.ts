/** A question and its answer. */
import { decodeBeams } from './decode/beam.ts';
import { decodeChain } from './decode/chain.ts';
import { chooser } from './decode/choose.ts';
import { Failure } from './failure.ts';
import type { Model } from './model.ts';
import { prepare, type Task } from './prepare.ts';
import type { GenerateRequest, Generation } from './protocol.ts';

/** The answer so far: what a stopped request keeps. */
export interface Answer {
  tokens: number[];
  text: string;
}

/**
 * Answers a prompt into `answer`, telling `task.onEvent` of each token.
 *
 * @throws {Failure} as `prepare`; the signal's reason within one token of its abort
 */
export async function generate(
  model: Model,
  request: GenerateRequest,
  task: Task,
  answer: Answer,
): Promise<Generation['end']> {
  const { maxNewTokens } = request;
  const sampling = request.sampling ?? { method: 'greedy' };
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new Failure('internal', 'The length of the answer must be a whole number of at least 1.');
  }
  const prepared = await prepare(model, request, maxNewTokens, task);

  const become = (tokens: number[]) => {
    answer.tokens = tokens;
    answer.text = model.tokenizer.decode(tokens).trimStart();
    const token = tokens.at(-1);
    if (token === undefined) return;
    task.stopwatch.token(tokens.length);
    task.onEvent({ type: 'token', token, text: answer.text });
  };
  try {
    if (sampling.method === 'beam') {
      return await decodeBeams(model, prepared, task, maxNewTokens, become);
    }
    return await decodeChain(model, prepared, task, chooser(sampling), maxNewTokens, (token) =>
      become([...answer.tokens, token]),
    );
  } finally {
    prepared.views.dispose();
    model.media.prune();
  }
}
