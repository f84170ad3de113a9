/** A headless Chromium with the model loaded in the built page's own worker. */
import { launch } from '../chromium.mjs';

/**
 * @typedef {import('../../workers/protocol.ts').LoadedModel} LoadedModel
 * @typedef {import('../../workers/protocol.ts').LoadRequest} LoadRequest
 * @typedef {import('../../workers/protocol.ts').LoadProgress} LoadProgress
 * @typedef {import('./page.ts').LinkedPrompt} LinkedPrompt
 */

/** Path on the site of the page that commands and tests drive. */
export const ASK_PAGE = 'tools/ask/ask.html';

/** A call that the worker (or the browser around it) answered with an error. */
export class AskError extends Error {
  /**
   * @param {import('../../workers/protocol.ts').ErrorCode} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }

  /** Nothing more is to be had from this session: open another for the next line. */
  get fatal() {
    return ['worker-died', 'device-lost', 'out-of-memory'].includes(this.code);
  }
}

/**
 * Starts the browser on the machine's own GPU where it has one, and loads the model.
 *
 * @param {object} options
 * @param {string} options.url the site's address, ending with a slash
 * @param {LoadRequest} options.request
 * @param {(progress: LoadProgress) => void} options.onProgress
 * @throws {AskError} the model could not be loaded
 */
export async function openSession({ url, request, onProgress }) {
  const browser = await launch(request.backend === 'wasm' ? 'none' : 'hardware');
  const page = await browser.newPage();

  try {
    await page.exposeFunction('flamingoProgress', onProgress);
    await page.goto(new URL(ASK_PAGE, url).href);
    const loaded = await unwrap(page.evaluate((load) => window.flamingo.load(load), request));
    return {
      /** @type {LoadedModel} */
      loaded,
      /** @param {LinkedPrompt & { id: string, maxNewTokens: number }} prompt */
      generate: (prompt) =>
        unwrap(page.evaluate((asked) => window.flamingo.generate(asked), prompt)),
      /** @param {LinkedPrompt & { id: string, candidates: string[] }} prompt */
      rank: (prompt) => unwrap(page.evaluate((asked) => window.flamingo.rank(asked), prompt)),
      close: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof openSession>>} Session */

/**
 * The value of a call; its error thrown. A call that has no answer means that the page is gone.
 *
 * @template T
 * @param {Promise<import('../../workers/protocol.ts').Result<T>>} call
 * @returns {Promise<T>}
 */
async function unwrap(call) {
  const result = await call.catch((error) => {
    throw new AskError(
      'worker-died',
      `The browser ended while it worked on this: ${error.message}`,
    );
  });
  if (!result.ok) {
    const { code, message, detail } = result.error;
    // A bug is reported by its detail; every other message says enough.
    throw new AskError(code, code === 'internal' && detail ? `${message} (${detail})` : message);
  }
  return result.value;
}
