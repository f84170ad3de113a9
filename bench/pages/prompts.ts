/** The prompts that are measured: tokens and pictures at random, since time does not depend on what they say. */

/** Tokens of text in an example, in the question, and how many tokens a picture is as tokens. */
export const EXAMPLE_TOKENS = 8;
export const QUESTION_TOKENS = 3;
export const PATCH_TOKENS = 64;

/** Random whole numbers below `limit`, the same for the same seed. */
export function random(seed: number, limit: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * limit);
  };
}

/** f32 numbers from -1 to 1. */
export function numbers(seed: number, count: number): Float32Array {
  const next = random(seed, 2001);
  return Float32Array.from({ length: count }, () => next() / 1000 - 1);
}

/** Ids of ordinary tokens: none of the first, which are special. */
export function words(seed: number, count: number, vocabulary: number): number[] {
  const next = random(seed, vocabulary - 20);
  return Array.from({ length: count }, () => next() + 17);
}

/** How a prompt's example and question are seeded; examples are the same in every prompt, the question is new. */
export const exampleSeed = (i: number) => 1000 + i;

/** What a measurement of time to first token gives. */
export interface FirstToken {
  milliseconds: number;
  /** Tokens of the prompt, and how many of them were computed. */
  tokens: number;
  computed: number;
}
