/** Small readers for JSON from elsewhere: each gives a typed value, or throws a sentence that says where it is wrong. */

/** What is wrong with a JSON value, and where. */
export class Mismatch extends Error {}

/** Reads a value; `at` is its place, such as `language.layers`. Throws `Mismatch`. */
export type Reader<T> = (value: unknown, at: string) => T;

const wrong = (at: string, wanted: string): Mismatch => new Mismatch(`"${at}" must be ${wanted}`);

/** A string, matching `pattern` where one is given; `wanted` says it in words. */
export function string(pattern = /^/, wanted = 'a string'): Reader<string> {
  return (value, at) => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw wrong(at, wanted);
  };
}

/** A whole number of at least `least`, and of at most `most`. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value, at) => {
    const isWhole = typeof value === 'number' && Number.isInteger(value);
    if (isWhole && value >= least && value <= most) return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`;
    throw wrong(at, `a whole number of at least ${least}${upTo}`);
  };
}

/** A finite number above `bound`. */
export function above(bound: number): Reader<number> {
  return (value, at) => {
    if (typeof value === 'number' && Number.isFinite(value) && value > bound) return value;
    throw wrong(at, Number.isFinite(bound) ? `a number above ${bound}` : 'a number');
  };
}

/** One of some strings. */
export function oneOf<const T extends string>(...choices: T[]): Reader<T> {
  return (value, at) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw wrong(at, choices.map((choice) => `"${choice}"`).join(' or '));
  };
}

/** True or false. */
export const boolean: Reader<boolean> = (value, at) => {
  if (typeof value === 'boolean') return value;
  throw wrong(at, 'true or false');
};

/** A value that may be left out. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, at) => (value === undefined ? undefined : read(value, at));
}

/** A value, or null. */
export function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null ? null : read(value, at));
}

/** An array. */
export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrong(at, 'a list');
    return value.map((entry, i) => read(entry, `${at}[${i}]`));
  };
}

/** Exactly three values: red, green, blue. */
export function triple<T>(read: Reader<T>): Reader<[T, T, T]> {
  return (value, at) => {
    const [a, b, c, ...more] = list(read)(value, at);
    if (a === undefined || b === undefined || c === undefined || more.length > 0) {
      throw wrong(at, 'a list of three');
    }
    return [a, b, c];
  };
}

/** An object with any keys and values of one kind. */
export function table<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value, at) =>
    Object.fromEntries(
      Object.entries(plain(value, at)).map(([key, entry]) => [
        key,
        read(entry, `${at}.${key.slice(0, 40)}`),
      ]),
    );
}

/** An object with the given keys; others are left out. */
export function object<T extends object>(readers: { [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return (value, at) => {
    const source = plain(value, at);
    const place = (key: string) => (at === '' ? key : `${at}.${key}`);
    const read = Object.entries<Reader<unknown>>(readers).map(([key, reader]) => [
      key,
      reader(source[key], place(key)),
    ]);
    // The readers are those of T's keys, so what they read is a T. What was left out stays out.
    return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as T;
  };
}

function plain(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw at === '' ? new Mismatch('it must be an object') : wrong(at, 'an object');
}
