/** Files that come with the page, below `examples/`. */
import { useEffect, useState } from 'react';

/** The address of a file in `examples/`. */
export function exampleUrl(file: string): string {
  return new URL(`${import.meta.env.BASE_URL}examples/${file}`, document.baseURI).href;
}

/** What a JSON file of `examples/` holds; null until it is fetched, and where it cannot be: the page works without. */
export function useExampleJson<T>(file: string): T | null {
  const [held, setHeld] = useState<T | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    fetchJson<T>(file, stop.signal)
      .then(setHeld)
      .catch((cause: unknown) => {
        if (!stop.signal.aborted) console.warn(`examples/${file}`, cause);
      });
    return () => stop.abort();
  }, [file]);
  return held;
}

async function fetchJson<T>(file: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(exampleUrl(file), { signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}
