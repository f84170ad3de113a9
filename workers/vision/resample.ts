/**
 * Pillow's bicubic resize on 8-bit channels: a = -0.5, the support widened when shrinking, 22-bit fixed-point
 * weights, the horizontal pass first and rounded to bytes. A browser's own scaler differs by up to dozens of levels.
 */

/** Interleaved channels, row by row. */
export interface Raster {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

const CHANNELS = 3;
const PRECISION_BITS = 22;
const SUPPORT = 2;

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

function tapsOf(input: number, output: number): Taps {
  const scale = input / output;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT * filterScale;
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
      const weight = bicubic((x - center + 0.5) * reciprocal);
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

/**
 * Resizes RGB to width x height; equal to Pillow's `Image.resize(size, BICUBIC)` byte for byte. An axis that keeps
 * its length is not touched.
 */
export function resample(image: Raster, width: number, height: number): Raster {
  let { data } = image;
  let current = image.width;
  if (width !== current) {
    const target = new Uint8Array(width * image.height * CHANNELS);
    pass(
      data,
      target,
      tapsOf(current, width),
      image.height,
      [CHANNELS, current * CHANNELS],
      [CHANNELS, width * CHANNELS],
    );
    data = target;
    current = width;
  }
  if (height !== image.height) {
    const target = new Uint8Array(width * height * CHANNELS);
    const row = width * CHANNELS;
    pass(data, target, tapsOf(image.height, height), width, [row, CHANNELS], [row, CHANNELS]);
    data = target;
  }
  return { data, width, height };
}
