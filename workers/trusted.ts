/**
 * Trusted Types: the one way from text to something that is run. Workers start from scripts of this site; text never
 * becomes HTML or code (there are no rules for those, so the browser throws). Imported first in every realm.
 */

interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/** Refuses the address of a script that is not of this site. */
export function ownScript(url: string, here: string): string {
  if (new URL(url, here).origin === new URL(here).origin) return url;
  throw new TypeError(`Scripts come from this site only, not from ${url}.`);
}

// Not in all browsers, and not in TypeScript's library.
const { trustedTypes } = globalThis as { trustedTypes?: Factory };
trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => ownScript(url, globalThis.location.href),
});
