/**
 * Expands quantised weights to fp32 for the `wasm` flavour, whose plain MatMul is three to four times as fast on a CPU
 * as MatMulNBits. ONNX Runtime could fold operators to the same effect, but keeps every intermediate
 * until all are folded, which is more than a wasm heap holds.
 */
import { integer, list, Mismatch, object, orNull, type Reader, string } from '../check.ts';
import { Failure } from '../failure.ts';

/** Weights in a block of the frozen and of our own formats. */
const BLOCK = 32;

/** The name under which graphs look for the expanded weights. */
export const EXPANDED = 'expanded';

interface Place {
  shard: string;
  offset: number;
}

/**
 * One weight [rows, columns], stored as `q`, `d` and, for Q4_1, `m`: w = d q + m with q in 0..15, or w = d (q - 128).
 * `d` and `m` are 16-bit floats, one a block of 32 columns. It becomes [columns, rows] in fp32.
 */
export interface ExpandEntry {
  name: string;
  rows: number;
  columns: number;
  q: Place;
  d: Place;
  m: Place | null;
}

const place = object<Place>({ shard: string(), offset: integer(0) });

const readList: Reader<ExpandEntry[]> = list(
  object<ExpandEntry>({
    name: string(),
    rows: integer(1),
    columns: integer(BLOCK),
    q: place,
    d: place,
    m: orNull(place),
  }),
);

/** Checks the list of a graph's `expand` file. Throws `bad-manifest`. */
export function parseExpandList(json: unknown): ExpandEntry[] {
  try {
    return readList(json, 'weights');
  } catch (cause) {
    if (!(cause instanceof Mismatch)) throw cause;
    throw new Failure('bad-manifest', `The model's list of weights is damaged: ${cause.message}.`, {
      cause,
    });
  }
}

/** All values of a 16-bit float, by its bits: a look-up is faster than any conversion. */
function halfTable(): Float32Array {
  const table = new Float32Array(1 << 16);
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

/** Writes one weight, transposed, at `target` (columns * rows floats). */
function expandInto(
  target: Float32Array,
  entry: ExpandEntry,
  q: Uint8Array,
  d: Uint16Array,
  m: Uint16Array | null,
  half: Float32Array,
): void {
  const { rows, columns } = entry;
  const blocks = columns / BLOCK;
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const at = row * blocks + block;
      const scale = half[d[at] as number] as number;
      let out = block * BLOCK * rows + row;
      if (m) {
        const offset = half[m[at] as number] as number;
        const first = at * (BLOCK / 2);
        for (let byte = first; byte < first + BLOCK / 2; byte++) {
          const pair = q[byte] as number;
          target[out] = scale * (pair & 15) + offset;
          target[out + rows] = scale * (pair >> 4) + offset;
          out += 2 * rows;
        }
      } else {
        const first = at * BLOCK;
        for (let byte = first; byte < first + BLOCK; byte++) {
          target[out] = scale * ((q[byte] as number) - 128);
          out += rows;
        }
      }
    }
  }
}

/**
 * The bytes of the file `expanded`: the weights of the list one after another.
 *
 * @param shards the Blobs of the shards by name
 */
export async function expandWeights(
  list: readonly ExpandEntry[],
  shards: (path: string) => Blob,
): Promise<Uint8Array> {
  const total = list.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const target = new Float32Array(total);
  const half = halfTable();
  const read = async ({ shard, offset }: Place, bytes: number) => {
    const buffer = await shards(shard)
      .slice(offset, offset + bytes)
      .arrayBuffer();
    if (buffer.byteLength !== bytes) {
      throw new Failure('bad-manifest', `${shard} is shorter than its model says. Load it again.`);
    }
    return buffer;
  };
  let at = 0;
  for (const entry of list) {
    const count = entry.rows * entry.columns;
    const scales = (count / BLOCK) * 2;
    const q = new Uint8Array(await read(entry.q, entry.m ? count / 2 : count));
    const d = new Uint16Array(await read(entry.d, scales));
    const m = entry.m && new Uint16Array(await read(entry.m, scales));
    expandInto(target.subarray(at, at + count), entry, q, d, m, half);
    at += count;
  }
  return new Uint8Array(target.buffer);
}
