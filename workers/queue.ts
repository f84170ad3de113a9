/**
 * One job at a time, in the order they came. ONNX Runtime hangs for ever when two runs overlap, so every create
 * and every run of the worker goes through one queue.
 */
export class Queue {
  #tail: Promise<void> = Promise.resolve();

  /**
   * Runs `job` when all jobs before it have ended, well or badly. A signal aborted while the job waits removes it:
   * the promise then rejects at once with the signal's reason. A job that runs must watch the signal itself.
   */
  run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal?.reason);
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave, { once: true });
      this.#tail = this.#tail.then(async () => {
        signal?.removeEventListener('abort', leave);
        if (signal?.aborted) return;
        try {
          resolve(await job());
        } catch (cause) {
          reject(cause);
        }
      });
    });
  }
}
