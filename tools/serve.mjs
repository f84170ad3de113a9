/** Serves `dist/` on this machine only, with the headers of `vite.config.ts`. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { CommandError, ROOT } from './project.mjs';

/** @typedef {(path: string) => string | null} Route the file on disk for a path of the site, or null to pass */

/**
 * @typedef {object} Site
 * @property {string} url ends with a slash
 * @property {() => Promise<void>} close
 */

const TYPES = /** @type {Record<string, string>} */ ({
  '.json': 'application/json',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.bmp': 'image/bmp',
  '.avif': 'image/avif',
});

/**
 * Starts a server on 127.0.0.1.
 *
 * @param {object} [options]
 * @param {number} [options.port] the next free one is taken when it is in use; 0 is any free port
 * @param {Route[]} [options.routes] files from elsewhere, asked before `dist/`
 * @returns {Promise<Site>}
 * @throws {CommandError} there is no build, or no port is free
 */
export async function serve({ port = 0, routes = [] } = {}) {
  if (!existsSync(join(ROOT, 'dist', 'index.html'))) {
    throw new CommandError('There is no dist/ folder to serve: run "npm run build" first.');
  }
  const { preview } = await import('vite');
  const server = await preview({
    root: ROOT,
    logLevel: 'warn',
    preview: { host: '127.0.0.1', port, strictPort: false, open: false },
    plugins: [
      {
        name: 'files-from-elsewhere',
        configurePreviewServer({ middlewares }) {
          middlewares.use((request, response, next) => {
            const path = decodeURIComponent(new URL(request.url ?? '/', 'http://local').pathname);
            const file = routes.map((route) => route(path)).find((found) => found !== null);
            const stat = file ? statSync(file, { throwIfNoEntry: false }) : undefined;
            if (!file || !stat?.isFile()) return next();
            response.setHeader('Content-Length', stat.size);
            response.setHeader(
              'Content-Type',
              TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
            );
            createReadStream(file).on('error', next).pipe(response);
          });
        },
      },
    ],
  });
  const address = server.httpServer.address();
  if (!address || typeof address === 'string') {
    throw new CommandError(`No port from ${port} on is free: give another with --port.`);
  }
  return {
    url: `http://127.0.0.1:${address.port}/`,
    // Keep-alive connections of a browser would hold the server open.
    close: async () => {
      if ('closeAllConnections' in server.httpServer) server.httpServer.closeAllConnections();
      await server.close();
    },
  };
}

/**
 * The plain files of one folder, under a path of the site. Nothing outside the folder can be named.
 *
 * @param {string} prefix begins and ends with a slash
 * @param {string} folder
 * @returns {Route}
 */
export function folderRoute(prefix, folder) {
  return (path) => {
    if (!path.startsWith(prefix)) return null;
    const name = path.slice(prefix.length);
    return /^[\w-][\w.-]*$/.test(name) ? join(folder, name) : null;
  };
}
