/** Beam search: several hypotheses side by side, one row of the KV each. */
import type { Model } from '../model.ts';
import { prefill } from '../prefill.ts';
import type { Prepared, Task } from '../prepare.ts';
import type { Generation } from '../protocol.ts';
import { nextTurn } from '../turn.ts';
import { type Beams, decided, grow } from './hypotheses.ts';

/** As in Flamingo's evaluation (section B.1.1 of its appendix), with length penalty 0. */
const WIDTH = 3;

/**
 * Answers a prompt.
 *
 * @param onAnswer hears the best answer so far, whole, after each step: a later one need not begin like it
 * @throws the signal's reason, at most one step after it was aborted
 */
export async function decodeBeams(
  model: Model,
  prepared: Prepared,
  task: Task,
  maxNewTokens: number,
  onAnswer: (tokens: number[]) => void,
): Promise<Generation['end']> {
  const { language, views, prompt } = prepared;
  const { endOfChunk } = model.manifest.tokens;
  const length = prompt.ids.length;
  const logits = await prefill(model, prepared, task, (step) => language.logits(model.kv, step));
  const start = { beams: [{ tokens: [], score: 0 }], ended: undefined };
  let state: Beams = grow(start, logits, WIDTH, endOfChunk);
  onAnswer(best(state).tokens);

  const kv = model.kv.fork(WIDTH, length + maxNewTokens);
  try {
    // The rows are alike still, and a batch is full also where fewer tokens than rows could follow.
    const last = new Array<number>(WIDTH).fill(prompt.media.at(-1) ?? -1);
    for (let count = 1; count < maxNewTokens && !decided(state); count++) {
      await nextTurn();
      task.signal.throwIfAborted();
      const { beams } = state;
      const rows = await task.stopwatch.time('decode', () =>
        language.logits(kv, {
          ids: beams.map(({ tokens }) => tokens.at(-1) ?? endOfChunk),
          ...views.view(last),
          positions: beams.map((_, row) => row),
        }),
      );
      state = grow(state, rows, WIDTH, endOfChunk);
      onAnswer(best(state).tokens);
      kv.reorder(
        state.beams.map(({ parent }) => parent),
        length,
      );
    }
  } finally {
    kv.dispose();
  }
  return best(state) === state.ended ? 'end-of-chunk' : 'length';
}

/** The likeliest of all, ended or not. */
function best({ beams, ended }: Beams): { tokens: number[]; score: number } {
  const [first] = beams;
  if (!first) return ended ?? { tokens: [], score: 0 };
  return ended && ended.score >= first.score ? ended : first;
}
