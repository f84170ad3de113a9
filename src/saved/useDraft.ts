/** Brings the prompt of an earlier visit back, and saves each change. */
import { type Dispatch, useEffect, useRef, useState } from 'react';
import type { PromptAction, PromptState } from '../prompt/prompt.ts';
import { type Draft, openDraft } from './draft.ts';

/** Opened once a page, also where React mounts twice: a tab has one place. */
let opening: Promise<Draft | null> | undefined;

function open(): Promise<Draft | null> {
  opening ??= openDraft().catch((cause: unknown) => {
    console.warn('The prompt is not saved: the browser stores nothing here.', cause);
    return null;
  });
  return opening;
}

export function useDraft(prompt: PromptState, edit: Dispatch<PromptAction>): void {
  const [draft, setDraft] = useState<Draft | null>(null);
  /** The prompt as it was opened: what was not edited is not saved. */
  const unchanged = useRef(prompt);

  useEffect(() => {
    let gone = false;
    void open().then((opened) => {
      if (gone || !opened) return;
      if (opened.found) edit({ type: 'restore', prompt: opened.found });
      setDraft(opened);
    });
    return () => {
      gone = true;
    };
  }, [edit]);

  useEffect(() => {
    if (draft && prompt !== unchanged.current && prompt !== draft.found) draft.save(prompt);
  }, [draft, prompt]);
}
