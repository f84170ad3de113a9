/**
 * The language model on the CPU: an interpreter of programs that `workers/kernels/program.ts` writes. A program is a
 * list of operations, each [code, words in all, arguments …] of 32 bits; all threads run it, each on its share.
 */
import { BLOCK, normalise, quantiseBlocks } from './activations';
import { attend, look, rotate } from './attention';
import { linear, plainLinear } from './linear';
import { gelu4, silu4 } from './numbers';
import {
  barrier, field, IDS, nextJob, PATCHES, POSITIONS, PROGRAM, ROWS, setThread, shareFrom, shareTo,
  startJob, threadIndex, WANTED,
} from './run';

/** The operations, numbered as in `OPERATIONS` of `layout.ts`. */
const END = 0, EMBED = 1, EMBED_NEW = 2, NORM = 3, LINEAR = 4, ROTATE = 5, ATTEND = 6, LOOK = 7,
  SWIGLU = 8, GELU = 9, PICK = 10, NORM_PICKED = 11, HEAD = 12, HEAD_NEW = 13;

/** Runs the program on all threads; returns when it is done. For thread 0. */
export function run(): void {
  startJob();
  interpret();
}

/** The life of every other thread. */
export function serve(index: i32, job: i32): void {
  setThread(index);
  while (true) {
    job = nextJob(job);
    interpret();
  }
}

function interpret(): void {
  let at = <usize>field(PROGRAM);
  while (true) {
    const code = field(at);
    if (code == END) return;
    operate(code, at + 8);
    at += <usize>field(at + 4) << 2;
  }
}

/** Argument `i` of an operation. */
@inline
function arg(a: usize, i: usize): i32 {
  return load<i32>(a + (i << 2));
}

/** This thread's part of a region that has `stride` bytes for each. */
function own(region: i32, stride: i32): usize {
  return <usize>region + <usize>threadIndex() * <usize>stride;
}

function operate(code: i32, a: usize): void {
  switch (code) {
    case EMBED:
      return embed(arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4), arg(a, 5));
    case EMBED_NEW:
      return embedNew(arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4));
    case NORM:
      return normalise(
        arg(a, 0), arg(a, 1), arg(a, 2), load<f32>(a + 12), arg(a, 4), arg(a, 5),
        field(ROWS), arg(a, 6), arg(a, 7) != 0,
      );
    case LINEAR:
      return linear(
        arg(a, 0), field(ROWS), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4), arg(a, 5),
        arg(a, 6), arg(a, 2), arg(a, 7), own(arg(a, 8), arg(a, 9)),
      );
    case ROTATE:
      return rotate(arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4), arg(a, 5), arg(a, 6));
    case ATTEND:
      return attend(
        arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4),
        own(arg(a, 5), arg(a, 6)) + (arg(a, 4) << 2), own(arg(a, 5), arg(a, 6)), arg(a, 7), arg(a, 8) != 0,
      );
    case LOOK:
      return look(
        arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4),
        own(arg(a, 5), arg(a, 6)) + (arg(a, 3) << 2), own(arg(a, 5), arg(a, 6)), arg(a, 7), arg(a, 8) != 0,
      );
    case SWIGLU:
      return swiglu(arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3) != 0);
    case GELU:
      return gelu(arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3) != 0);
    case PICK:
      return pick(arg(a, 0), arg(a, 1), arg(a, 2));
    case NORM_PICKED:
      return normalise(
        arg(a, 0), arg(a, 1), 0, load<f32>(a + 8), arg(a, 3), arg(a, 4), field(WANTED), arg(a, 5), false,
      );
    case HEAD:
      return linear(
        arg(a, 0), field(WANTED), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4), 0,
        arg(a, 5), arg(a, 6), 0, own(arg(a, 7), arg(a, 8)),
      );
    case HEAD_NEW:
      return plainLinear(
        arg(a, 0), field(WANTED), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4), arg(a, 5), arg(a, 6),
      );
    default:
      unreachable();
  }
}

/** Rows of ids in [first, first + count) out of an 8-bit table. */
function embed(x: usize, width: i32, first: i32, count: i32, q: usize, d: usize): void {
  const ids = <usize>field(IDS);
  const to = shareTo(field(ROWS), 1);
  for (let row = shareFrom(field(ROWS), 1); row < to; row++) {
    const id = field(ids + (row << 2)) - first;
    if (id < 0 || id >= count) continue;
    const out = x + ((row * width) << 2);
    for (let i = 0; i < width; i++) {
      const scale = halfOf(load<u16>(d + ((id * (width / BLOCK) + i / BLOCK) << 1)));
      store<f32>(out + (i << 2), scale * <f32>(<i32>load<u8>(q + id * width + i) - 128));
    }
  }
}

function halfOf(bits: u16): f32 {
  const magnitude = reinterpret<f32>((<u32>bits & 0x7fff) << 13) * <f32>5.192296858534828e33;
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** Rows of the new tokens, from id `first` on; the one numbered `image` has patches in its place where there are any. */
function embedNew(x: usize, width: i32, first: i32, table: usize, image: i32): void {
  const ids = <usize>field(IDS), patches = <usize>field(PATCHES);
  const to = shareTo(field(ROWS), 1);
  for (let row = shareFrom(field(ROWS), 1); row < to; row++) {
    const id = field(ids + (row << 2));
    if (id < first) continue;
    const from = id == image && patches ? patches + ((row * width) << 2) : table + (((id - first) * width) << 2);
    memory.copy(x + ((row * width) << 2), from, <usize>width << 2);
  }
  barrier();
}

/** silu(gate) * up of [rows, 2 width] as an input. */
function swiglu(x: usize, width: i32, out: usize, grouped: bool): void {
  const rows = field(ROWS), blocks = width / BLOCK;
  const to = shareTo(rows * blocks, 1);
  for (let unit = shareFrom(rows * blocks, 1); unit < to; unit++) {
    const row = unit / blocks, b = unit % blocks;
    const gate = x + ((row * 2 * width + b * BLOCK) << 2);
    const up = gate + (width << 2);
    for (let i: usize = 0; i < 128; i += 16) {
      v128.store(gate + i, f32x4.mul(silu4(v128.load(gate + i)), v128.load(up + i)));
    }
    quantiseBlocks(gate - (b << 7), out, row, rows, width, b, b + 1, grouped);
  }
  barrier();
}

/** gelu of [rows, width] as an input. */
function gelu(x: usize, width: i32, out: usize, grouped: bool): void {
  const rows = field(ROWS), blocks = width / BLOCK;
  const to = shareTo(rows * blocks, 1);
  for (let unit = shareFrom(rows * blocks, 1); unit < to; unit++) {
    const row = unit / blocks, b = unit % blocks;
    const from = x + ((row * width + b * BLOCK) << 2);
    for (let i: usize = 0; i < 128; i += 16) v128.store(from + i, gelu4(v128.load(from + i)));
    quantiseBlocks(from - (b << 7), out, row, rows, width, b, b + 1, grouped);
  }
  barrier();
}

/** The rows whose logits are wanted, one after another. */
function pick(x: usize, width: i32, out: usize): void {
  const positions = <usize>field(POSITIONS);
  const to = shareTo(field(WANTED), 1);
  for (let i = shareFrom(field(WANTED), 1); i < to; i++) {
    memory.copy(
      out + ((i * width) << 2),
      x + ((field(positions + (i << 2)) * width) << 2),
      <usize>width << 2,
    );
  }
  barrier();
}
