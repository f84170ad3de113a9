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
  StorageReport,
} from '../../workers/protocol.ts';
import { text } from '../text.ts';

interface Living {
  api: Remote<FlamingoApi>;
  died: Promise<Result<never>>;
  /** Ends the worker; calls that wait for it end with this error. */
  bury: (error: FlamingoError) => void;
}

/**
 * A worker that gives no sign for so long, with a request before it, is taken for hung. One step of a large prompt on
 * an emulated GPU takes minutes.
 */
const SILENCE_MS = 10 * 60_000;

export class Engine {
  #living: Living | null = null;
  #calls = 0;
  /** Why the last worker ended, where no call was waiting to hear it. */
  #unheard: FlamingoError | null = null;
  readonly #create: () => Worker;

  constructor(create: () => Worker = createWorker) {
    this.#create = create;
  }

  /** Starts a worker where none is alive. Calls before a load answer `not-loaded`. */
  load(
    request: LoadRequest,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Result<LoadedModel>> {
    this.#unheard = null;
    return this.#watched((sign) => (api) => api.load(request, proxy(sign(onProgress))));
  }

  generate(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
  ): Promise<Result<Generation>> {
    return this.#watched((sign) => (api) => api.generate(request, proxy(sign(onEvent))));
  }

  rank(request: RankRequest, onEvent: (event: GenerateEvent) => void): Promise<Result<Ranking>> {
    return this.#watched((sign) => (api) => api.rank(request, proxy(sign(onEvent))));
  }

  /** Ends a request within one token. The request itself answers; nothing is awaited here. */
  cancel(id: string): void {
    this.#living?.api.cancel(id).catch((cause: unknown) => console.warn('cancel', cause));
  }

  /** What is stored of models. */
  stored(): Promise<Result<StorageReport>> {
    return this.#call((api) => api.stored());
  }

  /** Reads a stored model through; answers the files that were damaged and are deleted now. */
  verifyStored(url: string): Promise<Result<string[]>> {
    return this.#call((api) => api.verifyStored(url));
  }

  /** Deletes a stored model, or with null what no model needs. */
  deleteStored(url: string | null): Promise<Result<null>> {
    return this.#call((api) => api.deleteStored(url));
  }

  /** Ends the worker with all it holds; the next call starts another. */
  restart(): void {
    this.#living?.bury({ code: 'worker-died', message: text.errors.workerDied, retryable: true });
    this.#unheard = null;
  }

  /** A call that gives signs of life by events; without one for long the worker is ended. */
  async #watched<T>(
    call: (
      sign: <E>(listener: (event: E) => void) => (event: E) => void,
    ) => (api: Remote<FlamingoApi>) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const unheard = this.#unheard;
    this.#unheard = null;
    if (unheard) return failed(unheard);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hung: FlamingoError = { code: 'hung', message: text.errors.hung, retryable: true };
    const wind = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#living?.bury(hung), SILENCE_MS);
    };
    wind();
    const answer = await this.#call(
      call((listener) => (event) => {
        wind();
        listener(event);
      }),
    );
    clearTimeout(timer);
    return answer;
  }

  async #call<T>(call: (api: Remote<FlamingoApi>) => Promise<Result<T>>): Promise<Result<T>> {
    this.#calls += 1;
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
    } finally {
      this.#calls -= 1;
    }
  }

  #start(): Living {
    if (this.#living) return this.#living;
    const worker = this.#create();
    let bury: Living['bury'] = () => {};
    const died = new Promise<Result<never>>((resolve) => {
      bury = (error) => {
        worker.terminate();
        this.#living = null;
        if (this.#calls === 0) this.#unheard = error;
        resolve(failed(error));
      };
    });
    const gone = (detail: string) =>
      bury({ code: 'worker-died', message: text.errors.workerDied, detail, retryable: true });
    // A script that cannot be fetched gives an event without a message.
    worker.addEventListener('error', (event) => gone(event.message || 'error'));
    worker.addEventListener('messageerror', () => gone('messageerror'));
    this.#living = { api: wrap<FlamingoApi>(worker), died, bury };
    return this.#living;
  }
}

function failed(error: FlamingoError): Result<never> {
  return { ok: false, error };
}

function createWorker(): Worker {
  return new Worker(new URL('../../workers/main.ts', import.meta.url), { type: 'module' });
}
