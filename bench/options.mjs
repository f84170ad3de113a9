/** Options of `npm run bench`. */
import { parseArgs } from 'node:util';
import { CommandError } from '../tools/project.mjs';

const USAGE =
  'Usage: npm run bench -- [--backend webgpu|wasm] [--quick] [--json FILE] [--docs] (wasm is the default)';

/**
 * @typedef {object} Options
 * @property {'webgpu' | 'wasm'} backend
 * @property {boolean} quick fewer rounds, and only 0 and 32 examples
 * @property {string | undefined} json where the results go as JSON
 * @property {boolean} docs the table and the plots of `docs/benchmarks.md` are written anew
 */

/**
 * @param {string[]} args
 * @returns {Options}
 * @throws {CommandError} an option is not known, or has no such value
 */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        backend: { type: 'string', default: 'wasm' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        docs: { type: 'boolean', default: false },
      },
    });
    const { backend, quick, json, docs } = values;
    if (backend !== 'wasm' && backend !== 'webgpu') {
      throw new TypeError(`There is no backend "${backend}".`);
    }
    return { backend, quick, json, docs };
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError(`${error.message}\n${USAGE}`);
    throw error;
  }
}
