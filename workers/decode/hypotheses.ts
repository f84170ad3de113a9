/** The bookkeeping of beam search, without a model. Length penalty 0: a score is a sum of log-probabilities. */
import { normaliser, top } from './logits.ts';

export interface Hypothesis {
  tokens: number[];
  score: number;
}

/** A hypothesis that goes on, and the row of the KV it grew from. */
export interface Beam extends Hypothesis {
  parent: number;
}

/** The beams of the next step, best first, and the best answer that has ended (its tokens without end-of-chunk). */
export interface Beams {
  beams: Beam[];
  ended: Hypothesis | undefined;
}

/**
 * Grows each hypothesis by a token and keeps the best `width`. As in Hugging Face's search, twice as many candidates
 * are looked at, and one that ends counts only when it is among the first `width`.
 *
 * @param logits one array for each hypothesis of `beams`
 */
export function grow(
  { beams, ended }: { beams: Hypothesis[]; ended: Hypothesis | undefined },
  logits: Float32Array[],
  width: number,
  endOfChunk: number,
): Beams {
  const candidates = beams
    .flatMap(({ tokens, score }, parent) => {
      const row = logits[parent];
      if (!row) throw new Error('Each hypothesis needs its logits.');
      const norm = normaliser(row);
      return top(row, 2 * width).map((token) => ({
        tokens: [...tokens, token],
        score: score + (row[token] ?? 0) - norm,
        parent,
      }));
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, 2 * width);
  const next: Beams = { beams: [], ended };
  for (const [rank, candidate] of candidates.entries()) {
    const ends = candidate.tokens.at(-1) === endOfChunk;
    if (!ends && next.beams.length < width) next.beams.push(candidate);
    if (ends && rank < width && candidate.score > (next.ended?.score ?? Number.NEGATIVE_INFINITY)) {
      next.ended = { tokens: candidate.tokens.slice(0, -1), score: candidate.score };
    }
  }
  return next;
}

/** True when no beam can overtake the best ended answer: scores only fall. */
export function decided({ beams, ended }: Beams): boolean {
  const [best] = beams;
  return !best || (ended !== undefined && ended.score >= best.score);
}
