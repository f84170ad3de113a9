/** What the address of the page chooses: `?backend=auto|webgpu|wasm` and `?model=NAME`. */
import { HOSTED } from '../../workers/hosted.ts';
import type { BackendChoice } from '../../workers/protocol.ts';

export const DEFAULT_MODEL = 'flamingo-smollm2-135m';

/** Small, and with known values: a GPU is checked with it at its first load. */
export const CHECK_MODEL = 'tiny-random';

/** A model that can be chosen: `id` is what stands behind `?model=`. */
export interface Choice {
  id: string;
  title: string;
}

/** The models beside the page and those of other sites that the build named; the tests' own is none to choose. */
export const CHOICES: readonly Choice[] = choicesOf(import.meta.env.FLAMINGO_SHIPPED ?? [], HOSTED);

/** Shipped models by their titles, and others by their addresses. */
export function choicesOf(
  shipped: readonly { name: string; title: string }[],
  hosted: readonly string[],
): Choice[] {
  const own = shipped.map(({ name, title }) => ({ id: name, title }));
  const others = hosted.map((address) => ({ id: address, title: address }));
  return [...own, ...others].filter(({ id }) => id !== CHECK_MODEL);
}

/** `wrong` names the parameters that were not understood; their defaults stand in. */
export interface Params {
  backend: BackendChoice;
  model: string;
  wrong: ('backend' | 'model')[];
}

/**
 * Reads the query of an address. A model's name is one folder under `models/`, never a path, or an address that the
 * build named.
 */
export function readParams(search: string, hosted = HOSTED): Params {
  const query = new URLSearchParams(search);
  const backend = query.get('backend') ?? 'auto';
  const model = query.get('model') ?? DEFAULT_MODEL;
  const goodBackend = backend === 'auto' || backend === 'webgpu' || backend === 'wasm';
  const goodModel = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(model) || hosted.includes(model);
  return {
    backend: goodBackend ? backend : 'auto',
    model: goodModel ? model : DEFAULT_MODEL,
    wrong: [...(goodBackend ? [] : ['backend' as const]), ...(goodModel ? [] : ['model' as const])],
  };
}

/** The query that opens the page with another model, on the same backend. */
export function queryFor(model: string, { backend }: Params): string {
  const query = new URLSearchParams({ model });
  if (backend !== 'auto') query.set('backend', backend);
  return `?${query}`;
}

/** The absolute address of the model's folder, with a slash at the end. */
export function modelUrl(model: string): string {
  if (model.includes(':')) return model;
  return new URL(`${import.meta.env.BASE_URL}models/${model}/`, document.baseURI).href;
}
