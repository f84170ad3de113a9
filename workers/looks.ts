/** Which media a run of tokens looks at, as the language graph takes it. */
import type { Manifest } from './manifest.ts';

export interface Looks {
  /** Indices of the media that at least one of the tokens sees, ascending: the rows of `media`. */
  seen: number[];
  /** [tokens, max(1, seen)] row by row: 1 where a token looks at a media. */
  mask: Float32Array;
}

/**
 * @param last for each token the index of the last media at or before it, -1 for none
 * @param mode 'immediate': a token looks at that media only; 'all': at every media up to it
 */
export function looks(last: number[], mode: Manifest['crossAttention']['media']): Looks {
  const sees = (token: number, media: number) =>
    mode === 'immediate' ? token === media : media <= token;
  const seen = Array.from({ length: Math.max(...last) + 1 }, (_, media) => media).filter((media) =>
    last.some((token) => sees(token, media)),
  );
  const columns = Math.max(1, seen.length);
  const mask = new Float32Array(last.length * columns);
  for (const [row, token] of last.entries()) {
    for (const [column, media] of seen.entries()) {
      if (sees(token, media)) mask[row * columns + column] = 1;
    }
  }
  return { seen, mask };
}
