/** The model and the request being answered, as the page shows them. */
import type { Manifest } from '../../workers/manifest.ts';
import type {
  FlamingoError,
  GenerateEvent,
  Generation,
  LoadedModel,
  LoadProgress,
  Ranking,
  Timings,
} from '../../workers/protocol.ts';

export type ModelState =
  | { status: 'idle' }
  /** `after` is the fault that made it load again by itself; `storage` why the files will not be kept. */
  | {
      status: 'loading';
      progress: LoadProgress | null;
      after: FlamingoError | null;
      storage: string | null;
    }
  | { status: 'ready'; model: LoadedModel }
  | { status: 'failed'; error: FlamingoError };

/** How far the prompt is: pictures encoded, text read. Absent until the first event. */
export type Stage = Extract<GenerateEvent, { type: 'stage' }>;

/** Live figures in page time: milliseconds of `performance.now()`. */
export interface Live {
  id: string;
  kind: 'answer' | 'rank';
  stage: Stage | null;
  text: string;
  tokens: number;
  started: number;
  firstToken: number | null;
  lastToken: number | null;
}

/** What is left of an answer: words survive a stop and an error alike. */
export type RunState =
  | { status: 'idle' }
  | ({ status: 'running'; stopping: boolean } & Live)
  | { status: 'answered'; text: string; end: Generation['end']; timings: Timings }
  | { status: 'ranked'; ranking: Ranking['ranking']; timings: Timings }
  | { status: 'failed'; kind: Live['kind']; text: string; error: FlamingoError };

/** What is known of the model before it is loaded. */
export type Preview =
  | { status: 'waiting' }
  | { status: 'known'; manifest: Manifest }
  | { status: 'failed'; error: FlamingoError };

export interface EngineState {
  preview: Preview;
  model: ModelState;
  run: RunState;
}

export type EngineAction =
  | { type: 'preview'; preview: Preview }
  | { type: 'model'; model: ModelState }
  | { type: 'progress'; progress: LoadProgress }
  | { type: 'start'; id: string; kind: Live['kind']; now: number }
  | { type: 'event'; id: string; event: GenerateEvent; now: number }
  | { type: 'stopping' }
  | { type: 'end'; id: string; run: Exclude<RunState, { status: 'running' }> };

export const initialEngine: EngineState = {
  preview: { status: 'waiting' },
  model: { status: 'idle' },
  run: { status: 'idle' },
};

/** Events of a request that is no longer the running one are dropped. */
export function engineReducer(state: EngineState, action: EngineAction): EngineState {
  switch (action.type) {
    case 'preview':
      return { ...state, preview: action.preview };
    case 'model':
      return { ...state, model: action.model };
    case 'progress':
      if (state.model.status !== 'loading') return state;
      return { ...state, model: advanced(state.model, action.progress) };
    case 'start': {
      const { id, kind, now } = action;
      const live: Live = {
        id,
        kind,
        stage: null,
        text: '',
        tokens: 0,
        started: now,
        firstToken: null,
        lastToken: null,
      };
      return { ...state, run: { status: 'running', stopping: false, ...live } };
    }
    case 'event': {
      const { run } = state;
      if (run.status !== 'running' || run.id !== action.id) return state;
      if (action.event.type === 'stage') return { ...state, run: { ...run, stage: action.event } };
      const { text } = action.event;
      const firstToken = run.firstToken ?? action.now;
      return {
        ...state,
        run: { ...run, text, tokens: run.tokens + 1, firstToken, lastToken: action.now },
      };
    }
    case 'stopping':
      return state.run.status === 'running'
        ? { ...state, run: { ...state.run, stopping: true } }
        : state;
    case 'end':
      if (state.run.status !== 'running' || state.run.id !== action.id) return state;
      return { ...state, run: action.run };
  }
}

/** What is said of the storage stays while other news comes. */
function advanced(
  loading: Extract<ModelState, { status: 'loading' }>,
  progress: LoadProgress,
): ModelState {
  if (progress.stage === 'storage') return { ...loading, storage: progress.message };
  return { ...loading, progress };
}

/** Tokens a second after the first, or null before the second. */
export function liveSpeed(run: Live): number | null {
  if (run.tokens < 2 || run.firstToken === null || run.lastToken === null) return null;
  const seconds = (run.lastToken - run.firstToken) / 1000;
  return seconds > 0 ? (run.tokens - 1) / seconds : null;
}
