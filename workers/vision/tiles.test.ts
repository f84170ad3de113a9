import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readGolden } from '../../tests/support/golden.ts';
import type { ResizeFilter, ResizeMode } from '../manifest.ts';
import { fitToTiles } from './tiles.ts';

interface SquareGolden {
  source: [number, number];
  size: number;
  /** Gzipped RGB bytes, base64. */
  pixels: string;
  cases: { resize: ResizeMode; filter: ResizeFilter; sha256: string }[];
}

const vision = {
  maxTiles: 1,
  mean: [127, 127, 127] as [number, number, number],
  std: [128, 128, 128] as [number, number, number],
  grid: 2,
  width: 8,
};

test.each(readGolden<SquareGolden[]>('squares.json'))(
  '$source in every mode and filter equals Pillow byte for byte',
  ({ source, size, pixels, cases }) => {
    const [width, height] = source;
    const image = {
      data: new Uint8Array(gunzipSync(Buffer.from(pixels, 'base64'))),
      width,
      height,
    };
    for (const { resize, filter, sha256 } of cases) {
      const options = { ...vision, size, resize, resample: filter };
      const made = fitToTiles(image, options, { columns: 1, rows: 1 });
      expect([made.width, made.height]).toEqual([size, size]);
      const digest = createHash('sha256').update(made.data).digest('hex');
      expect.soft(digest, `${resize}, ${filter}`).toBe(sha256);
    }
  },
);
