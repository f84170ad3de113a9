/** Runs in the page of `vision.spec.ts`, with the worker's own modules. */
import { toFlamingoError } from '../../workers/failure.ts';
import type { FlamingoError } from '../../workers/protocol.ts';
import { decode } from '../../workers/vision/decode.ts';
import { fitToTiles, tileGrid } from '../../workers/vision/tiles.ts';

/** The default model's `vision`. */
const VISION = {
  size: 260,
  maxTiles: 4,
  resample: 'bicubic' as const,
  mean: [127, 127, 127] as [number, number, number],
  std: [128, 128, 128] as [number, number, number],
  grid: 9,
  width: 1280,
};

/** Prepares a picture and compares it with the golden canvas: its size, and the largest difference of a byte. */
export async function compareCanvas(picture: string, goldenPng: string) {
  const image = await decode(await (await fetch(`/tests/pictures/${picture}`)).blob());
  const actual = fitToTiles(image, VISION, tileGrid(image.width, image.height, VISION.maxTiles));
  const golden = Uint8Array.from(atob(goldenPng), (character) => character.charCodeAt(0));
  const wanted = await decode(new Blob([golden]));
  let worst = 0;
  for (const [i, value] of wanted.data.entries()) {
    worst = Math.max(worst, Math.abs(value - (actual.data[i] as number)));
  }
  return { width: actual.width, height: actual.height, worst };
}

/** Why these bytes are no picture that is taken, or null where they are. */
export async function failureOf(bytes: ArrayLike<number>): Promise<FlamingoError | null> {
  return decode(new Blob([Uint8Array.from(bytes)])).then(() => null, toFlamingoError);
}
