/** Faults inside the worker: code that runs before its own, and what it leaves there for the test. */
import type { BrowserContext, Page } from 'playwright-core';

/** Runs `code` (JavaScript) at the start of each engine worker of a context. */
export function beforeWorker(code: string): (context: BrowserContext) => Promise<void> {
  return async (context) => {
    await context.route(/\/assets\/main-[\w-]+\.js$/, async (route) => {
      const response = await route.fetch();
      // Imports are hoisted above it, so it must stand in one that comes first.
      const body = `${code};${await response.text()}`;
      await route.fulfill({ response, body });
    });
  };
}

/** Keeps the worker's GPU devices, and the bytes of their buffers that are alive, at `self.gpu`. */
export const WATCH_GPU = `
  self.gpu = { devices: [], buffers: new Map() };
  {
    const requestDevice = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      const device = await requestDevice.apply(this, options);
      self.gpu.devices.push(device);
      return device;
    };
    const { createBuffer, destroy: destroyDevice } = GPUDevice.prototype;
    GPUDevice.prototype.createBuffer = function (options) {
      const buffer = createBuffer.call(this, options);
      self.gpu.buffers.set(buffer, { size: options.size, device: this });
      return buffer;
    };
    GPUDevice.prototype.destroy = function () {
      for (const [buffer, { device }] of self.gpu.buffers) {
        if (device === this) self.gpu.buffers.delete(buffer);
      }
      return destroyDevice.call(this);
    };
    const { destroy } = GPUBuffer.prototype;
    GPUBuffer.prototype.destroy = function () {
      self.gpu.buffers.delete(this);
      return destroy.call(this);
    };
  }
`;

/** Buffers and bytes that live on the worker's GPU devices, ONNX Runtime's too. */
export function gpuMemory(page: Page): Promise<{ buffers: number; bytes: number }> {
  return inWorker(
    page,
    `({
      buffers: self.gpu.buffers.size,
      bytes: [...self.gpu.buffers.values()].reduce((sum, { size }) => sum + size, 0),
    })`,
  );
}

/** Evaluates an expression in the page's engine worker. */
export async function inWorker<T>(page: Page, expression: string): Promise<T> {
  const worker = page.workers().find((candidate) => /\/main-/.test(candidate.url()));
  if (!worker) throw new Error('The page has no engine worker.');
  return worker.evaluate(expression) as Promise<T>;
}
