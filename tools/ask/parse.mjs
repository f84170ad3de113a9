/** Reads the lines of `npm run ask`. Knows the format only: no file is opened here. */

/** @typedef {{ text: string } | { image: string } | { frames: string[] }} Segment paths as written */

/**
 * @typedef {object} Ask one prompt
 * @property {string | number} id
 * @property {Segment[][]} examples closed chunks, none when the line has none
 * @property {Segment[]} prompt the open chunk
 * @property {number} [maxNewTokens]
 * @property {string[]} [candidates] to be ranked, instead of an answer to be written
 */

/**
 * @typedef {{ ok: true, number: number, ask: Ask, ignored: string[] }} GoodLine `ignored` are keys that mean nothing here
 * @typedef {{ ok: false, number: number, id: string | number | null, message: string }} BadLine
 *   `id` is null where it could not be read; `message` names the line
 */

const KEYS = new Set(['id', 'examples', 'prompt', 'maxNewTokens', 'candidates']);

/** What is wrong with a line, in words that follow "Line 3: ". */
class Fault extends Error {}

/**
 * Reads a whole file, one JSON object a line; empty lines are skipped. A bad line does not spoil the others.
 *
 * @param {string} source
 * @returns {(GoodLine | BadLine)[]}
 */
export function parseLines(source) {
  /** @type {Map<string | number, number>} */
  const seen = new Map();
  return source
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((text, index) => ({ text: text.trim(), number: index + 1 }))
    .filter(({ text }) => text !== '')
    .map(({ text, number }) => parseLine(text, number, seen));
}

/**
 * @param {string} text
 * @param {number} number
 * @param {Map<string | number, number>} seen the line of each id so far
 * @returns {GoodLine | BadLine}
 */
function parseLine(text, number, seen) {
  /** @type {string | number | null} */
  let id = null;
  try {
    const line = record(
      json(text),
      'it is not an object; a line looks like {"id": …, "prompt": […]}',
    );
    id = readId(line.id);
    const before = seen.get(id);
    if (before !== undefined)
      throw new Fault(`"id" ${JSON.stringify(id)} stands on line ${before} too`);
    seen.set(id, number);
    const ask = {
      id,
      examples: line.examples === undefined ? [] : readExamples(line.examples),
      prompt: readChunk(line.prompt, '"prompt"'),
      ...(line.maxNewTokens !== undefined && { maxNewTokens: readCount(line.maxNewTokens) }),
      ...(line.candidates !== undefined && { candidates: readCandidates(line.candidates) }),
    };
    return { ok: true, number, ask, ignored: Object.keys(line).filter((key) => !KEYS.has(key)) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: false, number, id, message: `Line ${number}: ${error.message}.` };
  }
}

/** @param {string} text */
function json(text) {
  try {
    return /** @type {unknown} */ (JSON.parse(text));
  } catch (error) {
    throw new Fault(`it is not JSON (${error instanceof Error ? error.message : error})`);
  }
}

/**
 * @param {unknown} value
 * @param {string} otherwise
 * @returns {Record<string, unknown>}
 */
function record(value, otherwise) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault(otherwise);
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value */
function readId(value) {
  if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return value;
  throw new Fault('"id" must be a text or a number');
}

/** @param {unknown} value */
function readExamples(value) {
  if (!Array.isArray(value)) throw new Fault('"examples" must be a list of lists of segments');
  return value.map((chunk, index) => readChunk(chunk, `example ${index + 1}`));
}

/**
 * @param {unknown} value
 * @param {string} where
 */
function readChunk(value, where) {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Fault(`${where} must be a list of one or more segments`);
  }
  return value.map((segment, index) => readSegment(segment, `segment ${index + 1} of ${where}`));
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {Segment}
 */
function readSegment(value, where) {
  const wanted = `${where} must be {"text": …}, {"image": PATH} or {"frames": [PATH…]}`;
  const segment = record(value, wanted);
  const { text, image, frames } = segment;
  if (Object.keys(segment).length !== 1) throw new Fault(wanted);
  if (typeof text === 'string') return { text };
  if (typeof image === 'string' && image !== '') return { image };
  if (isTexts(frames) && frames.length > 0) return { frames };
  throw new Fault(wanted);
}

/** @param {unknown} value */
function readCount(value) {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new Fault('"maxNewTokens" must be a whole number above 0');
}

/** @param {unknown} value */
function readCandidates(value) {
  if (isTexts(value) && value.length > 0) return value;
  throw new Fault('"candidates" must be a list of one or more texts, none of them empty');
}

/**
 * @param {unknown} value
 * @returns {value is string[]}
 */
function isTexts(value) {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}
