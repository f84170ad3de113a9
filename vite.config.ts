import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { hostedModels, shippedModels } from './tools/build/models.ts';
import { offline } from './tools/build/plugin.ts';
import { HEADERS } from './tools/build/policy.ts';

export default defineConfig({
  // Relative, so that the built page works under any path of a static host.
  base: './',
  // A file that is not there is a 404, not index.html: the worker must not take a page for a weight shard.
  appType: 'mpa',
  // Read by `workers/hosted.ts` and `src/engine/params.ts`.
  define: {
    'import.meta.env.FLAMINGO_HOSTED': JSON.stringify(hostedModels(process.env.FLAMINGO_MODELS)),
    'import.meta.env.FLAMINGO_SHIPPED': JSON.stringify(shippedModels(import.meta.dirname)),
  },
  plugins: [react(), offline()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      // The page for people, the one that commands and tests drive, and the service worker.
      input: { index: 'index.html', ask: 'tools/ask/ask.html', sw: 'workers/offline/main.ts' },
      output: {
        // Browsers look for a service worker's next version at the address of the one before.
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  preview: { host: '127.0.0.1', headers: HEADERS },
});
