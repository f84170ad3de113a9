/** Makes ready what is compared with: the peers' packages, and their files of the same weights. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, note, ROOT, run } from '../tools/project.mjs';

/** Where the peers' files lie; Git ignores it. */
export const PREPARED = join(ROOT, '.cache', 'bench');

/**
 * Installs and prepares what is missing. This alone needs Python, with `training/requirements.txt`.
 *
 * @throws {CommandError} npm or Python failed
 */
export async function preparePeers() {
  const started = performance.now();
  const folder = join(ROOT, 'bench');
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const lock = join(folder, 'package-lock.json');
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    note('Installing the peers (wllama, transformers.js) …');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
    if ((await run(npm, args, { stdout: 'stderr' })) !== 0) {
      throw new CommandError('The peers could not be installed; the error is above.');
    }
  }
  note('Preparing their files of the same weights (Python) …');
  const python = process.env.PYTHON ?? 'python';
  const args = ['-m', 'bench.prepare', '--out', PREPARED];
  if ((await run(python, args, { stdout: 'stderr' })) !== 0) {
    throw new CommandError(
      "The peers' files could not be made: install what training/requirements.txt lists, or set PYTHON to a Python that has it.",
    );
  }
  note(
    `Prepared in ${((performance.now() - started) / 1000).toFixed(1)} s, which no result counts.`,
  );
}
