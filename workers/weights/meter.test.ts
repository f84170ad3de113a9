import { expect, test } from 'vitest';
import type { LoadProgress } from '../protocol.ts';
import { Meter } from './meter.ts';

function metered() {
  const told: LoadProgress[] = [];
  const clock = { now: 0 };
  const meter = new Meter(
    1000,
    (progress) => told.push(progress),
    () => clock.now,
  );
  return { told, clock, meter };
}

test('adds up bytes of all files', () => {
  const { told, meter } = metered();
  meter.add('a', 'network', 100);
  meter.add('b', 'cache', 300);
  expect(told.at(-1)).toMatchObject({ file: 'b', source: 'cache', loaded: 400, total: 1000 });
});

test('the rate is that of the last three seconds of the network', () => {
  const { told, clock, meter } = metered();
  const at = (now: number, source: 'network' | 'cache', bytes: number) => {
    clock.now = now;
    meter.add('a', source, bytes);
    return told.at(-1);
  };
  expect(at(0, 'network', 10)).toMatchObject({ bytesPerSecond: 0 });
  expect(at(1000, 'network', 200)).toMatchObject({ bytesPerSecond: 200 });
  expect(at(2000, 'cache', 500)).toMatchObject({ bytesPerSecond: 100 });
  expect(at(4000, 'network', 60)).toMatchObject({ bytesPerSecond: 20 });
});
