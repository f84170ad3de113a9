import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernels, MODULE } from '../../tools/kernels.mjs';

test('the module that is committed is what its source compiles to', {
  timeout: 120_000,
}, async () => {
  const compiled = await compileKernels();
  expect(Buffer.from(compiled).equals(readFileSync(MODULE)), 'run "npm run kernels"').toBe(true);
});
