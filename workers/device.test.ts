import { expect, test, vi } from 'vitest';
import { usableFeatures, whenFailing } from './device.ts';

test('subgroups are used only where they are large enough for the kernels', () => {
  const adapter = (subgroupMinSize: number) => ({
    features: new Set(['subgroups', 'timestamp-query']) as unknown as GPUSupportedFeatures,
    info: { subgroupMinSize } as GPUAdapterInfo,
  });
  expect(usableFeatures(adapter(4))).toEqual([]);
  expect(usableFeatures(adapter(8))).toEqual(['subgroups']);
});

/** A device whose end and errors come when the test says so. */
function fakeDevice() {
  const events = new EventTarget();
  let lose = (_: { reason: string; message: string }) => {};
  const lost = new Promise((resolve) => {
    lose = resolve;
  });
  const device = Object.assign(events, { lost }) as unknown as GPUDevice;
  const fail = (error: Error) =>
    events.dispatchEvent(Object.assign(new Event('uncapturederror'), { error }));
  return { device, lose, fail };
}

class OutOfMemory extends Error {}
vi.stubGlobal('GPUOutOfMemoryError', OutOfMemory);

test('a lost device, one without memory and a refused step are told apart', async () => {
  const gone = fakeDevice();
  const full = fakeDevice();
  const odd = fakeDevice();
  const failing = [gone, full, odd].map(({ device }) => whenFailing(device));
  gone.lose({ reason: 'unknown', message: 'reset' });
  full.fail(new OutOfMemory('no room'));
  odd.fail(new Error('bad binding'));
  const codes = await Promise.all(failing.map((end) => end.catch((cause) => cause.code)));
  expect(codes).toEqual(['device-lost', 'out-of-memory', 'internal']);
});
