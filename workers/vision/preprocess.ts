/** From picture files to the inputs of the vision and bridge graphs. */
import { Failure } from '../failure.ts';
import type { Manifest } from '../manifest.ts';
import type { MediaSource } from '../prompt.ts';
import { decode } from './decode.ts';
import { frameRows, gridMatrix, timeMatrix } from './interpolate.ts';
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
  /** f32 [frames, temporal]; zeros for a picture where times are interpolated: it has none. */
  time: Float32Array;
}

/**
 * The bridge's `time` for an item.
 *
 * @throws {Failure} `image-decode` for a clip that the model cannot take
 */
function timeOf(
  source: MediaSource,
  frames: number,
  { temporal, time = 'interpolated' }: Manifest['resampler'],
): Float32Array {
  const clip = source.type === 'frames';
  if (clip && temporal === 0) {
    throw new Failure(
      'image-decode',
      'This model was not trained on clips: add the frames as pictures instead.',
    );
  }
  if (time === 'interpolated') {
    return clip ? timeMatrix(frames, temporal) : new Float32Array(temporal);
  }
  if (temporal > 0 && frames > temporal) {
    throw new Failure(
      'image-decode',
      `This clip has ${frames} frames, and the model takes ${temporal} at most: choose a shorter one.`,
    );
  }
  return temporal === 0 ? new Float32Array(0) : frameRows(frames, temporal);
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
  return {
    pixels: toTiles(images, vision, grid),
    tiles: grid.columns * grid.rows * images.length,
    frames: images.length,
    grid: gridMatrix(grid.columns, grid.rows, vision.grid),
    time: timeOf(source, images.length, resampler),
  };
}
