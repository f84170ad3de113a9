import { expect, test } from 'vitest';
import { Chain } from './chain.ts';
import type { InferenceSession, Tensor } from './ort.ts';

const tensor = (name: string) => ({ name }) as unknown as Tensor;

/** A session that notes what it is run with, and gives what is asked for. */
function session(inputNames: string[], outputNames: string[], log: string[]): InferenceSession {
  return {
    inputNames,
    outputNames,
    async run(feeds: object, fetches: object) {
      log.push(`${Object.keys(feeds).sort()} -> ${Object.keys(fetches).sort()}`);
      return Object.fromEntries(Object.keys(fetches).map((name) => [name, tensor(name)]));
    },
    async release() {
      log.push('released');
    },
  } as unknown as InferenceSession;
}

test('each graph gets its inputs and the hidden states of the one before', async () => {
  const log: string[] = [];
  const chain = new Chain([
    session(['ids', 'past.0'], ['continued', 'present.0'], log),
    session(['ids', 'hidden', 'past.1'], ['continued', 'present.1'], log),
    session(['ids', 'hidden', 'positions'], ['logits', 'argmax'], log),
  ]);
  const feeds = {
    ids: tensor('ids'),
    positions: tensor('p'),
    'past.0': tensor('a'),
    'past.1': tensor('b'),
  };
  const outputs = await chain.run(feeds, { argmax: null, 'present.0': null, 'present.1': null });
  expect(log).toEqual([
    'ids,past.0 -> continued,present.0',
    'hidden,ids,past.1 -> continued,present.1',
    'hidden,ids,positions -> argmax',
  ]);
  expect(Object.keys(outputs)).toEqual(
    expect.arrayContaining(['argmax', 'present.0', 'present.1']),
  );
  await chain.release();
  expect(log.slice(3)).toEqual(['released', 'released', 'released']);
});
