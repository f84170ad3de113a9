/** The worker's interface over the model: one job at a time, and every failure as a sentence. */
import { unlessFailing } from './backend.ts';
import { Failure, toFlamingoError } from './failure.ts';
import { type Answer, generate } from './generate.ts';
import { loadModel } from './load.ts';
import type { Model } from './model.ts';
import type { Task } from './prepare.ts';
import type { FlamingoApi, GenerateEvent, Result } from './protocol.ts';
import { Queue } from './queue.ts';
import { rank } from './rank.ts';
import { Stopwatch } from './timings.ts';
import { IndexedDbStore } from './weights/store.ts';

/** The interface that `main.ts` exposes. No method throws. */
export function createEngine(): FlamingoApi {
  const queue = new Queue();
  const store = new IndexedDbStore();
  const requests = new Map<string, AbortController>();
  let loaded: Model | undefined;

  async function unload(): Promise<void> {
    const model = loaded;
    loaded = undefined;
    await model?.dispose();
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
      return await queue.run(() => {
        if (!loaded) throw notLoaded();
        const task = { stopwatch: new Stopwatch(), signal, onEvent };
        return unlessFailing(loaded.backend, job(loaded, task));
      }, signal);
    } finally {
      requests.delete(id);
    }
  }

  return {
    load: (request, onProgress) =>
      settle(() =>
        queue.run(async () => {
          const start = performance.now();
          await unload();
          const model = await loadModel(request, store, onProgress);
          loaded = model;
          const milliseconds = performance.now() - start;
          return { manifest: model.manifest, backend: model.backend.info, milliseconds };
        }),
      ),

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
      settle(() =>
        queue.run(async () => {
          await unload();
          return null;
        }),
      ),
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
