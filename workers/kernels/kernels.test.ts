import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernels, MODULE } from '../../tools/kernels.mjs';
import { Arena } from './arena.ts';
import { HEADER, inputBytes, OPERATIONS } from './layout.ts';

test('the module that is committed is what its source compiles to', {
  timeout: 120_000,
}, async () => {
  const compiled = await compileKernels();
  expect(Buffer.from(compiled).equals(readFileSync(MODULE)), 'run "npm run kernels"').toBe(true);
});

const COLUMNS = 96;
const OUTPUTS = 40;
const BLOCKS = COLUMNS / 32;

/** The bits of plus or minus 2^-n as a 16-bit float. */
const power = (n: number, negative = false) => ((15 - n) << 10) | (negative ? 0x8000 : 0);

/** RMSNorm of x [rows, COLUMNS], then a linear layer, by the kernels and in double precision. */
async function normAndLinear(bits: 4 | 8, rows: number): Promise<[number[], number[]]> {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 256, shared: true });
  const { instance } = await WebAssembly.instantiate(readFileSync(MODULE), { env: { memory } });
  const arena = new Arena(memory);
  const place = (array: Uint8Array | Uint16Array | Float32Array) => {
    const at = arena.allocate(array.byteLength + 64);
    arena.bytes(at, array.byteLength).set(new Uint8Array(array.buffer));
    return at;
  };
  const x = Float32Array.from(
    { length: rows * COLUMNS },
    (_, i) => Math.sin(i * i) * (1 + (i % 7)),
  );
  const q = Uint8Array.from(
    { length: (OUTPUTS * COLUMNS * bits) / 8 },
    (_, i) => (i * i * 31 + 7) % 256,
  );
  const d = Uint16Array.from({ length: OUTPUTS * BLOCKS }, (_, i) => power(4 + (i % 3)));
  const m = Uint16Array.from({ length: OUTPUTS * BLOCKS }, (_, i) => power(1 + (i % 2), i % 3 > 0));
  const out = arena.allocate(rows * OUTPUTS * 4);
  const input = arena.allocate(inputBytes(rows, COLUMNS));
  const normed = arena.allocate(rows * COLUMNS * 4);
  const own = arena.allocate(4096);
  const ones = place(new Float32Array(COLUMNS).fill(1));
  const epsilon = new Int32Array(Float32Array.of(1e-5).buffer)[0] ?? 0;
  const norm = [place(x), ones, 0, epsilon, normed, input, COLUMNS, bits === 4 ? 1 : 0];
  const offsets = bits === 4 ? place(m) : 0;
  const linear = [input, COLUMNS, OUTPUTS, place(q), place(d), offsets, out, 0, own, 4096];
  const program = [OPERATIONS.norm, 10, ...norm, OPERATIONS.linear, 12, ...linear, OPERATIONS.end];
  const at = arena.allocate(program.length * 4);
  arena.words(at, program.length).set(program);
  const header = arena.words(0, 512);
  header[HEADER.threads / 4] = 1;
  header[HEADER.program / 4] = at;
  header[HEADER.rows / 4] = rows;
  (instance.exports.run as () => void)();

  const value = (half: number) => (half & 0x8000 ? -1 : 1) * 2 ** (((half >> 10) & 31) - 15);
  const weight = (n: number, k: number) => {
    const block = n * BLOCKS + Math.floor(k / 32);
    const scale = value(d[block] ?? 0);
    const byte = q[(n * COLUMNS + k) >> (bits === 4 ? 1 : 0)] ?? 0;
    if (bits === 8) return scale * (byte - 128);
    return scale * (k % 2 ? byte >> 4 : byte & 15) + value(m[block] ?? 0);
  };
  const expected: number[] = [];
  for (let r = 0; r < rows; r++) {
    const row = Array.from(x.subarray(r * COLUMNS, (r + 1) * COLUMNS));
    const mean = row.reduce((sum, v) => sum + v * v, 0) / COLUMNS;
    for (let n = 0; n < OUTPUTS; n++) {
      const dot = row.reduce((sum, v, k) => sum + v * weight(n, k), 0);
      expected.push(dot / Math.sqrt(mean + 1e-5));
    }
  }
  return [Array.from(arena.floats(out, rows * OUTPUTS)), expected];
}

test.each([
  [4, 1],
  [4, 2],
  [4, 7],
  [8, 1],
  [8, 4],
  [8, 5],
] as const)('a linear layer of %i bits over %i rows is exact to 16 bits', async (bits, rows) => {
  const [got, wanted] = await normAndLinear(bits, rows);
  const largest = Math.max(...wanted.map(Math.abs));
  const error = Math.max(...wanted.map((value, i) => Math.abs(value - (got[i] ?? Number.NaN))));
  expect(error / largest).toBeLessThan(1e-4);
  expect(largest).toBeGreaterThan(1);
});
