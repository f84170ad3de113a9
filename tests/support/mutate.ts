/** Arbitrary damage to a JSON value or to bytes, for property tests. */
import fc from 'fast-check';

/** So many cases a parser is tried with at least. */
export const CASES = 10_000;

/** Any JSON value, and values that JSON has not. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    undefined,
    Number.NaN,
    -1,
    0,
    1e300,
    '',
    '../x',
    'https://x.example/',
    '__proto__',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Places in a JSON value, as lists of keys. */
function places(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  const inside = Object.entries(value).flatMap(([key, entry]) => places(entry, [...at, key]));
  return [at, ...inside];
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((entry, i) => (String(i) === key ? replaced(entry, rest, by) : entry));
  }
  const source: Record<string, unknown> = { ...(value as Record<string, Json>) };
  return { ...source, [key]: replaced(source[key], rest, by) };
}

/** A value like `good` with up to three of its parts replaced by something else, or something else altogether. */
export function damaged(good: unknown): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.constantFrom(...places(good)), anything);
  const changed = fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce((value, [at, by]) => replaced(value, at, by), good));
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: anything });
}

/** Bytes like `good`, cut, with bytes changed; or any bytes behind its beginning. */
export function damagedBytes(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(Math.min(good.length - 1, 200)), fc.nat(255));
  const changed = fc
    .tuple(fc.nat(good.length), fc.array(change, { maxLength: 8 }))
    .map(([length, changes]) => {
      const bytes = good.slice(0, length);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  const behind = fc
    .tuple(fc.nat(30), fc.uint8Array({ maxLength: 64 }))
    .map(([length, rest]) => Uint8Array.from([...good.slice(0, length), ...rest]));
  return fc.oneof(changed, behind);
}
