/** What the KV holds, so that a prompt that begins alike computes only the rest. */

/** A token's KV depends on these and on all tokens before it. */
export interface Held {
  ids: number[];
  /** For each token the key of the last media at or before it, '' where there is none. */
  media: string[];
  /** The factor on the gates the KV was computed with. */
  gates: number;
}

/** Nothing is held. */
export const nothingHeld = (gates: number): Held => ({ ids: [], media: [], gates });

/**
 * How many tokens of `wanted` are in `held` already. At most all but the last, whose logits are still to be had.
 */
export function sharedPrefix(held: Held, wanted: Held): number {
  if (held.gates !== wanted.gates) return 0;
  const most = Math.min(held.ids.length, wanted.ids.length - 1);
  let shared = 0;
  while (
    shared < most &&
    held.ids[shared] === wanted.ids[shared] &&
    held.media[shared] === wanted.media[shared]
  ) {
    shared++;
  }
  return shared;
}
