/** Puts the worker of this folder at `window.inner`. */
import * as Comlink from 'comlink';
import type { LogitsApi } from './worker.ts';

declare global {
  interface Window {
    inner: Comlink.Remote<LogitsApi>;
  }
}

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
window.inner = Comlink.wrap<LogitsApi>(worker);
