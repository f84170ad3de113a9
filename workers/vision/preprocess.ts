/** From picture files to the inputs of the vision and bridge graphs. */
import { Failure } from '../failure.ts';
import type { Manifest } from '../manifest.ts';
import type { MediaSource } from '../prompt.ts';
import { decode } from './decode.ts';
import { gridMatrix, timeMatrix } from './interpolate.ts';
import type { Raster } from './resample.ts';
import { fitToTiles, normalise, type TileGrid, tileGrid } from './tiles.ts';

/** One media item, prepared. All frames of a clip have the tiles of its first. */
export interface MediaInput {
  /** f32 [tiles, 3, size, size], the frames' tiles one after another. */
  pixels: Float32Array;
  /** Tiles of all frames together. */
  tiles: number;
  frames: number;
  /** f32 [tiles of a frame * grid², grid²]. */
  grid: Float32Array;
  /** f32 [frames, temporal]; zeros for a picture, which has no time. */
  time: Float32Array;
}

/** Tiles of pictures that are decoded already, f32 [tiles, 3, size, size]. */
export function toTiles(images: readonly Raster[], vision: Manifest['vision'], grid: TileGrid) {
  const perFrame = grid.columns * grid.rows * 3 * vision.size ** 2;
  const pixels = new Float32Array(images.length * perFrame);
  for (const [i, image] of images.entries()) {
    const target = pixels.subarray(i * perFrame, (i + 1) * perFrame);
    normalise(fitToTiles(image, vision, grid), vision, target);
  }
  return pixels;
}

/**
 * Decodes and prepares a picture, or the frames of a clip.
 *
 * @throws {Failure} `image-decode` or `image-too-large`
 */
export async function preprocess(
  source: MediaSource,
  vision: Manifest['vision'],
  resampler: Manifest['resampler'],
): Promise<MediaInput> {
  const blobs = source.type === 'image' ? [source.blob] : source.blobs;
  const images: Raster[] = [];
  for (const blob of blobs) images.push(await decode(blob));
  const [first] = images;
  if (!first) throw new Failure('image-decode', 'This clip has no frames: choose another clip.');
  const grid = tileGrid(first.width, first.height, vision.maxTiles);
  const { temporal } = resampler;
  return {
    pixels: toTiles(images, vision, grid),
    tiles: grid.columns * grid.rows * images.length,
    frames: images.length,
    grid: gridMatrix(grid.columns, grid.rows, vision.grid),
    time:
      source.type === 'image' ? new Float32Array(temporal) : timeMatrix(images.length, temporal),
  };
}
