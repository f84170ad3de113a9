/** How fast memory is copied: the limit of decoding, which reads every weight for each token. */

/** 16,384 groups of 256 vectors on the GPU, and more than a CPU's cache holds. */
const MEGABYTES = 64;

/** Bytes a second that this GPU reads and writes together when it copies with a small kernel; the best of several runs. */
export async function gpuBandwidth(): Promise<number> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  const device = await adapter?.requestDevice();
  if (!device) throw new Error('There is no WebGPU adapter.');
  const size = MEGABYTES * 2 ** 20;
  const buffer = () => device.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
  const [from, to] = [buffer(), buffer()];
  const code = `
    @group(0) @binding(0) var<storage, read> source: array<vec4f>;
    @group(0) @binding(1) var<storage, read_write> target_: array<vec4f>;
    @compute @workgroup_size(256)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      target_[id.x] = source[id.x];
    }`;
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [from, to].map((entry, binding) => ({ binding, resource: { buffer: entry } })),
  });
  const groups = size / 16 / 256;
  const copies = 8;
  let best = 0;
  for (let round = 0; round < 6; round++) {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < copies; i++) pass.dispatchWorkgroups(groups);
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    best = Math.max(best, (copies * 2 * size) / ((performance.now() - start) / 1000));
  }
  device.destroy();
  return best;
}

/** The same for the CPU: all its threads copy at once. */
export async function cpuBandwidth(): Promise<number> {
  const code = `onmessage = () => {
    const from = new Float64Array(${MEGABYTES} * 131072).fill(1), to = new Float64Array(from.length);
    to.set(from);
    postMessage('ready');
    onmessage = () => {
      let copies = 0;
      const start = performance.now();
      while (performance.now() - start < 400) { to.set(from); copies++; }
      postMessage(copies * 2 * from.byteLength / (performance.now() - start) * 1000);
    };
  };`;
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const threads = Array.from({ length: navigator.hardwareConcurrency }, () => new Worker(url));
  const answers = () =>
    Promise.all(
      threads.map(
        (thread) =>
          new Promise<number | string>((resolve) => {
            thread.onmessage = ({ data }) => resolve(data);
          }),
      ),
    );
  const call = () => {
    const all = answers();
    for (const thread of threads) thread.postMessage(null);
    return all;
  };
  await call();
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const rates = (await call()).map(Number);
    best = Math.max(
      best,
      rates.reduce((sum, rate) => sum + rate, 0),
    );
  }
  for (const thread of threads) thread.terminate();
  URL.revokeObjectURL(url);
  return best;
}
