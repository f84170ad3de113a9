/** The state of the page and what can be done with it, for every component. */
import {
  createContext,
  type Dispatch,
  type ReactNode,
  use,
  useMemo,
  useReducer,
  useState,
} from 'react';
import { type Credit, useCredits } from './credits.ts';
import type { OpenFolder } from './engine/folder.ts';
import { defaultOptions, type Options } from './engine/options.ts';
import { type Params, readParams } from './engine/params.ts';
import { type EngineState, engineReducer, initialEngine } from './engine/state.ts';
import { type EngineActions, useEngine } from './engine/useEngine.ts';
import { useUpdate } from './offline/useUpdate.ts';
import {
  emptyPrompt,
  isUntouched,
  type PromptAction,
  type PromptState,
  promptReducer,
} from './prompt/prompt.ts';
import { DEFAULT_TEMPLATES, type Templates, withManifest } from './prompt/templates.ts';
import { useDraft } from './saved/useDraft.ts';
import { type Asking, useAsk } from './useAsk.ts';

/** `serial` makes the same sentence twice in a row two announcements. */
export interface Announcement {
  message: string;
  serial: number;
}

export interface Store extends Asking, Pick<EngineActions, 'load' | 'stop' | 'storage'> {
  params: Params;
  /** The folder of the disk that the model is read from; null for the address's model. */
  folder: OpenFolder | null;
  /** Takes a folder before anything is loaded. */
  openFolder: (folder: OpenFolder) => void;
  /** Of the example pictures; empty until they are fetched. */
  credits: Credit[];
  prompt: PromptState;
  edit: Dispatch<PromptAction>;
  templates: Templates;
  engine: EngineState;
  options: Options;
  setOptions: Dispatch<Options>;
  announcement: Announcement;
  /** Takes a new version of the page, reloading it; null while there is none. */
  update: (() => void) | null;
  /** Says a sentence to a screen reader, politely. */
  announce: (message: string) => void;
}

const StoreContext = createContext<Store | null>(null);

/** The store. Throws outside of `StoreProvider`. */
export function useStore(): Store {
  const store = use(StoreContext);
  if (!store) throw new Error('useStore needs a StoreProvider above');
  return store;
}

export function StoreProvider({ children }: { children: ReactNode }) {
  const [params] = useState(() => readParams(location.search));
  const [folder, setFolder] = useState<OpenFolder | null>(null);
  const credits = useCredits();
  const [prompt, edit] = useReducer(promptReducer, null, emptyPrompt);
  const [engine, dispatch] = useReducer(engineReducer, initialEngine);
  const [options, setOptions] = useState(defaultOptions);
  const [announcement, setAnnouncement] = useState<Announcement>({ message: '', serial: 0 });
  const [announce] = useState(
    () => (message: string) => setAnnouncement(({ serial }) => ({ message, serial: serial + 1 })),
  );

  const templates = useMemo(() => templatesOf(engine), [engine]);
  const { load, run, stop, storage } = useEngine({
    params,
    folder,
    prompt,
    templates,
    options,
    engine,
    dispatch,
    announce,
  });
  const openFolder = (opened: OpenFolder) => {
    dispatch({ type: 'preview', preview: { status: 'waiting' } });
    dispatch({ type: 'model', model: { status: 'idle' } });
    setFolder(opened);
  };
  const asking = useAsk(prompt, engine, run);
  useDraft(prompt, edit);
  const update = useUpdate(engine.model.status === 'idle' && isUntouched(prompt));
  const store: Store = {
    params,
    folder,
    openFolder,
    credits,
    prompt,
    edit,
    templates,
    engine,
    options,
    setOptions,
    announcement,
    announce,
    load,
    stop,
    storage,
    update,
    ...asking,
  };
  return <StoreContext value={store}>{children}</StoreContext>;
}

/** Of the loaded model, else of the manifest seen so far, else the defaults. */
function templatesOf({ model, preview }: EngineState): Templates {
  if (model.status === 'ready') return withManifest(model.model.manifest.prompts);
  if (preview.status === 'known') return withManifest(preview.manifest.prompts);
  return DEFAULT_TEMPLATES;
}
