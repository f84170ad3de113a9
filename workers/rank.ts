/** How likely given answers are. */
import { logProbability } from './decode/logits.ts';
import { Failure } from './failure.ts';
import type { Model } from './model.ts';
import { prefill } from './prefill.ts';
import { prepare, type Task } from './prepare.ts';
import type { Ranking, RankRequest } from './protocol.ts';
import { nextTurn } from './turn.ts';

/**
 * Scores candidates behind one prompt, whose KV they share. Each is joined by one space and scored with its
 * end-of-chunk token. Best mean log-probability first; equal ones in the order they were given.
 *
 * @throws {Failure} as `prepare`; `prompt-empty` without candidates, or with an empty one; the signal's reason
 */
export async function rank(
  model: Model,
  request: RankRequest,
  task: Task,
): Promise<Ranking['ranking']> {
  const answers = request.candidates.map((text) => ({ text, ids: answerIds(model, text) }));
  if (answers.length === 0) {
    throw new Failure('prompt-empty', 'There is nothing to rank: give at least one candidate.');
  }
  const longest = Math.max(...answers.map(({ ids }) => ids.length));
  const prepared = await prepare(model, request, longest, task);
  const { language, views, prompt } = prepared;
  try {
    const [first] = await prefill(model, prepared, task, (step) => language.logits(model.kv, step));
    if (!first) throw new Error('The language graph gave no logits.');
    // Before the next run writes over them.
    const beginnings = answers.map(({ ids }) => logProbability(first, ids[0] ?? 0));
    const ranking: Ranking['ranking'] = [];
    for (const [i, { text, ids }] of answers.entries()) {
      task.onEvent({ type: 'stage', stage: 'decode', done: i, total: answers.length });
      await nextTurn();
      task.signal.throwIfAborted();
      // The last token is only scored, not fed.
      const fed = ids.slice(0, -1);
      const last = fed.map(() => prompt.media.at(-1) ?? -1);
      const rows = await task.stopwatch.time('decode', () =>
        language.logits(model.kv, {
          ids: fed,
          ...views.view(last),
          positions: fed.map((_, position) => position),
        }),
      );
      model.kv.truncate(prompt.ids.length);
      const logprob = rows.reduce(
        (sum, row, position) => sum + logProbability(row, ids[position + 1] ?? 0),
        beginnings[i] ?? 0,
      );
      ranking.push({ text, logprob, meanLogprob: logprob / ids.length });
    }
    return ranking.sort((a, b) => b.meanLogprob - a.meanLogprob);
  } finally {
    // Where a candidate failed, what stands behind the prompt is not part of it.
    model.kv.truncate(prompt.ids.length);
    views.dispose();
    model.media.prune();
  }
}

function answerIds({ tokenizer, manifest }: Model, candidate: string): number[] {
  const text = candidate.trim();
  if (text === '') {
    throw new Failure('prompt-empty', 'A candidate is empty: give it some text, or remove it.');
  }
  return [...tokenizer.encode(` ${text}`), manifest.tokens.endOfChunk];
}
