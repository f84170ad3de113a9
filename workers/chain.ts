/** Graphs that go on from one another, run as one: a large language model cut by layers. */
import type { InferenceSession, Tensor } from './ort.ts';

/** What is used of a session. */
export interface Runner {
  run(
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor | null>,
  ): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Spreads feeds and fetches over the graphs by their names; what one has `continued` is `hidden` to the next. */
export class Chain implements Runner {
  readonly #sessions: readonly InferenceSession[];

  constructor(sessions: readonly InferenceSession[]) {
    this.#sessions = sessions;
  }

  async run(
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor | null>,
  ): Promise<Record<string, Tensor>> {
    const outputs: Record<string, Tensor> = {};
    for (const session of this.#sessions) {
      const { continued } = outputs;
      const known = { ...feeds, ...(continued && { hidden: continued }) };
      const wanted = { continued: null, ...fetches };
      Object.assign(
        outputs,
        await session.run(pick(known, session.inputNames), pick(wanted, session.outputNames)),
      );
    }
    return outputs;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions) await session.release();
  }
}

function pick<T>(from: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
