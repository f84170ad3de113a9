/** Which device the model runs on: a GPU, or WASM where there is no GPU worth using. */
import { openDevice, whenFailing } from './device.ts';
import { Failure } from './failure.ts';
import { wasmThreads } from './ort.ts';
import type { BackendChoice, BackendInfo } from './protocol.ts';
import { isSoftware } from './software.ts';

/**
 * A device to run on. The WebGPU device is ours: ORT ignores wishes about adapters, but takes a device. `failing`
 * rejects when it fails.
 */
export type Backend =
  | { flavour: 'webgpu'; info: BackendInfo; device: GPUDevice; failing: Promise<never> }
  | { flavour: 'wasm'; info: BackendInfo };

/** What the browser offers. */
export type Offer =
  | { webgpu: 'missing' }
  | { webgpu: 'no-adapter' }
  | { webgpu: 'adapter'; name: string; software: boolean };

/** What to take of an offer, by the rule of `docs/design.md`. */
export type Decision =
  | { take: 'webgpu' }
  | { take: 'wasm'; notice?: string }
  | { take: 'nothing'; code: 'no-webgpu' | 'no-adapter'; message: string };

/** Asked for WebGPU, a person gets it even from a software adapter; on their own they get what is faster. */
export function decide(choice: BackendChoice, offer: Offer): Decision {
  if (choice === 'wasm') return { take: 'wasm' };
  if (offer.webgpu === 'adapter') {
    if (choice === 'webgpu' || !offer.software) return { take: 'webgpu' };
    const notice = `Running on the CPU (WebAssembly): the only WebGPU adapter here (${offer.name}) is emulated in software, which is slower.`;
    return { take: 'wasm', notice };
  }
  if (choice === 'webgpu') return refusal(offer.webgpu);
  const reason =
    offer.webgpu === 'missing'
      ? 'this browser has no WebGPU'
      : 'the browser gives no WebGPU adapter for this GPU';
  return { take: 'wasm', notice: `Running on the CPU (WebAssembly), more slowly: ${reason}.` };
}

function refusal(webgpu: 'missing' | 'no-adapter'): Decision {
  return webgpu === 'missing'
    ? {
        take: 'nothing',
        code: 'no-webgpu',
        message:
          'This browser has no WebGPU: use a current Chrome, Edge or Safari over https or localhost, or choose the WASM backend.',
      }
    : {
        take: 'nothing',
        code: 'no-adapter',
        message:
          'The browser gives no WebGPU adapter: update the graphics driver or turn on hardware acceleration in the browser, or choose the WASM backend.',
      };
}

/**
 * Takes a backend.
 *
 * @throws {Failure} `no-webgpu` or `no-adapter` when WebGPU was asked for and is not to be had
 */
export async function openBackend(choice: BackendChoice): Promise<Backend> {
  const adapter = choice === 'wasm' ? null : await requestAdapter();
  const offer = describe(adapter);
  const decision = decide(choice, offer);
  if (decision.take === 'nothing') throw new Failure(decision.code, decision.message);
  if (decision.take === 'webgpu' && adapter && offer.webgpu === 'adapter') {
    const info: BackendInfo = { backend: 'webgpu', adapter: offer.name, software: offer.software };
    const device = await openDevice(adapter);
    return { flavour: 'webgpu', info, device, failing: whenFailing(device) };
  }
  const threads = wasmThreads();
  const info: BackendInfo = {
    backend: 'wasm',
    adapter: threads === 1 ? '1 thread' : `${threads} threads`,
    software: false,
  };
  if (decision.take === 'wasm' && decision.notice) info.notice = decision.notice;
  return { flavour: 'wasm', info };
}

/** How long the news of a lost device may come after the run that it ended. */
const NEWS_MS = 500;

/** What `work` gives, or the failure of the device under it, whichever is first. */
export async function unlessFailing<T>(backend: Backend, work: Promise<T>): Promise<T> {
  if (backend.flavour === 'wasm') return work;
  try {
    return await Promise.race([work, backend.failing]);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    await Promise.race([backend.failing, new Promise((resolve) => setTimeout(resolve, NEWS_MS))]);
    throw cause;
  }
}

/** True when the device of a backend has failed: nothing more is to be had from it. */
export async function hasFailed(backend: Backend): Promise<boolean> {
  if (backend.flavour === 'wasm') return false;
  const failed = backend.failing.catch(() => true);
  return Promise.race([failed, Promise.resolve(false)]);
}

async function requestAdapter(): Promise<GPUAdapter | null> {
  // Typed as always there, but missing in older browsers and on pages that are not secure.
  const gpu: GPU | undefined = navigator.gpu;
  return (await gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
}

function describe(adapter: GPUAdapter | null): Offer {
  if (!adapter) return { webgpu: navigator.gpu ? 'no-adapter' : 'missing' };
  const { vendor, architecture, device } = adapter.info;
  const name = [vendor, architecture || device].filter(Boolean).join(' ') || 'unnamed';
  return { webgpu: 'adapter', name, software: isSoftware(adapter.info) };
}
