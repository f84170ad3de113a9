/**
 * A picture as the encoder sees it: padded in one square or, where it is long, in tiles (`training/pixels.py`); or as
 * the manifest of another model wants it, cut or stretched.
 */
import type { Manifest } from '../manifest.ts';
import { type Raster, resample } from './resample.ts';

export interface TileGrid {
  columns: number;
  rows: number;
}

/** Features of a tile. */
export function featuresOf({ tokens, grid }: Manifest['vision']): number {
  return tokens ?? grid ** 2;
}

/** One tile for aspects up to 2, then one for every whole multiple of the short side. */
export function tileGrid(width: number, height: number, maxTiles: number): TileGrid {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  const count = long <= 2 * short ? 1 : Math.min(maxTiles, Math.floor(long / short));
  return width >= height ? { columns: count, rows: 1 } : { columns: 1, rows: count };
}

/** RGB of the tiles' size, as `vision.resize` says. */
export function fitToTiles(image: Raster, vision: Manifest['vision'], grid: TileGrid): Raster {
  const { size, resize = 'pad' } = vision;
  if (resize === 'pad') return padded(image, vision, grid);
  if (resize === 'stretch') return resample(image, size, size, vision.resample);
  return middle(image, vision, resize === 'crop' ? Math.floor : halfToEven);
}

/** Halves to the even neighbour, as Python's `round`. */
function halfToEven(value: number): number {
  const whole = Math.floor(value);
  if (value - whole !== 0.5) return Math.round(value);
  return whole % 2 === 0 ? whole : whole + 1;
}

/** The middle of the picture, its short side resized to that of the square. */
function middle(
  image: Raster,
  { size, resample: filter }: Manifest['vision'],
  round: (half: number) => number,
): Raster {
  const short = Math.min(image.width, image.height);
  const scaled = (side: number) =>
    side === short ? size : Math.max(size, Math.trunc((size * side) / short));
  const whole = resample(image, scaled(image.width), scaled(image.height), filter);
  const left = round((whole.width - size) / 2);
  const top = round((whole.height - size) / 2);
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const from = ((top + y) * whole.width + left) * 3;
    data.set(whole.data.subarray(from, from + size * 3), y * size * 3);
  }
  return { data, width: size, height: size };
}

/** Resized to fit its tiles and centred on the padding colour. */
function padded(image: Raster, vision: Manifest['vision'], grid: TileGrid): Raster {
  const width = grid.columns * vision.size;
  const height = grid.rows * vision.size;
  const scale = Math.min(width / image.width, height / image.height);
  const scaled = (side: number, limit: number) =>
    Math.max(1, Math.min(limit, Math.trunc(side * scale + 0.5)));
  const inner = resample(
    image,
    scaled(image.width, width),
    scaled(image.height, height),
    vision.resample,
  );
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(vision.mean[i % 3] as number);
  const top = Math.floor((height - inner.height) / 2);
  const left = Math.floor((width - inner.width) / 2);
  const row = inner.width * 3;
  for (let y = 0; y < inner.height; y++) {
    data.set(inner.data.subarray(y * row, (y + 1) * row), ((top + y) * width + left) * 3);
  }
  return { data, width, height };
}

/** Normalised tiles in reading order, f32 [tiles, 3, size, size], written at `target`. */
export function normalise(canvas: Raster, vision: Manifest['vision'], target: Float32Array): void {
  const { size, mean, std } = vision;
  const area = size * size;
  const columns = canvas.width / size;
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const tile = Math.floor(y / size) * columns + Math.floor(x / size);
      const at = tile * 3 * area + (y % size) * size + (x % size);
      const from = (y * canvas.width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const value = canvas.data[from + channel] as number;
        target[at + channel * area] =
          (value - (mean[channel] as number)) / (std[channel] as number);
      }
    }
  }
}
