/** Serves pages straight from the sources, cross-origin isolated so that they have threads: the bench's, and a test's. */
import { createServer } from 'vite';
import { CommandError, ROOT } from './project.mjs';

/**
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} `url` ends with a slash
 * @throws {CommandError} there is no port
 */
export async function serveSources() {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: {
      host: '127.0.0.1',
      port: 0,
      hmr: false,
      watch: null,
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new CommandError('The server got no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}
