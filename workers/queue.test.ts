import { expect, test } from 'vitest';
import { Queue } from './queue.ts';

const later = (log: string[], name: string) => async () => {
  log.push(`${name} begins`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  log.push(`${name} ends`);
  return name;
};

test('jobs never overlap and keep their order', async () => {
  const queue = new Queue();
  const log: string[] = [];
  const names = await Promise.all(['a', 'b'].map((name) => queue.run(later(log, name))));
  expect(names).toEqual(['a', 'b']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a job that fails does not stop the next', async () => {
  const queue = new Queue();
  const failing = queue.run(() => Promise.reject(new Error('broken')));
  const throwing = queue.run(() => {
    throw new Error('thrown');
  });
  const next = queue.run(() => Promise.resolve(1));
  await expect(failing).rejects.toThrow('broken');
  await expect(throwing).rejects.toThrow('thrown');
  expect(await next).toBe(1);
});

test('a job aborted while it waits is answered at once and never begins', async () => {
  const queue = new Queue();
  const log: string[] = [];
  const first = queue.run(later(log, 'a'));
  const controller = new AbortController();
  const second = queue.run(later(log, 'b'), controller.signal);
  controller.abort(new Error('stopped'));
  await expect(second).rejects.toThrow('stopped');
  expect(log).toEqual(['a begins']);
  await first;
  await queue.run(later(log, 'c'));
  expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
});

test('a running job is left to itself when its signal aborts', async () => {
  const queue = new Queue();
  const controller = new AbortController();
  const job = queue.run(later([], 'a'), controller.signal);
  await Promise.resolve();
  controller.abort();
  expect(await job).toBe('a');
});
