import { describe, expect, it } from 'vitest';
import type { Timings } from '../../workers/protocol.ts';
import {
  type EngineAction,
  type EngineState,
  engineReducer,
  initialEngine,
  liveSpeed,
} from './state.ts';

const timings = { total: 1 } as Timings;

function stateAfter(...actions: EngineAction[]): EngineState {
  return actions.reduce(engineReducer, initialEngine);
}

const start: EngineAction = { type: 'start', id: '1', kind: 'answer', now: 1000 };
const token = (text: string, now: number, id = '1'): EngineAction => ({
  type: 'event',
  id,
  event: { type: 'token', token: 0, text },
  now,
});

describe('an answer', () => {
  it('grows with its tokens and is timed from the first', () => {
    const { run } = stateAfter(
      start,
      token(' a', 1250),
      token(' a cat', 1350),
      token(' a cat.', 1450),
    );
    expect(run).toMatchObject({ status: 'running', text: ' a cat.', tokens: 3, firstToken: 1250 });
    if (run.status === 'running') expect(liveSpeed(run)).toBeCloseTo(10);
  });

  it('has no speed before its second token', () => {
    const { run } = stateAfter(start, token(' a', 1250));
    if (run.status !== 'running') throw new Error(run.status);
    expect(liveSpeed(run)).toBe(null);
  });

  it('ignores events and ends of another request', () => {
    const running = stateAfter(start, token(' a', 1250));
    expect(engineReducer(running, token(' b', 1300, '0'))).toBe(running);
    const run = { status: 'answered', text: 'b', end: 'length', timings } as const;
    expect(engineReducer(running, { type: 'end', id: '0', run })).toBe(running);
    expect(engineReducer(running, { type: 'end', id: '1', run }).run).toBe(run);
  });

  it('is marked while it stops', () => {
    expect(stateAfter(start, { type: 'stopping' }).run).toMatchObject({ stopping: true });
    expect(stateAfter({ type: 'stopping' }).run).toEqual({ status: 'idle' });
  });
});

it('progress that comes after the load is dropped', () => {
  const progress: EngineAction = { type: 'progress', progress: { stage: 'warm-up' } };
  expect(stateAfter(progress).model).toEqual({ status: 'idle' });
  const loading: EngineAction = {
    type: 'model',
    model: { status: 'loading', progress: null, after: null, storage: null },
  };
  expect(stateAfter(loading, progress).model).toMatchObject({
    status: 'loading',
    progress: { stage: 'warm-up' },
  });
  const storage: EngineAction = {
    type: 'progress',
    progress: { stage: 'storage', message: 'Full.' },
  };
  expect(stateAfter(loading, progress, storage).model).toMatchObject({
    progress: { stage: 'warm-up' },
    storage: 'Full.',
  });
});
