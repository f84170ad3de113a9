/**
 * Linear layers on quantised weights as they lie in the shards: q and 16-bit d (and m) of blocks of 32 columns.
 * 4 bits: w = d q + m, the even columns in the low halves; 8 bits: w = d (q - 128).
 */
import { BLOCK, paddedBlocks, scalesOf, sumsOf } from './activations';
import { half4 } from './numbers';
import { barrier, shareFrom, shareTo } from './run';

/** A weight row at 16 bits in the order of the inputs, then its scales in fp32: what several rows of x are multiplied with. */
function unpack4(q: usize, columns: i32, out: usize): void {
  const nibble = i16x8.splat(15);
  const end = <usize>columns << 1;
  for (let at: usize = 0; at < end; at += 64) {
    const packed = v128.load(q);
    v128.store(out + at, v128.and(packed, nibble));
    v128.store(out + at, v128.and(i16x8.shr_u(packed, 4), nibble), 16);
    v128.store(out + at, v128.and(i16x8.shr_u(packed, 8), nibble), 32);
    v128.store(out + at, i16x8.shr_u(packed, 12), 48);
    q += 16;
  }
}

function unpack8(q: usize, columns: i32, out: usize): void {
  const centre = i8x16.splat(-128);
  const end = <usize>columns << 1;
  for (let at: usize = 0; at < end; at += 32) {
    const bytes = v128.xor(v128.load(q), centre);
    v128.store(out + at, i16x8.extend_low_i8x16_s(bytes));
    v128.store(out + at, i16x8.extend_high_i8x16_s(bytes), 16);
    q += 16;
  }
}

/** scales = d times the scales of x; returns the products of m and the sums of x, 0 without m. */
@inline
function prepareScales(d: usize, m: usize, scales: usize, sums: usize, bytes: usize, out: usize): v128 {
  let offset = f32x4.splat(0);
  // Behind a row's end the scales of x are 0, and whatever follows in memory does no harm.
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(out + i, f32x4.mul(half4(d + (i >> 1)), v128.load(scales + i)));
    if (m) offset = f32x4.add(offset, f32x4.mul(half4(m + (i >> 1)), v128.load(sums + i)));
  }
  return offset;
}

@inline
function total(v: v128): f32 {
  const pairs = f32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

@inline
function dot32(a0: v128, a1: v128, a2: v128, a3: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  return f32x4.convert_i32x4_s(
    i32x4.add(
      i32x4.add(i32x4.dot_i16x8_s(a0, x0), i32x4.dot_i16x8_s(a1, x1)),
      i32x4.add(i32x4.dot_i16x8_s(a2, x2), i32x4.dot_i16x8_s(a3, x3)),
    ),
  );
}

/** A 4-bit row times one row of x. */
@inline
function single4(q: usize, x: usize, scales: usize, blocks: i32, offset: v128): f32 {
  const nibble = i16x8.splat(15);
  let sum = offset;
  for (let b = 0; b < blocks; b++) {
    const packed = v128.load(q);
    const part = dot32(
      v128.and(packed, nibble),
      v128.and(i16x8.shr_u(packed, 4), nibble),
      v128.and(i16x8.shr_u(packed, 8), nibble),
      i16x8.shr_u(packed, 12),
      v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48),
    );
    sum = f32x4.add(sum, f32x4.mul(part, v128.load32_splat(scales)));
    q += 16;
    x += 64;
    scales += 4;
  }
  return total(sum);
}

/** An 8-bit row times one row of x. */
@inline
function single8(q: usize, x: usize, scales: usize, blocks: i32): f32 {
  const centre = i8x16.splat(-128);
  let sum = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    const low = v128.xor(v128.load(q), centre);
    const high = v128.xor(v128.load(q, 16), centre);
    const part = dot32(
      i16x8.extend_low_i8x16_s(low), i16x8.extend_high_i8x16_s(low),
      i16x8.extend_low_i8x16_s(high), i16x8.extend_high_i8x16_s(high),
      v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48),
    );
    sum = f32x4.add(sum, f32x4.mul(part, v128.load32_splat(scales)));
    q += 32;
    x += 64;
    scales += 4;
  }
  return total(sum);
}

/**
 * out[r, n] = x[r] . w[n], or with a factor out[r, n] += factor x[r] . w[n].
 *
 * @param m 0 for 8-bit weights
 * @param stride numbers between rows of `out`
 * @param factor address of an f32, or 0
 * @param scratch this thread's: i16 [columns], then f32 [2, padded blocks]
 */
export function linear(
  input: usize, rows: i32, columns: i32, outputs: i32, q: usize, d: usize, m: usize,
  out: usize, stride: i32, factor: usize, scratch: usize,
): void {
  if (rows == 0) return barrier();
  const blocks = columns / BLOCK;
  const padded = paddedBlocks(columns);
  const bytes = <usize>padded << 2;
  const scales = scalesOf(input, rows, columns);
  const sums = sumsOf(input, rows, columns);
  const gain: f32 = factor ? load<f32>(factor) : 0;
  const rowBytes: usize = m ? <usize>columns >> 1 : <usize>columns;
  const to = shareTo(outputs, 16);
  for (let n = shareFrom(outputs, 16); n < to; n++) {
    const weights = q + <usize>n * rowBytes;
    const dRow = d + ((n * blocks) << 1);
    const mRow = m ? m + ((n * blocks) << 1) : 0;
    const target = out + (n << 2);
    if (rows == 1) {
      const offset = prepareScales(dRow, mRow, scales, sums, bytes, scratch);
      const value = m
        ? single4(weights, input, scratch, blocks, offset)
        : single8(weights, input, scratch, blocks);
      store<f32>(target, factor ? load<f32>(target) + gain * value : value);
      continue;
    }
    if (m) unpack4(weights, columns, scratch);
    else unpack8(weights, columns, scratch);
    const dScratch = scratch + (columns << 1);
    const mScratch = dScratch + bytes;
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(dScratch + i, half4(dRow + (i >> 1)));
      if (m) v128.store(mScratch + i, half4(mRow + (i >> 1)));
    }
    for (let r = 0; r < rows; r += 4) {
      several(
        scratch, dScratch, m ? mScratch : 0, input, scales, sums, min(4, rows - r), r,
        columns, blocks, bytes, target, stride, factor != 0, gain,
      );
    }
  }
  barrier();
}

