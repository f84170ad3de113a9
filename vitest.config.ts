import { configDefaults, defineConfig } from 'vitest/config';

/** `npm test` builds before it runs these; `npx vitest run --project unit` needs no build and no browser. */
export default defineConfig({
  test: {
    exclude: [...configDefaults.exclude, '.cache/**', 'dist/**', 'training/**'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['**/*.test.{ts,tsx}', 'tools/**/*.test.mjs'],
          // Ten thousand cases of a property take seconds, on a busy machine minutes.
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          environment: 'node',
          include: ['tests/browser/**/*.spec.ts'],
          // One browser at a time: WebGPU on the CPU takes all of it, and a lost device can take the whole process.
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 60_000 } },
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
