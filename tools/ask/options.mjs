/** The command line of `npm run ask`. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError } from '../project.mjs';
import { DEFAULT_MODEL } from './model.mjs';

const USAGE = `Usage: npm run ask -- FILE.jsonl [--backend auto|webgpu|wasm] [--model NAME_OR_FOLDER] [--out FILE]
A line in:  {"id", "prompt": [SEGMENT…], "examples": [[SEGMENT…]…]?, "maxNewTokens"?, "candidates": [TEXT…]?}
SEGMENT is  {"text": TEXT}, {"image": PATH} or {"frames": [PATH…]}; paths are relative to the file.`;

/**
 * @typedef {object} Options
 * @property {string} file absolute
 * @property {import('../../workers/protocol.ts').BackendChoice} backend
 * @property {string} model as written
 * @property {string | null} out absolute; null is standard output
 */

/**
 * @param {string[]} args
 * @param {string} here relative paths start here
 * @returns {Options}
 * @throws {CommandError} the usage
 */
export function readOptions(args, here) {
  const { values, positionals } = parse(args);
  const [file, ...rest] = positionals;
  if (!file) throw wrong('There is no file to read.');
  if (rest.length > 0) throw wrong(`One file only: ${rest.join(' ')} is too much.`);
  const { backend, model, out } = values;
  if (backend !== 'auto' && backend !== 'webgpu' && backend !== 'wasm') {
    throw wrong(`There is no backend "${backend}".`);
  }
  return { file: resolve(here, file), backend, model, out: out ? resolve(here, out) : null };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        backend: { type: 'string', default: 'auto' },
        model: { type: 'string', default: DEFAULT_MODEL },
        out: { type: 'string' },
      },
    });
  } catch (error) {
    if (error instanceof TypeError) throw wrong(error.message);
    throw error;
  }
}

/** @param {string} what */
function wrong(what) {
  return new CommandError(`${what}\n${USAGE}`);
}
