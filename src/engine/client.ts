/**
 * The page's side of the worker. Comlink waits for ever when a worker dies, so every call is raced against the
 * worker's death, and whatever goes wrong comes back as a `Result`.
 */
import { proxy, type Remote, wrap } from 'comlink';
import type {
  FlamingoApi,
  FlamingoError,
  GenerateEvent,
  GenerateRequest,
  Generation,
  LoadedModel,
  LoadProgress,
  LoadRequest,
  Ranking,
  RankRequest,
  Result,
} from '../../workers/protocol.ts';
import { text } from '../text.ts';

interface Living {
  worker: Worker;
  api: Remote<FlamingoApi>;
  died: Promise<Result<never>>;
}

export class Engine {
  #living: Living | null = null;
  readonly #create: () => Worker;

  constructor(create: () => Worker = createWorker) {
    this.#create = create;
  }

  /** Starts a worker where none is alive. Calls before a load answer `not-loaded`. */
  load(
    request: LoadRequest,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Result<LoadedModel>> {
    return this.#call((api) => api.load(request, proxy(onProgress)));
  }

  generate(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
  ): Promise<Result<Generation>> {
    return this.#call((api) => api.generate(request, proxy(onEvent)));
  }

  rank(request: RankRequest, onEvent: (event: GenerateEvent) => void): Promise<Result<Ranking>> {
    return this.#call((api) => api.rank(request, proxy(onEvent)));
  }

  /** Ends a request within one token. The request itself answers; nothing is awaited here. */
  cancel(id: string): void {
    this.#living?.api.cancel(id).catch((cause: unknown) => console.warn('cancel', cause));
  }

  async #call<T>(call: (api: Remote<FlamingoApi>) => Promise<Result<T>>): Promise<Result<T>> {
    try {
      const { api, died } = this.#start();
      return await Promise.race([call(api), died]);
    } catch (cause) {
      return failed({
        code: 'internal',
        message: text.errors.internal,
        detail: String(cause),
        retryable: true,
      });
    }
  }

  #start(): Living {
    if (this.#living) return this.#living;
    const worker = this.#create();
    const died = new Promise<Result<never>>((resolve) => {
      const bury = (detail: string) => {
        worker.terminate();
        this.#living = null;
        resolve(
          failed({ code: 'worker-died', message: text.errors.workerDied, detail, retryable: true }),
        );
      };
      // A script that cannot be fetched gives an event without a message.
      worker.addEventListener('error', (event) => bury(event.message || 'error'));
      worker.addEventListener('messageerror', () => bury('messageerror'));
    });
    this.#living = { worker, api: wrap<FlamingoApi>(worker), died };
    return this.#living;
  }
}

function failed(error: FlamingoError): Result<never> {
  return { ok: false, error };
}

function createWorker(): Worker {
  return new Worker(new URL('../../workers/main.ts', import.meta.url), { type: 'module' });
}
