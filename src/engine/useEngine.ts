/** Loading, asking, ranking and stopping. What the engine answers goes into the engine's reducer. */
import { type Dispatch, useEffect, useRef, useState } from 'react';
import type {
  BackendChoice,
  FlamingoError,
  GenerateEvent,
  Result,
} from '../../workers/protocol.ts';
import { newId } from '../ids.ts';
import { labelsOf, toPrompt } from '../prompt/chunks.ts';
import type { PromptState } from '../prompt/prompt.ts';
import { defaultTokens, type Templates } from '../prompt/templates.ts';
import { text } from '../text.ts';
import { Engine } from './client.ts';
import type { OpenFolder } from './folder.ts';
import { type Options, toSampling } from './options.ts';
import { CHECK_MODEL, modelUrl, type Params } from './params.ts';
import { fetchManifest, folderManifest } from './preview.ts';
import type { EngineAction, EngineState, Live, RunState } from './state.ts';

export interface EngineActions {
  /** Loads the model, on the backend of the address unless another is given. */
  load: (backend?: BackendChoice) => Promise<void>;
  /** Sends the prompt as it is; what is missing in it was looked for before. Ends when the answer does. */
  run: (kind: Live['kind']) => Promise<void>;
  stop: () => void;
  /** What is stored of models, and what may be done with it. */
  storage: Pick<Engine, 'stored' | 'verifyStored' | 'deleteStored'>;
}

interface Inputs {
  params: Params;
  /** A folder of the disk to load from in place of the address's model. */
  folder: OpenFolder | null;
  prompt: PromptState;
  templates: Templates;
  options: Options;
  engine: EngineState;
  dispatch: Dispatch<EngineAction>;
  announce: (message: string) => void;
}

type Ended = Extract<EngineAction, { type: 'end' }>['run'];

/** Faults after which nothing is loaded any more: the model is loaded again from the stored weights. */
const FAULTS: FlamingoError['code'][] = [
  'worker-died',
  'device-lost',
  'out-of-memory',
  'hung',
  'internal',
];

/** Faults without an answer between them after which it is the person who decides. */
const MOST_RECOVERIES = 2;

export function useEngine(inputs: Inputs): EngineActions {
  const { params, folder, prompt, templates, options, engine, dispatch, announce } = inputs;
  const [client] = useState(() => new Engine());

  useEffect(() => {
    const stop = new AbortController();
    const read = folder
      ? folderManifest(folder.files)
      : fetchManifest(modelUrl(params.model), stop.signal);
    read.then((result) => {
      if (stop.signal.aborted) return;
      const preview = result.ok
        ? ({ status: 'known', manifest: result.value } as const)
        : ({ status: 'failed', error: result.error } as const);
      dispatch({ type: 'preview', preview });
    });
    return () => stop.abort();
  }, [params, folder, dispatch]);

  /** The backend of the last load, for the next one by itself. */
  const chosen = useRef<BackendChoice>(params.backend);
  const recoveries = useRef(0);

  async function load(backend: BackendChoice = params.backend): Promise<void> {
    if (engine.model.status === 'loading' || engine.model.status === 'ready') return;
    chosen.current = backend;
    recoveries.current = 0;
    // Advice to the browser; what comes of it is shown with the stored models.
    navigator.storage?.persist?.().catch((cause: unknown) => console.warn('persist', cause));
    await loadAfter(null);
  }

  async function loadAfter(after: FlamingoError | null): Promise<void> {
    dispatch({ type: 'model', model: { status: 'loading', progress: null, after, storage: null } });
    const request = {
      modelUrl: modelUrl(params.model),
      selfCheckUrl: modelUrl(CHECK_MODEL),
      backend: chosen.current,
      ...(folder ? { files: folder.files } : {}),
    };
    const result = await client.load(request, (progress) =>
      dispatch({ type: 'progress', progress }),
    );
    if (!result.ok) {
      dispatch({ type: 'model', model: { status: 'failed', error: result.error } });
      return;
    }
    dispatch({ type: 'model', model: { status: 'ready', model: result.value } });
    announce(after ? text.model.readyAgain : text.model.ready);
  }

  /** After a fault: a new engine over the stored weights. The prompt and what was written stay. */
  async function recover(fault: FlamingoError): Promise<void> {
    recoveries.current += 1;
    if (recoveries.current > MOST_RECOVERIES) {
      client.restart();
      dispatch({ type: 'model', model: { status: 'failed', error: fault } });
      return;
    }
    // WASM never gives memory back, and a worker with a bug is no ground to build on.
    if (fault.code !== 'device-lost') client.restart();
    await loadAfter(fault);
  }

  async function run(kind: Live['kind']): Promise<void> {
    const id = newId();
    dispatch({ type: 'start', id, kind, now: performance.now() });
    let written = '';
    const onEvent = (event: GenerateEvent) => {
      if (event.type === 'token') written = event.text;
      dispatch({ type: 'event', id, event, now: performance.now() });
    };
    const request = { ...toPrompt(prompt, templates), id };
    const ended = kind === 'rank' ? await rank(request) : await generate(request);
    dispatch({ type: 'end', id, run: ended });
    if (ended.status !== 'failed') recoveries.current = 0;
    else if (FAULTS.includes(ended.error.code)) await recover(ended.error);
    else if (ended.error.code === 'not-loaded') {
      dispatch({ type: 'model', model: { status: 'idle' } });
    }

    async function generate(base: typeof request): Promise<Ended> {
      const maxNewTokens = options.maxNewTokens ?? defaultTokens(prompt.preset, templates);
      const sampling = toSampling(options, Math.floor(Math.random() * 2 ** 32));
      const result = await client.generate({ ...base, maxNewTokens, sampling }, onEvent);
      return endOf(result, ({ text: words, end, timings }) => {
        announce(end === 'cancelled' ? text.answer.stopped(words) : text.answer.done(words));
        return { status: 'answered', text: words, end, timings };
      });
    }

    async function rank(base: typeof request): Promise<Ended> {
      const result = await client.rank({ ...base, candidates: labelsOf(prompt) }, onEvent);
      return endOf(result, ({ ranking, timings }) => {
        announce(text.answer.ranked(ranking[0]?.text ?? ''));
        return { status: 'ranked', ranking, timings };
      });
    }

    function endOf<T>(result: Result<T>, success: (value: T) => Ended): Ended {
      if (result.ok) return success(result.value);
      if (result.error.code === 'cancelled' && !written) return { status: 'idle' };
      return { status: 'failed', kind, text: written.trim(), error: result.error };
    }
  }

  function stop(): void {
    const { run: running }: { run: RunState } = engine;
    if (running.status !== 'running') return;
    dispatch({ type: 'stopping' });
    client.cancel(running.id);
  }

  return { load, run, stop, storage: client };
}
