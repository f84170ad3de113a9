import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readGolden } from '../../tests/support/golden.ts';
import { resample } from './resample.ts';

interface ResampleGolden {
  source: [number, number];
  target: [number, number];
  /** Gzipped RGB bytes, base64. */
  seed: string;
  sha256: string;
}

const goldens = readGolden<ResampleGolden[]>('resample.json');

test.each(goldens)('$source to $target equals Pillow byte for byte', (golden) => {
  const data = new Uint8Array(gunzipSync(Buffer.from(golden.seed, 'base64')));
  const [width, height] = golden.source;
  const resized = resample({ data, width, height }, ...golden.target);
  expect(resized.data.length).toBe(golden.target[0] * golden.target[1] * 3);
  expect(createHash('sha256').update(resized.data).digest('hex')).toBe(golden.sha256);
});
