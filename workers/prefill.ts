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

/** Tokens `from` to `to` in as few runs as may be, of at most `most` tokens each. */
export function pieces(from: number, to: number, most: number): Piece[] {
  const count = Math.ceil((to - from) / most);
  return Array.from({ length: count }, (_, i) => ({
    from: from + i * most,
    to: Math.min(to, from + (i + 1) * most),
  }));
}

/** What names the KV of each closed chunk behind those before it: its tokens, its pictures, the gates. */
export function chunkKeys(
  { ids, media, gates }: Prepared['wanted'],
  starts: TokenPrompt['starts'],
): string[] {
  return starts.slice(1).map((end, i) => {
    const start = starts[i] ?? 0;
    return `${gates} ${ids.slice(start, end)} ${media.slice(start, end)}`;
  });
}

/**
 * Brings the model's KV to the prompt: what it has in common with what is held stays, closed chunks that are kept are
 * copied, the rest is computed.
 *
 * @param last runs the last step, whose one position is the last token, and takes from it what is wanted
 * @throws the signal's reason
 */
export async function prefill<T>(
  model: Model,
  prepared: Prepared,
  { stopwatch, signal, onEvent }: Task,
  last: (step: Step) => Promise<T>,
): Promise<T> {
  const { prompt, wanted, language, views } = prepared;
  const { ids, starts } = prompt;
  const keys = chunkKeys(wanted, starts);
  const ready = await stopwatch.time('prefill', async () => recall(model, prepared, keys));
  const runs = pieces(ready, ids.length, model.runTokens);
  const total = runs.length;
  stopwatch.count('prefillTokens', ids.length - ready);

  const advance = async <R>(
    { from, to }: Piece,
    done: number,
    run: (step: Step) => Promise<R>,
  ): Promise<R> => {
    onEvent({ type: 'stage', stage: 'prefill', done, total });
    await nextTurn();
    signal.throwIfAborted();
    const step: Step = {
      ids: ids.slice(from, to),
      ...views.view(prompt.media.slice(from, to)),
      positions: [to - from - 1],
    };
    // Should the run fail, nothing is known of the KV.
    model.held = nothingHeld(wanted.gates);
    const result = await stopwatch.time('prefill', () => run(step));
    model.held = held(wanted, to);
    return result;
  };

  const final = runs.pop();
  if (!final) throw new Error('A prompt has at least one token to compute.');
  for (const [i, piece] of runs.entries()) {
    await advance(piece, i, (step) => language.argmax(model.kv, step));
  }
  const result = await advance(final, runs.length, last);
  model.kept.keep(keys, (chunk) => model.kv.copyOut(starts[chunk] ?? 0, starts[chunk + 1] ?? 0));
  return result;
}

/** Takes over what is held or kept; returns how many of the prompt's tokens the KV has then. */
function recall(
  model: Model,
  { prompt: { starts }, wanted }: Prepared,
  keys: readonly string[],
): number {
  const shared = sharedPrefix(model.held, wanted);
  const kept = model.kept.find(keys);
  const known = starts[kept.length] ?? 0;
  if (known <= shared) {
    model.kv.truncate(shared);
    return shared;
  }
  // Whole chunks that are held stay; one that is held in part is copied whole.
  const whole = starts.findLastIndex((start) => start <= shared);
  model.kv.truncate(starts[whole] ?? 0);
  for (const rows of kept.slice(whole)) rows.copyIn();
  model.held = held(wanted, known);
  return known;
}

/** The first tokens of what is wanted. */
function held({ ids, media, gates }: Prepared['wanted'], length: number) {
  return { ids: ids.slice(0, length), media: media.slice(0, length), gates };
}
