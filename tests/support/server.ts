/** Serves the built page to browser tests. */
import { type Site, serve } from '../../tools/serve.mjs';

/** Serves `dist/` on a free port of this machine; `close()` ends it. Throws when nothing is built. */
export function serveBuild(): Promise<Site> {
  return serve();
}
