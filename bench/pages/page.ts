/** The pages that the bench drives. */
import * as Comlink from 'comlink';
import { cpuBandwidth, gpuBandwidth } from './bandwidth.ts';
import './contenders.ts';

const worker =
  location.hash === '#ours'
    ? new Worker(new URL('./ours-worker.ts', import.meta.url), { type: 'module' })
    : new Worker(new URL('./patches-worker.ts', import.meta.url), { type: 'module' });

if (location.hash === '#ours') window.ours = Comlink.wrap(worker);
else window.patches = Comlink.wrap(worker);

window.bandwidth = { wasm: cpuBandwidth, webgpu: gpuBandwidth };
