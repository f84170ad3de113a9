import { expose } from 'comlink';
import { expect, it, vi } from 'vitest';
import type { GenerateEvent, GenerateRequest, LoadProgress } from '../../workers/protocol.ts';
import { Engine } from './client.ts';

/** A worker without a thread: Comlink's other end listens on a port of the same process. */
class FakeWorker extends EventTarget {
  readonly #page: MessagePort;
  readonly terminate = vi.fn();

  constructor(api: object) {
    super();
    const { port1, port2 } = new MessageChannel();
    expose(api, port2);
    this.#page = port1;
    port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }));
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#page.postMessage(message, transfer);
  }
}

const request: GenerateRequest = { id: '1', examples: [], prompt: [], maxNewTokens: 1 };
const load = { modelUrl: 'models/x/', backend: 'auto' } as const;

function engineOver(...apis: object[]) {
  const workers = apis.map((api) => new FakeWorker(api));
  const queue = [...workers];
  const create = vi.fn(() => queue.shift() as unknown as Worker);
  return { engine: new Engine(create), workers, create };
}

it('passes results and events on', async () => {
  const { engine, create } = engineOver({
    generate: async (_: GenerateRequest, onEvent: (event: GenerateEvent) => void) => {
      await onEvent({ type: 'token', token: 7, text: 'hi' });
      return { ok: true, value: { text: 'hi' } };
    },
  });
  const onEvent = vi.fn();
  expect(await engine.generate(request, onEvent)).toEqual({ ok: true, value: { text: 'hi' } });
  expect(onEvent).toHaveBeenCalledWith({ type: 'token', token: 7, text: 'hi' });
  expect(create).toHaveBeenCalledTimes(1);
});

it('a thrown error becomes a result', async () => {
  const { engine } = engineOver({
    load: () => {
      throw new Error('odd');
    },
  });
  const result = await engine.load(load, vi.fn());
  expect(result).toMatchObject({ ok: false, error: { code: 'internal', detail: 'Error: odd' } });
});

it.each(['error', 'messageerror'])(
  'calls end when the worker dies of %s, and the next load starts another',
  async (type) => {
    const silent = { generate: () => new Promise(() => {}), load: () => new Promise(() => {}) };
    const fresh = {
      load: async (_: unknown, onProgress: (progress: LoadProgress) => void) => {
        await onProgress({ stage: 'ready' });
        return { ok: true, value: { milliseconds: 1 } };
      },
    };
    const { engine, workers, create } = engineOver(silent, fresh);
    const calls = [engine.generate(request, vi.fn()), engine.load(load, vi.fn())];
    workers[0]?.dispatchEvent(new Event(type));
    for (const result of await Promise.all(calls)) {
      expect(result).toMatchObject({ ok: false, error: { code: 'worker-died', retryable: true } });
    }
    expect(workers[0]?.terminate).toHaveBeenCalled();
    const onProgress = vi.fn();
    expect(await engine.load(load, onProgress)).toMatchObject({ ok: true });
    expect(onProgress).toHaveBeenCalledWith({ stage: 'ready' });
    expect(create).toHaveBeenCalledTimes(2);
  },
);

it('cancels without waiting, and without a worker does nothing', async () => {
  const cancel = vi.fn();
  const { engine, create } = engineOver({ cancel, rank: async () => ({ ok: true, value: null }) });
  engine.cancel('1');
  expect(create).not.toHaveBeenCalled();
  await engine.rank({ ...request, candidates: [] }, vi.fn());
  engine.cancel('2');
  await vi.waitFor(() => expect(cancel).toHaveBeenCalledWith('2'));
});

it('a worker that gives no sign is ended, and one that gives signs is not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const nobody = () => {};
    let tell: (event: GenerateEvent) => void = nobody;
    const { engine, workers } = engineOver({
      generate: (_: GenerateRequest, onEvent: typeof tell) => {
        tell = onEvent;
        return new Promise(() => {});
      },
    });
    let ended = false;
    const answer = engine.generate(request, vi.fn()).finally(() => {
      ended = true;
    });
    while (tell === nobody) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(9 * 60_000);
    await tell({ type: 'token', token: 1, text: 'a' });
    vi.advanceTimersByTime(9 * 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    vi.advanceTimersByTime(2 * 60_000);
    expect(await answer).toMatchObject({ ok: false, error: { code: 'hung' } });
    expect(workers[0]?.terminate).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

it('a death that nobody waited for is told to the next call, then a worker starts', async () => {
  const { engine, workers, create } = engineOver(
    { stored: async () => ({ ok: true, value: 1 }) },
    { generate: async () => ({ ok: true, value: 2 }) },
  );
  await engine.stored();
  workers[0]?.dispatchEvent(new Event('error'));
  expect(await engine.generate(request, vi.fn())).toMatchObject({
    ok: false,
    error: { code: 'worker-died' },
  });
  expect(await engine.generate(request, vi.fn())).toEqual({ ok: true, value: 2 });
  expect(create).toHaveBeenCalledTimes(2);
});
