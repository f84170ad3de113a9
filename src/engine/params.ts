/** What the address of the page chooses: `?backend=auto|webgpu|wasm` and `?model=NAME`. */
import type { BackendChoice } from '../../workers/protocol.ts';

export const DEFAULT_MODEL = 'flamingo-smollm2-135m';

/** Small, and with known values: a GPU is checked with it at its first load. */
export const CHECK_MODEL = 'tiny-random';

/** `wrong` names the parameters that were not understood; their defaults stand in. */
export interface Params {
  backend: BackendChoice;
  model: string;
  wrong: ('backend' | 'model')[];
}

/** Reads the query of an address. A model's name is one folder under `models/`, never a path. */
export function readParams(search: string): Params {
  const query = new URLSearchParams(search);
  const backend = query.get('backend') ?? 'auto';
  const model = query.get('model') ?? DEFAULT_MODEL;
  const goodBackend = backend === 'auto' || backend === 'webgpu' || backend === 'wasm';
  const goodModel = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(model);
  return {
    backend: goodBackend ? backend : 'auto',
    model: goodModel ? model : DEFAULT_MODEL,
    wrong: [...(goodBackend ? [] : ['backend' as const]), ...(goodModel ? [] : ['model' as const])],
  };
}

/** The absolute address of the model's folder, with a slash at the end. */
export function modelUrl(model: string): string {
  return new URL(`${import.meta.env.BASE_URL}models/${model}/`, document.baseURI).href;
}
