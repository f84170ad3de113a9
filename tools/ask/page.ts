/**
 * The page that commands and tests drive: the same worker as the real page, behind functions that take and return
 * plain JSON, as Playwright's `page.evaluate` needs them. Pictures are given as addresses on this site.
 */
import '../../workers/trusted.ts';
import * as Comlink from 'comlink';
import type {
  FlamingoApi,
  FlamingoError,
  GenerateEvent,
  GenerateRequest,
  Generation,
  LoadedModel,
  LoadProgress,
  LoadRequest,
  Prompt,
  Ranking,
  RankRequest,
  Result,
  Segment,
} from '../../workers/protocol.ts';

/** A segment of the protocol with addresses in place of Blobs. */
export type LinkedSegment =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string }
  | { type: 'frames'; urls: string[] };

/** `Prompt` of the protocol with linked segments. */
export interface LinkedPrompt {
  examples: LinkedSegment[][];
  prompt: LinkedSegment[];
}

/** A request of the protocol with a linked prompt. */
export type Linked<R extends Prompt> = Omit<R, keyof Prompt> & LinkedPrompt;

/** `window.flamingo`: the worker's interface, with addresses for pictures and events sent to `window`'s callbacks. */
export interface LinkedApi {
  load(request: LoadRequest): Promise<Result<LoadedModel>>;
  generate(request: Linked<GenerateRequest>): Promise<Result<Generation>>;
  rank(request: Linked<RankRequest>): Promise<Result<Ranking>>;
  cancel(id: string): Promise<void>;
  release(): Promise<Result<null>>;
  /** The worker itself, for tests of what is not here (Blobs of their own making, for example). */
  readonly worker: Comlink.Remote<FlamingoApi>;
}

declare global {
  interface Window {
    flamingo: LinkedApi;
    /** Set by the driver (`page.exposeFunction`) to hear of loading. */
    flamingoProgress?: (progress: LoadProgress) => void;
    /** Set by the driver to hear of stages and tokens; `id` is the request's. */
    flamingoEvent?: (id: string, event: GenerateEvent) => void;
  }
}

const thread = new Worker(new URL('../../workers/main.ts', import.meta.url), { type: 'module' });
const worker = Comlink.wrap<FlamingoApi>(thread);

/** Comlink never answers a call to a dead worker, so every call races this. */
const death = new Promise<{ ok: false; error: FlamingoError }>((resolve) => {
  thread.addEventListener('error', (event) =>
    resolve({
      ok: false,
      error: {
        code: 'worker-died',
        message: 'The worker ended unexpectedly: load the model again.',
        detail: event.message,
        retryable: true,
      },
    }),
  );
});

class FetchError extends Error {}

async function blob(url: string): Promise<Blob> {
  const response = await fetch(url);
  if (!response.ok) throw new FetchError(`${url} answered ${response.status}.`);
  return response.blob();
}

async function segment(linked: LinkedSegment): Promise<Segment> {
  switch (linked.type) {
    case 'text':
      return linked;
    case 'image':
      return { type: 'image', blob: await blob(linked.url) };
    case 'frames':
      return { type: 'frames', blobs: await Promise.all(linked.urls.map(blob)) };
  }
}

const chunk = (linked: LinkedSegment[]): Promise<Segment[]> => Promise.all(linked.map(segment));

/** Fetches the pictures of a prompt; one that is not there is an `http` error. */
async function fetchPictures({ examples, prompt }: LinkedPrompt): Promise<Result<Prompt>> {
  try {
    const value = { examples: await Promise.all(examples.map(chunk)), prompt: await chunk(prompt) };
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    const message = `A picture could not be fetched: ${error.message}`;
    return { ok: false, error: { code: 'http', message, retryable: false } };
  }
}

const listener = (id: string) =>
  Comlink.proxy((event: GenerateEvent) => window.flamingoEvent?.(id, event));

window.flamingo = {
  worker,
  load: (request) =>
    Promise.race([
      worker.load(
        request,
        Comlink.proxy((progress: LoadProgress) => window.flamingoProgress?.(progress)),
      ),
      death,
    ]),
  generate: async (request) => {
    const prompt = await fetchPictures(request);
    if (!prompt.ok) return prompt;
    const call = worker.generate({ ...request, ...prompt.value }, listener(request.id));
    return Promise.race([call, death]);
  },
  rank: async (request) => {
    const prompt = await fetchPictures(request);
    if (!prompt.ok) return prompt;
    const call = worker.rank({ ...request, ...prompt.value }, listener(request.id));
    return Promise.race([call, death]);
  },
  cancel: (id) => worker.cancel(id),
  release: () => Promise.race([worker.release(), death]),
};
