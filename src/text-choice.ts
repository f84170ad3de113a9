/** The words about which model is loaded, and whether this device can hold it. */
import type { Fit } from './engine/fits.ts';
import { megabytes } from './format.ts';

export const choice = {
  label: 'Which model',
  others: 'Other models:',
  open: 'Open a model from a folder…',
  openLabel: 'Open a model from a folder on this device',
  hint: 'Or drop the folder here. It is read where it lies; nothing is uploaded.',
  folder: (title: string, bytes: number, folder: string) =>
    `${title}: ${megabytes(bytes)} in the folder “${folder}”. It is read from there each time, and not kept in this browser.`,
  unreadable: 'The folder could not be read. Choose it with the button instead.',
  fit: (fit: Fit): string => {
    if (fit.fits) {
      return fit.where === 'gpu'
        ? `Takes about ${megabytes(fit.bytes)} of graphics memory. This GPU allows all of its parts.`
        : `Takes about ${megabytes(fit.bytes)} of memory, in WebAssembly on the processor.`;
    }
    const [needs, allows] = [megabytes(fit.needs), megabytes(fit.allows)];
    return fit.where === 'gpu'
      ? `This GPU cannot hold it: the model needs a buffer of ${needs}, and this GPU allows ${allows}. Choose a smaller model, or add “backend=wasm” to the address.`
      : `It will not fit: without a GPU the model takes about ${needs} of memory, and WebAssembly ends at ${allows}. Choose a smaller model, or a browser with WebGPU.`;
  },
};
