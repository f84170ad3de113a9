/** A WebGPU device with what ONNX Runtime's kernels may use, and the news of its end. */
import { Failure } from './failure.ts';

/**
 * ORT's attention over 32 queries or more is written for subgroups of at least 8 and is silently wrong with fewer
 * (SwiftShader has 4: errors of 7e-2). Without the feature it takes kernels that are right everywhere.
 */
const LEAST_SUBGROUP = 8;

/** The optional features that ORT's kernels may use on this adapter. */
export function usableFeatures({ features, info }: Pick<GPUAdapter, 'features' | 'info'>) {
  const wanted: GPUFeatureName[] =
    info.subgroupMinSize >= LEAST_SUBGROUP ? ['shader-f16', 'subgroups'] : ['shader-f16'];
  return wanted.filter((feature) => features.has(feature));
}

/** The limits that ORT raises on a device of its own. */
const LIMITS = [
  'maxBindGroups',
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Takes a device of an adapter. Rejects when the driver refuses. */
export function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  return adapter.requestDevice({
    requiredFeatures: usableFeatures(adapter),
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  });
}

/**
 * Rejects when a device fails, and never resolves: a run on a lost device may wait for ever, and one that met an
 * error goes on with nonsense, since WebGPU throws neither.
 *
 * The `Failure` is `device-lost`, `out-of-memory`, or `internal`.
 */
export function whenFailing(device: GPUDevice): Promise<never> {
  const failing = new Promise<never>((_, reject) => {
    device.lost.then(({ reason, message }) => reject(lost(`${reason}: ${message}`)));
    device.addEventListener('uncapturederror', ({ error }) => reject(faulty(error)), {
      once: true,
    });
  });
  // A device ends, too, when it is released in peace and nobody waits.
  failing.catch(() => {});
  return failing;
}

function lost(detail: string): Failure {
  return new Failure(
    'device-lost',
    'The GPU was taken away (the driver restarted, or another program needed it): load the model again.',
    { detail, retryable: true },
  );
}

function faulty(error: GPUError): Failure {
  const detail = error.message;
  return error instanceof GPUOutOfMemoryError
    ? new Failure(
        'out-of-memory',
        'The GPU has not enough memory for this: close other tabs and programs, or choose the WASM backend, then load the model again.',
        { detail, retryable: true },
      )
    : new Failure(
        'internal',
        'The GPU refused a step of the computation: load the model again, or choose the WASM backend; report it with the details.',
        { detail, retryable: true },
      );
}
