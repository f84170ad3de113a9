/**
 * `npm test [-- VITEST_ARGS]`: type check, lint, build, unit tests and browser tests on WebGPU. Installs what is
 * missing, a Chromium too. The last line is "N passed, N failed"; the exit status says whether all is well.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import {
  CommandError,
  command,
  ensureBuilt,
  ensureInstalled,
  note,
  ROOT,
  runPackage,
} from './project.mjs';
import { countTests } from './test/count.mjs';

const REPORT = join(ROOT, '.cache', 'vitest.json');

/** Names of the steps that failed, in order. @type {string[]} */
const failures = [];

/**
 * Runs one step under a heading, with the time it took.
 *
 * @param {string} name
 * @param {() => Promise<number>} action returns an exit status, or throws a sentence
 */
async function step(name, action) {
  process.stdout.write(`\n== ${name}\n`);
  const started = performance.now();
  const status = await action().catch((error) => {
    if (!(error instanceof CommandError)) throw error;
    note(error.message);
    return 1;
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`-- ${name}: ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`);
  if (status !== 0) failures.push(name);
}

await command(async () => {
  await ensureInstalled();
  const chromium = await ensureChromium();
  process.stdout.write(`Chromium: ${chromium}\n`);
  // A result that was left by an earlier run must not be counted.
  rmSync(REPORT, { force: true });
  mkdirSync(join(ROOT, '.cache'), { recursive: true });

  const biome = ['check', '.', '--error-on-warnings'];
  await step('Types', () => runPackage('typescript/bin/tsc', ['-b']));
  await step('Lint', () => runPackage('@biomejs/biome/bin/biome', biome));
  // Without a build every browser test fails, and says so.
  await step('Build', async () => {
    await ensureBuilt({ force: true });
    return 0;
  });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  await step('Tests', () =>
    runPackage('vitest/vitest.mjs', ['run', ...reporters, ...process.argv.slice(2)], {
      env: { ...process.env, CHROMIUM: chromium },
    }),
  );
  if (!existsSync(REPORT)) throw new CommandError('Vitest ended without a report; see above why.');
  const { passed, failed } = countTests(readFileSync(REPORT, 'utf8'));
  if (failures.length > 0) process.stdout.write(`\nFailed: ${failures.join(', ')}. See above.\n`);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failures.length === 0 && failed === 0 ? 0 : 1;
});
