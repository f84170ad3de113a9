/** Telling a real GPU from one that the processor plays. */

/** True for an adapter that is emulated on the CPU. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return (
    info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(words)
  );
}
