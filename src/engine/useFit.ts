/** Whether this device can hold a model, as soon as both are known. */
import { useEffect, useState } from 'react';
import type { Manifest } from '../../workers/manifest.ts';
import type { BackendChoice } from '../../workers/protocol.ts';
import { isSoftware } from '../../workers/software.ts';
import { type Fit, fitOf, type GpuLimits } from './fits.ts';

/** Null until the manifest is read and the GPU has answered. */
export function useFit(manifest: Manifest | null, backend: BackendChoice): Fit | null {
  const [gpu, setGpu] = useState<GpuLimits | null | undefined>(undefined);
  useEffect(() => {
    let wanted = true;
    limits(backend).then((found) => {
      if (wanted) setGpu(found);
    });
    return () => {
      wanted = false;
    };
  }, [backend]);
  return manifest && gpu !== undefined ? fitOf(manifest, backend, gpu) : null;
}

/** Of the adapter that the worker will take; null where it will take none. */
async function limits(backend: BackendChoice): Promise<GpuLimits | null> {
  if (backend === 'wasm') return null;
  try {
    // Typed as always there, but missing in older browsers and on pages that are not secure.
    const gpu: GPU | undefined = navigator.gpu;
    const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
    // An emulated GPU is taken only where it is asked for.
    if (!adapter || (backend === 'auto' && isSoftware(adapter.info))) return null;
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    return { maxBufferSize, maxStorageBufferBindingSize };
  } catch (cause) {
    console.warn('The GPU does not say what it allows.', cause);
    return null;
  }
}
