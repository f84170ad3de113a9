import { useEffect, useRef, useState } from 'react';
import { keepOffline } from './updates.ts';

/** Registered once a page, also where React mounts twice. */
let registered = false;

/**
 * Keeps the page for offline use.
 *
 * @param quiet true while a reload would disturb nobody
 * @returns what takes a new version of the page, reloading it; null while there is none
 */
export function useUpdate(quiet: boolean): (() => void) | null {
  const [take, setTake] = useState<(() => void) | null>(null);
  const mayReload = useRef(quiet);
  useEffect(() => {
    mayReload.current = quiet;
  }, [quiet]);
  useEffect(() => {
    if (registered) return;
    registered = true;
    void keepOffline(
      (ready) => setTake(() => ready),
      () => mayReload.current,
    );
  }, []);
  return take;
}
