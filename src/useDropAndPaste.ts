/**
 * Pictures dropped or pasted anywhere on the page. They go to the card under the pointer or in focus, to new
 * examples over an element with `data-new-examples`, else to the question. A file that misses a card never
 * makes the browser leave the page.
 */
import { useEffect, useEffectEvent, useState } from 'react';
import { fetchPicture, sortFiles } from './prompt/files.ts';
import { text } from './text.ts';
import { cardOf } from './useShortcuts.ts';

/** Where pictures go: the id of a card, or new examples. */
export type Target = string | typeof NEW_EXAMPLES;
export const NEW_EXAMPLES = 'new-examples';

interface Handlers {
  /** Takes pictures for a card, or for the question where `target` is null. */
  onPictures: (pictures: ReturnType<typeof sortFiles>['pictures'], target: Target | null) => void;
  onRejected: (message: string) => void;
}

/** Returns the card that a drag is over, for its highlight. */
export function useDropAndPaste({ onPictures, onRejected }: Handlers): Target | null {
  const [over, setOver] = useState<Target | null>(null);

  const take = useEffectEvent((files: Iterable<File>, target: Target | null) => {
    const { pictures, rejected } = sortFiles(files);
    if (rejected.length > 0) onRejected(text.picture.notPictures(rejected));
    if (pictures.length > 0) onPictures(pictures, target);
  });

  const onDrop = useEffectEvent(async (event: DragEvent) => {
    setOver(null);
    const data = event.dataTransfer;
    if (!data || !carriesPicture(data)) return;
    event.preventDefault();
    const target = targetOf(event.target);
    // A picture dragged inside the page has an address as well as a file; the file may be a re-encoded copy.
    const address = data.getData('text/uri-list').split('\n')[0]?.trim();
    const files = [...data.files];
    if (!address) return take(files, target);
    const picture = await fetchPicture(address).catch(() => null);
    if (picture) onPictures([picture], target);
    else if (files.length > 0) take(files, target);
    else onRejected(text.picture.elsewhere);
  });

  const onPaste = useEffectEvent((event: ClipboardEvent) => {
    const data = event.clipboardData;
    if (!data || data.files.length === 0) return;
    // Office programs put a picture of copied text beside the text: in a text field, words win.
    if (document.activeElement instanceof HTMLTextAreaElement && data.getData('text/plain')) return;
    event.preventDefault();
    const target = cardOf(document.activeElement);
    const files = [...data.files].map((file) =>
      file.type.startsWith('image/')
        ? new File([file], text.picture.pasted, { type: file.type })
        : file,
    );
    take(files, target);
  });

  useEffect(() => {
    const drag = (event: DragEvent) => {
      if (!event.dataTransfer || !carriesPicture(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      setOver(targetOf(event.target));
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(null);
    };
    const drop = (event: DragEvent) => void onDrop(event);
    const paste = (event: ClipboardEvent) => onPaste(event);
    document.addEventListener('dragover', drag);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    document.addEventListener('paste', paste);
    return () => {
      document.removeEventListener('dragover', drag);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
      document.removeEventListener('paste', paste);
    };
  }, []);

  return over;
}

/** Files, or an address that is not just dragged text. */
function carriesPicture(data: DataTransfer): boolean {
  return data.types.includes('Files') || data.types.includes('text/uri-list');
}

function targetOf(element: EventTarget | null): Target | null {
  const onNew = element instanceof Element && element.closest('[data-new-examples]');
  return onNew ? NEW_EXAMPLES : cardOf(element);
}
