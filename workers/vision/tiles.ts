/** The whole picture as the encoder sees it: one padded square, or tiles where it is long (`training/pixels.py`). */
import type { Manifest } from '../manifest.ts';
import { type Raster, resample } from './resample.ts';

export interface TileGrid {
  columns: number;
  rows: number;
}

/** One tile for aspects up to 2, then one for every whole multiple of the short side. */
export function tileGrid(width: number, height: number, maxTiles: number): TileGrid {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  const count = long <= 2 * short ? 1 : Math.min(maxTiles, Math.floor(long / short));
  return width >= height ? { columns: count, rows: 1 } : { columns: 1, rows: count };
}

/** RGB resized to fit its tiles and centred on the padding colour. */
export function fitToTiles(image: Raster, vision: Manifest['vision'], grid: TileGrid): Raster {
  const width = grid.columns * vision.size;
  const height = grid.rows * vision.size;
  const scale = Math.min(width / image.width, height / image.height);
  const scaled = (side: number, limit: number) =>
    Math.max(1, Math.min(limit, Math.trunc(side * scale + 0.5)));
  const inner = resample(image, scaled(image.width, width), scaled(image.height, height));
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
