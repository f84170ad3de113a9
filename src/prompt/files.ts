/** Pictures out of what the browser hands over: dropped, pasted and picked files. */
import { text } from '../text.ts';
import { newPicture, type Picture } from './prompt.ts';

/** The pictures among some files, and the names of the others. */
export interface Sorted {
  pictures: Picture[];
  rejected: string[];
}

/**
 * By the browser's type of a file; whether it can be decoded shows when it is drawn. SVG is a program for drawing, which
 * the worker cannot run.
 */
export function sortFiles(files: Iterable<File>): Sorted {
  const sorted: Sorted = { pictures: [], rejected: [] };
  for (const file of files) {
    if (isPicture(file.type)) sorted.pictures.push(newPicture(file, file.name));
    else sorted.rejected.push(file.name);
  }
  return sorted;
}

/**
 * A picture of this site by its address, or null for an address elsewhere or no picture. Without a `name` its file's
 * name is taken. Rejects when the fetch fails.
 */
export async function fetchPicture(address: string, name?: string): Promise<Picture | null> {
  const url = new URL(address, document.baseURI);
  const own = url.protocol === 'blob:';
  if (url.origin !== location.origin && !own) return null;
  const response = await fetch(url);
  const blob = await response.blob();
  if (!response.ok || !isPicture(blob.type)) return null;
  const file = own ? undefined : url.pathname.split('/').at(-1);
  return newPicture(blob, name ?? file ?? text.picture.unnamed);
}

function isPicture(type: string): boolean {
  return type.startsWith('image/') && type !== 'image/svg+xml';
}
