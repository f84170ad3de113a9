import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Cross-origin isolation gives WASM its threads; the policy keeps every request on this origin. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "connect-src 'self' blob:",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

export default defineConfig({
  // Relative, so that the built page works under any path of a static host.
  base: './',
  // A file that is not there is a 404, not index.html: the worker must not take a page for a weight shard.
  appType: 'mpa',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    // The page for people, and the one that commands and tests drive.
    rolldownOptions: { input: ['index.html', 'tools/ask/ask.html'] },
  },
  preview: { host: '127.0.0.1', headers },
});
