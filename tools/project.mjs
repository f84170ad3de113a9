/**
 * What every command does first: install what is missing, build what is out of date. Node's own modules only,
 * since nothing is installed yet on a fresh clone.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What goes into `dist/`: a change in any of these asks for a new build. */
const SOURCES = [
  'index.html',
  'package-lock.json',
  'vite.config.ts',
  'tsconfig.base.json',
  'src',
  'workers',
  'public',
  'tools/ask',
  'tools/build',
];

/** A failure that is explained by its message alone: no stack is printed, the command ends with status 2. */
export class CommandError extends Error {
  /** @param {string} message a sentence for a person: what happened and what to do */
  constructor(message) {
    super(message);
    this.name = 'CommandError';
  }
}

/**
 * Runs a program, its output going to our standard error (or to where `stdout` says).
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ stdout?: 'inherit' | 'stderr', env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} the exit status; 127 when the program is not there, 1 when a signal ended it
 */
export function run(command, args, { stdout = 'inherit', env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      stdio: ['ignore', stdout === 'stderr' ? 2 : 'inherit', 'inherit'],
    });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs the script of an installed package under the Node that runs us: no shell, no PATH, the same on Windows.
 *
 * @param {string} script path below `node_modules`
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function runPackage(script, args, options) {
  return run(process.execPath, [join(ROOT, 'node_modules', script), ...args], options);
}

/** Runs npm: through the npm that runs us, else the one on the PATH. @param {string[]} args */
function runNpm(args) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js'))
    return run(process.execPath, [script, ...args], { stdout: 'stderr' });
  // On Windows npm is a batch file, which only a shell can start.
  const windows = process.platform === 'win32';
  return windows
    ? run('cmd.exe', ['/d', '/s', '/c', 'npm', ...args], { stdout: 'stderr' })
    : run('npm', args, { stdout: 'stderr' });
}

/**
 * Installs the packages of `package-lock.json` when they are missing or older than it.
 *
 * @throws {CommandError} Node is too old, or npm failed
 */
export async function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new CommandError(
      `Node ${process.versions.node} is too old: install Node 20.19 or later and run this again.`,
    );
  }
  const lock = join(ROOT, 'package-lock.json');
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  note('Installing packages (npm ci) …');
  const status = await runNpm(['ci', '--include=dev', '--no-fund', '--no-audit']);
  if (status !== 0) {
    throw new CommandError(
      'The packages could not be installed. npm says why above; most often the network is down. Run this again when it is up.',
    );
  }
}

/**
 * Builds `dist/` when it is missing or older than a source.
 *
 * @param {{ force?: boolean }} [options] `force` builds always
 * @throws {CommandError} the build failed
 */
export async function ensureBuilt({ force = false } = {}) {
  const page = join(ROOT, 'dist', 'index.html');
  const built = existsSync(page) ? statSync(page).mtimeMs : 0;
  if (!force && SOURCES.every((source) => newest(join(ROOT, source)) <= built)) return;
  note('Building the page …');
  // A failed build must not leave an old page behind.
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  const status = await runPackage('vite/bin/vite.js', ['build', '--logLevel', 'warn'], {
    stdout: 'stderr',
  });
  if (status !== 0) {
    throw new CommandError('The page could not be built; the error is above.');
  }
}

/**
 * The latest change of a file, or of a folder and all below it (a folder's own time tells of removed files).
 *
 * @param {string} path
 * @returns {number} milliseconds since 1970; 0 where there is nothing
 */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Prints a line for the person; standard output is kept for results. @param {string} line */
export function note(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * The frame of a command: sets the exit status to what `main` returns. A `CommandError` is printed as its sentence
 * with status 2; anything else is a bug and is printed with its stack.
 *
 * @param {() => Promise<number>} main
 */
export async function command(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    const expected = error instanceof CommandError;
    note(expected ? error.message : String(error instanceof Error ? error.stack : error));
    process.exitCode = 2;
  }
}
