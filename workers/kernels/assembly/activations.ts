/**
 * Inputs of linear layers at 16 bits: x = scale q in blocks of 32, the scale being the block's largest value over
 * 32767. Together with 4- or 8-bit weights products are sums of small integers, which a CPU does eight at a time, and
 * what is lost is less than fp32 loses by the order of its additions.
 *
 * Such an input of R rows of K numbers lies at: i16 [R, K], then f32 [R, padded K / 32] scales, then as many
 * sums (scale times the sum of q); `padded` is up to a multiple of four.
 */
import { barrier, shareFrom, shareTo } from './run';

export const BLOCK: i32 = 32;

/** Blocks of a row, up to a multiple of four. */
@inline
export function paddedBlocks(columns: i32): i32 {
  return (columns / BLOCK + 3) & ~3;
}

@inline
export function scalesOf(input: usize, rows: i32, columns: i32): usize {
  return input + ((rows * columns) << 1);
}

@inline
export function sumsOf(input: usize, rows: i32, columns: i32): usize {
  return scalesOf(input, rows, columns) + ((rows * paddedBlocks(columns)) << 2);
}

@inline
function rounded(x: usize, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x), factor)));
}

/**
 * Writes one block of a row.
 *
 * @param grouped the order that 4-bit weights are unpacked in: columns 0, 4, 8 …, then 1, 5, 9 …
 */
export function quantise(x: usize, q: usize, scale: usize, sum: usize, grouped: bool): void {
  let largest = f32x4.abs(v128.load(x));
  for (let i: usize = 16; i < 128; i += 16) {
    largest = f32x4.max(largest, f32x4.abs(v128.load(x + i)));
  }
  const pairs = f32x4.max(largest, i32x4.shuffle(largest, largest, 2, 3, 0, 1));
  const most = max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
  // Below 1e-30 the reciprocal would overflow, and nothing is lost.
  const inverse: f32 = most > 1e-30 ? <f32>32767 / most : 0;
  const factor = f32x4.splat(inverse);
  const v0 = rounded(x, factor), v1 = rounded(x + 16, factor);
  const v2 = rounded(x + 32, factor), v3 = rounded(x + 48, factor);
  const v4 = rounded(x + 64, factor), v5 = rounded(x + 80, factor);
  const v6 = rounded(x + 96, factor), v7 = rounded(x + 112, factor);
  const total = i32x4.add(
    i32x4.add(i32x4.add(v0, v1), i32x4.add(v2, v3)),
    i32x4.add(i32x4.add(v4, v5), i32x4.add(v6, v7)),
  );
  const n0 = i16x8.narrow_i32x4_s(v0, v1), n1 = i16x8.narrow_i32x4_s(v2, v3);
  const n2 = i16x8.narrow_i32x4_s(v4, v5), n3 = i16x8.narrow_i32x4_s(v6, v7);
  if (grouped) {
    // Lanes 0 of all eight, then lanes 1, and so on.
    const a = i16x8.shuffle(n0, n1, 0, 4, 8, 12, 1, 5, 9, 13);
    const b = i16x8.shuffle(n0, n1, 2, 6, 10, 14, 3, 7, 11, 15);
    const c = i16x8.shuffle(n2, n3, 0, 4, 8, 12, 1, 5, 9, 13);
    const d = i16x8.shuffle(n2, n3, 2, 6, 10, 14, 3, 7, 11, 15);
    v128.store(q, i64x2.shuffle(a, c, 0, 2));
    v128.store(q, i64x2.shuffle(a, c, 1, 3), 16);
    v128.store(q, i64x2.shuffle(b, d, 0, 2), 32);
    v128.store(q, i64x2.shuffle(b, d, 1, 3), 48);
  } else {
    v128.store(q, n0);
    v128.store(q, n1, 16);
    v128.store(q, n2, 32);
    v128.store(q, n3, 48);
  }
  const step = most > 1e-30 ? most / <f32>32767 : 0;
  store<f32>(scale, step);
  const four = i32x4.extract_lane(total, 0) + i32x4.extract_lane(total, 1)
    + i32x4.extract_lane(total, 2) + i32x4.extract_lane(total, 3);
  store<f32>(sum, step * <f32>four);
}

/** Writes blocks `from` to `to` of a row of an input; `to` blocks are followed by zeros where the row ends. */
export function quantiseBlocks(
  x: usize, input: usize, row: i32, rows: i32, columns: i32, from: i32, to: i32, grouped: bool,
): void {
  const padded = paddedBlocks(columns);
  const q = input + ((row * columns) << 1);
  const scales = scalesOf(input, rows, columns) + ((row * padded) << 2);
  const sums = sumsOf(input, rows, columns) + ((row * padded) << 2);
  for (let b = from; b < to; b++) {
    quantise(x + (b << 7), q + (b << 6), scales + (b << 2), sums + (b << 2), grouped);
  }
  if (to != columns / BLOCK) return;
  for (let b = to; b < padded; b++) {
    store<f32>(scales + (b << 2), 0);
    store<f32>(sums + (b << 2), 0);
  }
}

/** The norm of each row of x f32 [rows, columns] as an input; with a bias it is LayerNorm, else RMSNorm. */
export function normalise(
  x: usize, weight: usize, bias: usize, epsilon: f32, scratch: usize, input: usize,
  rows: i32, columns: i32, grouped: bool,
): void {
  const to = shareTo(rows, 1);
  for (let row = shareFrom(rows, 1); row < to; row++) {
    const from = x + ((row * columns) << 2);
    // One row of `scratch` for each row, since threads write at once; the head reads it again.
    const out = scratch + ((row * columns) << 2);
    const end = <usize>columns << 2;
    let mean: f32 = 0;
    if (bias) {
      let sum = f64x2.splat(0);
      for (let i: usize = 0; i < end; i += 8) {
        sum = f64x2.add(sum, f64x2.promote_low_f32x4(v128.load64_zero(from + i)));
      }
      mean = <f32>((f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)) / <f64>columns);
    }
    const centre = f32x4.splat(mean);
    let squares = f32x4.splat(0);
    for (let i: usize = 0; i < end; i += 16) {
      const v = f32x4.sub(v128.load(from + i), centre);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    const pairs = f32x4.add(squares, i32x4.shuffle(squares, squares, 2, 3, 0, 1));
    const total = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
    const factor = f32x4.splat(<f32>1 / sqrt<f32>(total / <f32>columns + epsilon));
    for (let i: usize = 0; i < end; i += 16) {
      let v = f32x4.mul(f32x4.sub(v128.load(from + i), centre), factor);
      v = f32x4.mul(v, v128.load(weight + i));
      if (bias) v = f32x4.add(v, v128.load(bias + i));
      v128.store(out + i, v);
    }
    quantiseBlocks(out, input, row, rows, columns, 0, columns / BLOCK, grouped);
  }
  barrier();
}
