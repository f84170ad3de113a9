/** The kernels' module on several threads over one memory. */
import { MOST_PAGES } from './arena.ts';
import kernelsUrl from './kernels.wasm?url';
import { HEADER } from './layout.ts';

/** What a thread is started with; `job` is the number of the last job it does not run. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  index: number;
  job: number;
}

/** Where `assembly/run.ts` counts jobs. */
const JOB = 64;

export interface Pool {
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  /** Runs the program that the header names; returns when it is done. */
  run(): void;
  /** Ends the threads. */
  dispose(): void;
}

/**
 * Starts the kernels. The thread that calls is one of the threads.
 *
 * @param threads more than one only where the page is cross-origin isolated
 */
export async function startPool(threads: number): Promise<Pool> {
  const module = await WebAssembly.compileStreaming(fetch(kernelsUrl));
  // Shared also for one thread, since the module is made for it; only its buffer could not be sent elsewhere.
  const memory = new WebAssembly.Memory({ initial: 2, maximum: MOST_PAGES, shared: true });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const run = exports.run as () => void;
  const job = new Int32Array(memory.buffer)[JOB / 4] ?? 0;
  const workers: Worker[] = [];
  const started = Array.from({ length: threads - 1 }, (_, i) => {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { type: 'module' });
    workers.push(worker);
    const start: ThreadStart = { module, memory, index: i + 1, job };
    return new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = ({ message }) => reject(new Error(`A thread did not start: ${message}`));
      worker.postMessage(start);
    });
  });
  const dispose = () => {
    for (const worker of workers) worker.terminate();
  };
  try {
    await Promise.all(started);
  } catch (cause) {
    dispose();
    throw cause;
  }
  new Int32Array(memory.buffer)[HEADER.threads / 4] = threads;
  return { memory, threads, run, dispose };
}