/** One weight row, unpacked, times up to four rows of x. */
@inline
function several(
  w: usize, dRow: usize, mRow: usize, input: usize, scales: usize, sums: usize, count: i32, first: i32,
  columns: i32, blocks: i32, bytes: usize, target: usize, stride: i32, adds: bool, gain: f32,
): void {
  // Rows that are not there are the last one again, and are not stored.
  const r1 = first + min(1, count - 1), r2 = first + min(2, count - 1), r3 = first + min(3, count - 1);
  const width = <usize>columns << 1;
  const x0 = input + <usize>first * width, x1 = input + <usize>r1 * width;
  const x2 = input + <usize>r2 * width, x3 = input + <usize>r3 * width;
  const s0 = scales + <usize>first * bytes, s1 = scales + <usize>r1 * bytes;
  const s2 = scales + <usize>r2 * bytes, s3 = scales + <usize>r3 * bytes;
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  if (mRow) {
    const u0 = sums + <usize>first * bytes, u1 = sums + <usize>r1 * bytes;
    const u2 = sums + <usize>r2 * bytes, u3 = sums + <usize>r3 * bytes;
    for (let i: usize = 0; i < bytes; i += 16) {
      const m = v128.load(mRow + i);
      a0 = f32x4.add(a0, f32x4.mul(m, v128.load(u0 + i)));
      a1 = f32x4.add(a1, f32x4.mul(m, v128.load(u1 + i)));
      a2 = f32x4.add(a2, f32x4.mul(m, v128.load(u2 + i)));
      a3 = f32x4.add(a3, f32x4.mul(m, v128.load(u3 + i)));
    }
  }
  for (let b: usize = 0; b < <usize>blocks; b++) {
    const at = b << 6, s = b << 2;
    const w0 = v128.load(w + at), w1 = v128.load(w + at, 16);
    const w2 = v128.load(w + at, 32), w3 = v128.load(w + at, 48);
    const d = v128.load32_splat(dRow + s);
    a0 = f32x4.add(a0, f32x4.mul(f32x4.mul(d, v128.load32_splat(s0 + s)), dot32(w0, w1, w2, w3,
      v128.load(x0 + at), v128.load(x0 + at, 16), v128.load(x0 + at, 32), v128.load(x0 + at, 48))));
    a1 = f32x4.add(a1, f32x4.mul(f32x4.mul(d, v128.load32_splat(s1 + s)), dot32(w0, w1, w2, w3,
      v128.load(x1 + at), v128.load(x1 + at, 16), v128.load(x1 + at, 32), v128.load(x1 + at, 48))));
    a2 = f32x4.add(a2, f32x4.mul(f32x4.mul(d, v128.load32_splat(s2 + s)), dot32(w0, w1, w2, w3,
      v128.load(x2 + at), v128.load(x2 + at, 16), v128.load(x2 + at, 32), v128.load(x2 + at, 48))));
    a3 = f32x4.add(a3, f32x4.mul(f32x4.mul(d, v128.load32_splat(s3 + s)), dot32(w0, w1, w2, w3,
      v128.load(x3 + at), v128.load(x3 + at, 16), v128.load(x3 + at, 32), v128.load(x3 + at, 48))));
  }
  put(target, first, stride, total(a0), adds, gain);
  if (count > 1) put(target, r1, stride, total(a1), adds, gain);
  if (count > 2) put(target, r2, stride, total(a2), adds, gain);
  if (count > 3) put(target, r3, stride, total(a3), adds, gain);
}

@inline
function put(target: usize, row: i32, stride: i32, value: f32, adds: bool, gain: f32): void {
  const at = target + (<usize>row * <usize>stride << 2);
  store<f32>(at, adds ? load<f32>(at) + gain * value : value);
}

/** out[r, n] = x[r] . w[n] + bias[n] in fp32, w [columns, outputs]: for the few rows of new tokens. */
export function plainLinear(
  x: usize, rows: i32, columns: i32, outputs: i32, w: usize, bias: usize, out: usize, stride: i32,
): void {
  const to = shareTo(rows, 1);
  for (let r = shareFrom(rows, 1); r < to; r++) {
    for (let n = 0; n < outputs; n++) {
      let sum: f64 = 0;
      for (let k = 0; k < columns; k++) {
        sum += <f64>load<f32>(x + ((r * columns + k) << 2)) * <f64>load<f32>(w + ((k * outputs + n) << 2));
      }
      store<f32>(out + ((r * stride + n) << 2), <f32>sum + load<f32>(bias + (n << 2)));
    }
  }
  barrier();
}
