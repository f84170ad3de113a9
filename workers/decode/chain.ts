/** Decoding of a single answer, token by token: greedy or sampled. */
import type { Step } from '../language.ts';
import type { Model } from '../model.ts';
import { prefill } from '../prefill.ts';
import { nothingHeld } from '../prefix.ts';
import type { Prepared, Task } from '../prepare.ts';
import type { Generation } from '../protocol.ts';
import { nextTurn } from '../turn.ts';
import type { Chooser } from './choose.ts';

/**
 * Answers a prompt. The KV holds the answer afterwards too, for a prompt that goes on from it.
 *
 * @param onToken hears each token of the answer; end-of-chunk is none of it
 * @throws the signal's reason, at most one token after it was aborted
 */
export async function decodeChain(
  model: Model,
  prepared: Prepared,
  task: Task,
  chooser: Chooser,
  maxNewTokens: number,
  onToken: (token: number) => void,
): Promise<Generation['end']> {
  const { language, views, prompt, wanted } = prepared;
  const next = async (step: Step): Promise<number> => {
    if (chooser.from === 'argmax') return only(await language.argmax(model.kv, step));
    return chooser.choose(only(await language.logits(model.kv, step)));
  };
  const lastMedia = prompt.media.at(-1) ?? -1;
  const lastKey = wanted.media.at(-1) ?? '';

  let token = await prefill(model, prepared, task, next);
  for (let count = 1; token !== model.manifest.tokens.endOfChunk; count++) {
    onToken(token);
    if (count === maxNewTokens) return 'length';
    await nextTurn();
    task.signal.throwIfAborted();
    const { held } = model;
    const fed = token;
    // Should the run fail, nothing is known of the KV.
    model.held = nothingHeld(wanted.gates);
    token = await task.stopwatch.time('decode', () =>
      next({ ids: [fed], ...views.view([lastMedia]), positions: [0] }),
    );
    held.ids.push(fed);
    held.media.push(lastKey);
    model.held = held;
  }
  return 'end-of-chunk';
}

function only<T>(values: ArrayLike<T>): T {
  const [value] = Array.from(values);
  if (value === undefined) throw new Error('The language graph gave nothing for the position.');
  return value;
}
