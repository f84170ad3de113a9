/** Work that only one tab of this site does at a time. */

/** A wait is told so often, as a sign of life. */
const SIGN_MS = 30_000;

/**
 * Runs `work` when no other tab does work of the same name. Where one does, `onWait` is called, again and again. Browsers without Web
 * Locks do it at once: a file is then downloaded twice, which is only slow.
 *
 * @throws what `work` throws; the signal's reason while waiting
 */
export async function exclusively<T>(
  name: string,
  signal: AbortSignal,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  // Typed as always there, but missing on pages that are not secure.
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) return work();
  const free = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock ? { value: await work() } : null,
  );
  if (free) return free.value;
  onWait();
  const signs = setInterval(onWait, SIGN_MS);
  return locks
    .request(name, { signal }, () => {
      clearInterval(signs);
      return work();
    })
    .finally(() => clearInterval(signs));
}
