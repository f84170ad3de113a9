/** Getting rid of a backend that has failed, or is not wanted any more. */
import type { Backend } from './backend.ts';
import type { Model } from './model.ts';

/** A run on a lost device mostly ends at once; one that does not is left alone. */
const PATIENCE_MS = 5000;

/**
 * Frees what can be freed. The device goes first, which ends the runs on it: ONNX Runtime hangs when a session is
 * released, or another one made, while one of them goes on.
 */
export async function discard(
  backend: Backend,
  running: Promise<unknown>,
  model?: Model,
): Promise<void> {
  if (backend.flavour === 'webgpu') backend.device.destroy();
  await patiently(running);
  if (model) await patiently(model.dispose());
}

async function patiently(work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  // What fails on a device that is gone has been told already.
  const ended = work.catch((cause: unknown) => console.warn('Discarding the model', cause));
  await Promise.race([ended, enough]);
  clearTimeout(timer);
}
