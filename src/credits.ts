/** The example pictures and whose they are: `examples/credits.json`. */
import { useEffect, useState } from 'react';

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

/** The address of an example picture. */
export function exampleUrl(credit: Credit): string {
  return new URL(`${import.meta.env.BASE_URL}examples/${credit.file}`, document.baseURI).href;
}

/** The credits; empty until they are fetched, and where they cannot be: the page works without examples. */
export function useCredits(): Credit[] {
  const [credits, setCredits] = useState<Credit[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    fetchCredits(stop.signal)
      .then(setCredits)
      .catch((cause: unknown) => {
        if (!stop.signal.aborted) console.warn('examples/credits.json', cause);
      });
    return () => stop.abort();
  }, []);
  return credits;
}

async function fetchCredits(signal: AbortSignal): Promise<Credit[]> {
  const response = await fetch(`${import.meta.env.BASE_URL}examples/credits.json`, { signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}
