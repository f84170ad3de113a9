/** Attention: of a row to the tokens before it, and of a row to the media it sees. */
import { quantiseBlocks } from './activations';
import { exp4, max4, sum4 } from './numbers';
import {
  BATCH,
  barrier,
  field,
  KV,
  KV_CAPACITY,
  MEDIA,
  MEDIA_MASK,
  MEDIA_TABLE,
  PAST,
  ROWS,
  shareFrom,
  shareTo,
  TOKENS,
} from './run';

/** scores[i] = q . key i, for keys `stride` bytes apart. */
function score(q: usize, size: i32, key: usize, stride: usize, count: i32, scores: usize): void {
  const end = (<usize>size) << 2;
  for (let i = 0; i < count; i++) {
    let a = f32x4.splat(0),
      b = f32x4.splat(0);
    for (let at: usize = 0; at < end; at += 32) {
      a = f32x4.add(a, f32x4.mul(v128.load(q + at), v128.load(key + at)));
      b = f32x4.add(b, f32x4.mul(v128.load(q + at, 16), v128.load(key + at, 16)));
    }
    store<f32>(scores + (i << 2), sum4(f32x4.add(a, b)));
    key += stride;
  }
}

/** Scores, times `scale`, become weights whose sum is 1. */
function softmax(scores: usize, count: i32, scale: f32): void {
  const padded = (count + 3) & ~3;
  const end = (<usize>padded) << 2;
  for (let i = count; i < padded; i++) store<f32>(scores + (i << 2), -3e38);
  let most = v128.load(scores);
  for (let i: usize = 16; i < end; i += 16) most = f32x4.max(most, v128.load(scores + i));
  const top = f32x4.splat(max4(most));
  const factor = f32x4.splat(scale);
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const e = exp4(f32x4.mul(f32x4.sub(v128.load(scores + i), top), factor));
    sum = f32x4.add(sum, e);
    v128.store(scores + i, e);
  }
  const share = f32x4.splat(<f32>1 / sum4(sum));
  for (let i: usize = 0; i < end; i += 16) {
    v128.store(scores + i, f32x4.mul(v128.load(scores + i), share));
  }
}

/** out += the values, weighted; 16 numbers of a head at a time. */
function mix(weights: usize, count: i32, value: usize, stride: usize, size: i32, out: usize): void {
  const end = (<usize>size) << 2;
  for (let at: usize = 0; at < end; at += 64) {
    let a = v128.load(out + at),
      b = v128.load(out + at, 16);
    let c = v128.load(out + at, 32),
      d = v128.load(out + at, 48);
    let from = value + at;
    for (let i = 0; i < count; i++) {
      const w = v128.load32_splat(weights + (i << 2));
      a = f32x4.add(a, f32x4.mul(w, v128.load(from)));
      b = f32x4.add(b, f32x4.mul(w, v128.load(from, 16)));
      c = f32x4.add(c, f32x4.mul(w, v128.load(from, 32)));
      d = f32x4.add(d, f32x4.mul(w, v128.load(from, 48)));
      from += stride;
    }
    v128.store(out + at, a);
    v128.store(out + at, b, 16);
    v128.store(out + at, c, 32);
    v128.store(out + at, d, 48);
  }
}

/** KV is f32 [2 layers, batch, capacity, groups * size]: where keys (`kind` 0) or values (1) of a row of the batch begin. */
function kvAt(layer: i32, kind: i32, batch: i32, width: i32): usize {
  const line = (2 * layer + kind) * field(BATCH) + batch;
  return <usize>field(KV) + <usize>line * <usize>field(KV_CAPACITY) * ((<usize>width) << 2);
}

/** Turns a head by the angles of its position; its halves are the two coordinates. */
function turn(from: usize, to: usize, size: i32, cos: usize, sin: usize): void {
  const half = (<usize>size) << 1;
  for (let i: usize = 0; i < half; i += 16) {
    const x = v128.load(from + i),
      y = v128.load(from + half + i);
    const c = v128.load(cos + i),
      s = v128.load(sin + i);
    v128.store(to + i, f32x4.sub(f32x4.mul(x, c), f32x4.mul(y, s)));
    v128.store(to + half + i, f32x4.add(f32x4.mul(y, c), f32x4.mul(x, s)));
  }
}

