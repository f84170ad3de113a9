/** The worker's interface over the model: one job at a time, and every failure as a sentence. */
import { hasFailed, unlessFailing } from './backend.ts';
import { discard } from './discard.ts';
import { Failure, toFlamingoError } from './failure.ts';
import { type Answer, generate } from './generate.ts';
import { loadModel } from './load.ts';
import type { Model } from './model.ts';
import type { Task } from './prepare.ts';
import type { FlamingoApi, GenerateEvent, Result } from './protocol.ts';
import { Queue } from './queue.ts';
import { rank } from './rank.ts';
import { Stopwatch } from './timings.ts';
import { ModelStorage } from './weights/storage.ts';

/** The interface that `main.ts` exposes. No method throws. */
export function createEngine(): FlamingoApi {
  const queue = new Queue();
  const storage = new ModelStorage();
  const requests = new Map<string, AbortController>();
  /** Of the last load, running or not. */
  let loading = new AbortController();
  let loaded: Model | undefined;

  async function unload(): Promise<void> {
    const model = loaded;
    loaded = undefined;
    await model?.dispose();
  }

  /** Ends what runs and what waits: nobody wants it any more. */
  function abandon(): void {
    const reason = new Failure('cancelled', 'The model was unloaded.', { retryable: true });
    loading.abort(reason);
    for (const request of requests.values()) request.abort(reason);
  }

  /** Runs a job on the model in its turn, under an id that can be cancelled. */
  async function onModel<T>(
    id: string,
    onEvent: (event: GenerateEvent) => void,
    job: (model: Model, task: Task) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    requests.set(id, controller);
    try {
      return await queue.run(async () => {
        if (!loaded) throw notLoaded();
        const model = loaded;
        const work = job(model, { stopwatch: new Stopwatch(), signal, onEvent });
        try {
          return await unlessFailing(model.backend, work);
        } catch (cause) {
          if (await hasFailed(model.backend)) {
            loaded = undefined;
            await discard(model.backend, work, model);
          }
          throw cause;
        }
      }, signal);
    } finally {
      requests.delete(id);
    }
  }

  return {
    load: (request, onProgress) =>
      settle(() => {
        abandon();
        loading = new AbortController();
        const { signal } = loading;
        return queue.run(async () => {
          const start = performance.now();
          await unload();
          storage.forgive();
          const model = await loadModel(request, { storage, signal, onProgress });
          loaded = model;
          return {
            manifest: model.manifest,
            backend: model.backend.info,
            milliseconds: performance.now() - start,
            storage: storage.notice,
          };
        }, signal);
      }),

    generate: (request, onEvent) =>
      settle(async () => {
        const answer: Answer = { tokens: [], text: '' };
        let stopwatch = new Stopwatch();
        const end = await onModel(request.id, onEvent, (model, task) => {
          stopwatch = task.stopwatch;
          return generate(model, request, task, answer);
        }).catch((cause: unknown) => {
          if (cause instanceof Failure && cause.code === 'cancelled') return 'cancelled' as const;
          throw cause;
        });
        return { ...answer, end, timings: stopwatch.read() };
      }),

    rank: (request, onEvent) =>
      settle(() =>
        onModel(request.id, onEvent, async (model, task) => {
          const ranking = await rank(model, request, task);
          return { ranking, timings: task.stopwatch.read() };
        }),
      ),

    cancel: (id) => {
      requests.get(id)?.abort(new Failure('cancelled', 'The request was stopped.'));
    },

    release: () =>
      settle(() => {
        abandon();
        return queue.run(async () => {
          await unload();
          return null;
        });
      }),

    stored: () => settle(() => storage.report()),

    verifyStored: (url) => settle(() => storage.verify(url)),

    deleteStored: (url) =>
      settle(async () => {
        await storage.remove(url);
        return null;
      }),
  };
}

async function settle<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (cause) {
    return { ok: false, error: toFlamingoError(cause) };
  }
}

function notLoaded(): Failure {
  return new Failure('not-loaded', 'No model is loaded: load one first.', { retryable: true });
}
