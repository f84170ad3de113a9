/** The prompt's way into the KV. */
import type { Step } from './language.ts';
import type { Model } from './model.ts';
import { nothingHeld, sharedPrefix } from './prefix.ts';
import type { Prepared, Task } from './prepare.ts';
import type { TokenPrompt } from './prompt.ts';
import { nextTurn } from './turn.ts';

/** A run of prompt tokens, `from` included, `to` not. */
export interface Piece {
  from: number;
  to: number;
}

/** The chunks of a prompt from a token on: each is a run of its own, which looks at its own pictures only. */
export function pieces(
  { ids, starts }: Pick<TokenPrompt, 'ids' | 'starts'>,
  from: number,
): Piece[] {
  return starts
    .map((start, i) => ({ from: Math.max(start, from), to: starts[i + 1] ?? ids.length }))
    .filter((piece) => piece.from < piece.to);
}

/**
 * Brings the model's KV to the prompt: what it has in common with what is held stays, the rest is computed.
 *
 * @param last runs the last step, whose one position is the last token, and takes from it what is wanted
 * @throws the signal's reason
 */
export async function prefill<T>(
  model: Model,
  { prompt, wanted, language, views }: Prepared,
  { stopwatch, signal, onEvent }: Task,
  last: (step: Step) => Promise<T>,
): Promise<T> {
  const shared = sharedPrefix(model.held, wanted);
  const runs = pieces(prompt, shared);
  const total = runs.length;
  model.kv.truncate(shared);
  stopwatch.count('prefillTokens', prompt.ids.length - shared);

  const advance = async <R>(
    { from, to }: Piece,
    done: number,
    run: (step: Step) => Promise<R>,
  ): Promise<R> => {
    onEvent({ type: 'stage', stage: 'prefill', done, total });
    await nextTurn();
    signal.throwIfAborted();
    const step: Step = {
      ids: prompt.ids.slice(from, to),
      ...views.view(prompt.media.slice(from, to)),
      positions: [to - from - 1],
    };
    // Should the run fail, nothing is known of the KV.
    model.held = nothingHeld(wanted.gates);
    const result = await stopwatch.time('prefill', () => run(step));
    model.held = {
      ids: wanted.ids.slice(0, to),
      media: wanted.media.slice(0, to),
      gates: wanted.gates,
    };
    return result;
  };

  const final = runs.pop();
  if (!final) throw new Error('A prompt has at least one token to compute.');
  for (const [i, piece] of runs.entries()) {
    await advance(piece, i, (step) => language.argmax(model.kv, step));
  }
  return advance(final, runs.length, last);
}
