/** Golden files written by `python -m training.goldens`. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const GOLDEN = new URL('../golden/', import.meta.url);

/** Reads `tests/golden/NAME`, unpacked where it is gzipped. */
export function readGolden<T>(name: string): T {
  const bytes = readFileSync(new URL(name, GOLDEN));
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as T;
}

/** A picture as the encoder sees it (`canvases.json.gz`); `png` holds the canvas itself, base64. */
export interface CanvasGolden {
  picture: string;
  width: number;
  height: number;
  sha256: string;
  png: string;
}

/** What PyTorch's encoder makes of Pillow's pixels (`features.json.gz`): little-endian float16, base64. */
export interface FeatureGolden {
  /** Path below the project's folder. */
  photo: string;
  /** Places of the 9 x 9 map whose features follow one another. */
  places: number[];
  features: string;
}
