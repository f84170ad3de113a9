/** The headers of the page: from `npm start`, from the service worker where a host sets none, and in part as a `<meta>`. */

import { hostedModels, originsOf } from './models.ts';

// Models may come from the sites that whoever builds the page names, and from nowhere else.
const SOURCES = ["'self'", 'blob:', ...originsOf(hostedModels(process.env.FLAMINGO_MODELS))];

const DIRECTIVES = {
  'default-src': "'none'",
  // WebAssembly is compiled; no text ever becomes code.
  'script-src': "'self' 'wasm-unsafe-eval'",
  'style-src': "'self'",
  'img-src': "'self' blob: data:",
  'media-src': "'self' blob:",
  'connect-src': SOURCES.join(' '),
  'worker-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  // Text goes into script addresses only through the policy of `workers/trusted.ts`, and into HTML not at all.
  'require-trusted-types-for': "'script'",
  'trusted-types': 'default',
};

const join = (directives: Record<string, string>) =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');

/** The policy as a `<meta>` may hold it. */
export const META_POLICY = join(DIRECTIVES);

/** Cross-origin isolation gives WASM its threads; the policy keeps every request on this origin. */
export const HEADERS: Record<string, string> = {
  'Content-Security-Policy': join({ ...DIRECTIVES, 'frame-ancestors': "'none'" }),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
