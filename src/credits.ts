/** The example pictures and whose they are: `examples/credits.json`. */
import { useExampleJson } from './examples.ts';

export interface Credit {
  /** A file name below `examples/`. */
  file: string;
  title: string;
  width: number;
  height: number;
  author: string;
  licence: string;
  licenceUrl?: string;
  source: string;
  sourceUrl?: string;
}

const NONE: Credit[] = [];

/** The credits; empty until they are fetched, and where they cannot be: the page works without examples. */
export function useCredits(): Credit[] {
  return useExampleJson<Credit[]>('credits.json') ?? NONE;
}
