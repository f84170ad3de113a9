/** A thread of the kernels: runs its share of every program until it is terminated. */
import type { ThreadStart } from './pool.ts';

self.onmessage = async ({ data }: MessageEvent<ThreadStart>) => {
  const { exports } = await WebAssembly.instantiate(data.module, { env: { memory: data.memory } });
  const serve = exports.serve as (index: number, job: number) => void;
  self.postMessage('ready');
  serve(data.index, data.job);
};
