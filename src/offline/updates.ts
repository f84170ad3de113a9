/**
 * The service worker from the page's side: it is registered, a new version waits until the person takes it, and a
 * host without headers gets its isolation by one reload at the first visit.
 */

/** Set in the tab once it was reloaded for isolation: never twice, whatever the browser says. */
const RELOADED = 'flamingo-reloaded';

/**
 * Registers the service worker of a built page.
 *
 * @param onUpdate called when a new version is ready; its argument takes it, reloading the page
 * @param mayReload true while a reload would disturb nobody
 */
export async function keepOffline(
  onUpdate: (take: () => void) => void,
  mayReload: () => boolean,
): Promise<void> {
  // Typed as always there, but missing on pages that are not secure, and in some private windows.
  const container: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (!import.meta.env.PROD || !container) return;
  const first = container.controller === null;
  let taking = false;
  container.addEventListener('controllerchange', () => {
    if (taking || (first && isolates() && mayReload())) location.reload();
  });
  const tell = (worker: ServiceWorker) =>
    onUpdate(() => {
      taking = true;
      worker.postMessage('update');
    });
  try {
    const registration = await container.register(
      new URL(`${import.meta.env.BASE_URL}sw.js`, document.baseURI),
    );
    // The first version takes the page without asking; only a later one waits.
    if (registration.waiting && container.controller) tell(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed' && container.controller) tell(worker);
      });
    });
  } catch (cause) {
    console.warn('Without a service worker the page needs its server at each visit.', cause);
  }
}

/** True once, where the page would be isolated behind its service worker and is not now. */
function isolates(): boolean {
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED)) return false;
  sessionStorage.setItem(RELOADED, 'yes');
  return true;
}
