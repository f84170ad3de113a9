/**
 * Pillow's resize on 8-bit channels: the filter's support widened when shrinking, 22-bit fixed-point weights, rounded to
 * bytes between the passes. A browser's own scaler differs by up to dozens of levels.
 */
import type { ResizeFilter } from '../manifest.ts';

/** Interleaved channels, row by row. */
export interface Raster {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

const CHANNELS = 3;
const PRECISION_BITS = 22;

/** A filter is zero from `support` on. */
interface Filter {
  support: number;
  at(x: number): number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const FILTERS: Record<ResizeFilter, Filter> = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: bicubic },
  lanczos: { support: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function bicubic(x: number): number {
  const a = -0.5;
  const at = Math.abs(x);
  if (at < 1) return ((a + 2) * at - (a + 3)) * at * at + 1;
  if (at < 2) return (((at - 5) * at + 8) * at - 4) * a;
  return 0;
}

/** For each output place the first input place and the weights of it and those after. */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  weights: Int32Array;
  stride: number;
}

function tapsOf(input: number, output: number, filter: Filter): Taps {
  const scale = input / output;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const weights = new Int32Array(output * stride);
  const reciprocal = 1 / filterScale;
  for (let place = 0; place < output; place++) {
    const center = (place + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - support + 0.5));
    const high = Math.min(input, Math.trunc(center + support + 0.5));
    const raw: number[] = [];
    let sum = 0;
    for (let x = low; x < high; x++) {
      const weight = filter.at((x - center + 0.5) * reciprocal);
      raw.push(weight);
      sum += weight;
    }
    first[place] = low;
    count[place] = high - low;
    raw.forEach((weight, i) => {
      const scaled = (sum === 0 ? weight : weight / sum) * 2 ** PRECISION_BITS;
      weights[place * stride + i] = Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
  }
  return { first, count, weights, stride };
}

/**
 * One pass along one axis. `step` is the distance of neighbours along it in bytes, `lineStep` that of lines across it.
 */
function pass(
  source: Raster['data'],
  target: Uint8Array,
  taps: Taps,
  lines: number,
  [step, lineStep]: [number, number],
  [outStep, outLineStep]: [number, number],
): void {
  const { first, count, weights, stride } = taps;
  const half = 2 ** (PRECISION_BITS - 1);
  for (let line = 0; line < lines; line++) {
    for (let place = 0; place < first.length; place++) {
      const taken = count[place] as number;
      const from = line * lineStep + (first[place] as number) * step;
      const to = line * outLineStep + place * outStep;
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = half;
        for (let i = 0; i < taken; i++) {
          sum +=
            (source[from + i * step + channel] as number) * (weights[place * stride + i] as number);
        }
        const value = Math.floor(sum / 2 ** PRECISION_BITS);
        target[to + channel] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
}

function toWidth({ data, width, height }: Raster, wanted: number, filter: Filter): Raster {
  if (wanted === width) return { data, width, height };
  const target = new Uint8Array(wanted * height * CHANNELS);
  const [row, wantedRow] = [width * CHANNELS, wanted * CHANNELS];
  pass(data, target, tapsOf(width, wanted, filter), height, [CHANNELS, row], [CHANNELS, wantedRow]);
  return { data: target, width: wanted, height };
}

function toHeight({ data, width, height }: Raster, wanted: number, filter: Filter): Raster {
  if (wanted === height) return { data, width, height };
  const row = width * CHANNELS;
  const target = new Uint8Array(row * wanted);
  pass(data, target, tapsOf(height, wanted, filter), width, [row, CHANNELS], [row, CHANNELS]);
  return { data: target, width, height: wanted };
}

/**
 * Resizes RGB to width x height; equal to `Image.resize(size, filter)` of Pillow 13 byte for byte. An axis that keeps
 * its length is not touched. The horizontal pass comes first, unless the height loses more than twice what the width
 * does (earlier versions of Pillow know no such exception).
 */
export function resample(
  image: Raster,
  width: number,
  height: number,
  name: ResizeFilter = 'bicubic',
): Raster {
  const filter = FILTERS[name];
  const lost = image.height - height;
  const verticalFirst = lost > 0 && lost > 2 * (image.width - width);
  return verticalFirst
    ? toWidth(toHeight(image, height, filter), width, filter)
    : toHeight(toWidth(image, width, filter), height, filter);
}