/** Turns queries in place; keys, turned, and values go into the KV. qkv f32 [rows, (heads + 2 groups) * size]. */
export function rotate(
  layer: i32,
  qkv: usize,
  heads: i32,
  groups: i32,
  size: i32,
  cos: usize,
  sin: usize,
): void {
  const rows = field(ROWS),
    tokens = field(TOKENS),
    past = field(PAST);
  const head = (<usize>size) << 2;
  const width = groups * size;
  const to = shareTo(rows, 1);
  for (let row = shareFrom(rows, 1); row < to; row++) {
    const position = past + (row % tokens);
    const angle = (position * size) << 1;
    const from = qkv + <usize>row * <usize>(heads + 2 * groups) * head;
    const place = <usize>position * ((<usize>width) << 2);
    const keys = kvAt(layer, 0, row / tokens, width) + place;
    for (let h = 0; h < heads; h++) {
      turn(from + <usize>h * head, from + <usize>h * head, size, cos + angle, sin + angle);
    }
    for (let g = 0; g < groups; g++) {
      turn(
        from + <usize>(heads + g) * head,
        keys + <usize>g * head,
        size,
        cos + angle,
        sin + angle,
      );
    }
    const values = from + <usize>(heads + groups) * head;
    memory.copy(kvAt(layer, 1, row / tokens, width) + place, values, (<usize>width) << 2);
  }
  barrier();
}

/** Causal attention of the rows' queries, as an input of the next linear layer. `scores` and `mixed` are this thread's. */
export function attend(
  layer: i32,
  qkv: usize,
  heads: i32,
  groups: i32,
  size: i32,
  scores: usize,
  mixed: usize,
  out: usize,
  grouped: bool,
): void {
  const rows = field(ROWS),
    tokens = field(TOKENS),
    past = field(PAST);
  const head = (<usize>size) << 2;
  const width = groups * size;
  const stride = (<usize>width) << 2;
  const scale = <f32>1 / sqrt<f32>(<f32>size);
  const perHead = size / 32;
  const to = shareTo(rows * heads, 1);
  for (let unit = shareFrom(rows * heads, 1); unit < to; unit++) {
    const row = unit / heads,
      h = unit % heads;
    const count = past + (row % tokens) + 1;
    const group = <usize>(h / (heads / groups)) * head;
    const q = qkv + <usize>(row * (heads + 2 * groups) + h) * head;
    score(q, size, kvAt(layer, 0, row / tokens, width) + group, stride, count, scores);
    softmax(scores, count, scale);
    memory.fill(mixed, 0, head);
    mix(scores, count, kvAt(layer, 1, row / tokens, width) + group, stride, size, mixed);
    quantiseBlocks(
      mixed - <usize>h * head,
      out,
      row,
      rows,
      heads * size,
      h * perHead,
      (h + 1) * perHead,
      grouped,
    );
  }
  barrier();
}

/** Attention of the rows to the media they see; a row that sees none gets zeros. q f32 [rows, heads * size]. */
export function look(
  block: i32,
  q: usize,
  heads: i32,
  size: i32,
  latents: i32,
  scores: usize,
  mixed: usize,
  out: usize,
  grouped: bool,
): void {
  const rows = field(ROWS),
    media = field(MEDIA);
  const table = <usize>field(MEDIA_TABLE),
    mask = <usize>field(MEDIA_MASK);
  const head = (<usize>size) << 2;
  const width = heads * size;
  const stride = (<usize>width) << 2;
  const plane = <usize>latents * stride;
  const scale = <f32>1 / sqrt<f32>(<f32>size);
  const perHead = size / 32;
  const to = shareTo(rows * heads, 1);
  for (let unit = shareFrom(rows * heads, 1); unit < to; unit++) {
    const row = unit / heads,
      h = unit % heads;
    const from = q + <usize>unit * head;
    const sees = mask + ((row * media) << 2);
    const keys = <usize>(2 * block) * plane + <usize>h * head;
    let count = 0;
    for (let t = 0; t < media; t++) {
      if (load<f32>(sees + (t << 2)) == 0) continue;
      const item = <usize>load<u32>(table + (t << 2));
      score(from, size, item + keys, stride, latents, scores + (count << 2));
      count += latents;
    }
    memory.fill(mixed, 0, head);
    if (count > 0) {
      softmax(scores, count, scale);
      count = 0;
      for (let t = 0; t < media; t++) {
        if (load<f32>(sees + (t << 2)) == 0) continue;
        const item = <usize>load<u32>(table + (t << 2));
        mix(scores + (count << 2), latents, item + keys + plane, stride, size, mixed);
        count += latents;
      }
    }
    quantiseBlocks(
      mixed - <usize>h * head,
      out,
      row,
      rows,
      width,
      h * perHead,
      (h + 1) * perHead,
      grouped,
    );
  }
  barrier();
}
