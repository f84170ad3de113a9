/** The page's keys: Ctrl or Cmd with Enter asks, Escape stops, Alt with an arrow moves the example in focus. */
import { useEffect, useEffectEvent } from 'react';
import { useStore } from './store.tsx';
import { text } from './text.ts';

/** Listens on the document while the component lives. */
export function useShortcuts(): void {
  const { ask, stop, edit, prompt, announce } = useStore();

  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      ask('answer');
    } else if (event.key === 'Escape') {
      stop();
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      const card = cardOf(document.activeElement);
      const from = prompt.examples.findIndex((example) => example.id === card);
      const by = event.key === 'ArrowUp' ? -1 : 1;
      if (card === null || from < 0) return;
      event.preventDefault();
      if (!prompt.examples[from + by]) return;
      edit({ type: 'move-example', card, by });
      announce(text.prompt.moved(from + 1, from + 1 + by));
    }
  });

  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}

/** The id of the card an element stands in. */
export function cardOf(element: EventTarget | null): string | null {
  const card = element instanceof Element ? element.closest<HTMLElement>('[data-card]') : null;
  return card?.dataset.card ?? null;
}
