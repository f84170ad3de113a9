/** The folders of models on other sites that whoever built the page named (`FLAMINGO_MODELS`): no other site is asked. */

/** Addresses that end with a slash; none by default. */
export const HOSTED: readonly string[] = import.meta.env.FLAMINGO_HOSTED ?? [];

/** True when the folder may be fetched: it lies on the page's own site, or was named when the page was built. */
export function mayFetch(folder: URL, origin: string, hosted = HOSTED): boolean {
  return folder.origin === origin || hosted.includes(folder.href);
}
