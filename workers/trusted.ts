/**
 * Trusted Types: the one way from text to something that is run. Workers start from scripts of this site; text never
 * becomes HTML or code (there are no rules for those, so the browser throws). Imported first in every realm.
 */

interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/** Refuses the address of a script that is not a file of this site: text in a `blob:` or `data:` address, too. */
export function ownScript(url: string, here: string): string {
  const { protocol, host } = new URL(url, here);
  const own = new URL(here);
  if (protocol === own.protocol && host === own.host) return url;
  throw new TypeError(`Scripts come from this site only, not from ${url}.`);
}

// Not in all browsers, and not in TypeScript's library.
const { trustedTypes } = globalThis as { trustedTypes?: Factory };
trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => ownScript(url, globalThis.location.href),
});
