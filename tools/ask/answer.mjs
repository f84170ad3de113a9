/** Answers one line after another, with one session as long as it lives. */
import { MissingPicture } from './pictures.mjs';
import { AskError } from './session.mjs';

const DEFAULT_NEW_TOKENS = 32;

/**
 * @typedef {object} Answer a line of the output
 * @property {string | number | null} id
 * @property {string} [text] the answer, or the best candidate
 * @property {number[]} [tokens]
 * @property {import('../../workers/protocol.ts').Ranking['ranking']} [ranking]
 * @property {import('../../workers/protocol.ts').Timings} [timings]
 * @property {'webgpu' | 'wasm'} [backend]
 * @property {string} [adapter]
 * @property {{ code: string, message: string }} [error]
 */

/**
 * @param {object} options
 * @param {() => Promise<import('./session.mjs').Session>} options.open starts a session; called for the first line that
 *   needs one, and again after a session was lost
 * @param {ReturnType<typeof import('./pictures.mjs').createPictures>} options.pictures
 */
export function createAnswerer({ open, pictures }) {
  /** @type {import('./session.mjs').Session | null} */
  let session = null;
  /** A model that could not be loaded will not load for the next line either. @type {AskError | null} */
  let hopeless = null;

  async function ready() {
    if (hopeless) throw hopeless;
    try {
      session ??= await open();
      return session;
    } catch (error) {
      if (error instanceof AskError) hopeless = error;
      throw error;
    }
  }

  /** @param {import('./parse.mjs').Ask} ask */
  async function run({ id, examples, prompt, maxNewTokens = DEFAULT_NEW_TOKENS, candidates }) {
    const linked = {
      id: String(id),
      examples: examples.map((chunk) => chunk.map(pictures.linkSegment)),
      prompt: prompt.map(pictures.linkSegment),
    };
    const { loaded, rank, generate } = await ready();
    const { backend, adapter } = loaded.backend;
    if (candidates) {
      const { ranking, timings } = await rank({ ...linked, candidates });
      return { text: ranking[0]?.text ?? '', tokens: [], ranking, timings, backend, adapter };
    }
    const { text, tokens, timings } = await generate({ ...linked, maxNewTokens });
    return { text, tokens, timings, backend, adapter };
  }

  async function close() {
    await session?.close();
    session = null;
  }

  return {
    close,
    /**
     * @param {import('./parse.mjs').GoodLine | import('./parse.mjs').BadLine} line
     * @returns {Promise<Answer>}
     */
    async answer(line) {
      if (!line.ok) return { id: line.id, error: { code: 'bad-line', message: line.message } };
      const { id } = line.ask;
      try {
        return { id, ...(await run(line.ask)) };
      } catch (error) {
        if (error instanceof MissingPicture) {
          const message = `Line ${line.number}: ${error.message}.`;
          return { id, error: { code: 'bad-line', message } };
        }
        if (!(error instanceof AskError)) throw error;
        if (error.fatal) await close();
        return { id, error: { code: error.code, message: error.message } };
      }
    },
  };
}
