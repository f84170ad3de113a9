/** A stock Firefox, driven over WebDriver BiDi: enough of the protocol for one page. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

/** A page of a Firefox. */
export interface FirefoxPage {
  /** Opens an address, and waits until it has loaded. */
  open(url: string): Promise<void>;
  /** What an expression gives, promises awaited; it must be JSON. Throws what it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Puts files of this machine into an `<input type="file">`. */
  setFiles(selector: string, files: string[]): Promise<void>;
  close(): Promise<void>;
}

const PLACES = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/**
 * Path of an installed Firefox, or of apt's, installed now where we may.
 *
 * @throws {Error} there is none and none could be installed
 */
export function ensureFirefox(): string {
  const find = () =>
    [process.env.FIREFOX ?? '', ...PLACES].find((path) => path && existsSync(path));
  if (!find() && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-q'], { env });
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'firefox-esr'], {
      env,
    });
  }
  const path = find();
  if (path) return path;
  throw new Error(
    'No Firefox was found and none could be installed: install firefox-esr, or set FIREFOX to its path.',
  );
}

type Message = { id?: number; type: string; result?: unknown; message?: string; error?: string };
type Remote = { type: string; value?: string; sharedId?: string };
type Evaluated =
  | { type: 'success'; result: Remote }
  | { type: 'exception'; exceptionDetails: { text: string } };

/** Starts a headless Firefox with a profile of its own. */
export async function openFirefox(): Promise<FirefoxPage> {
  const profile = mkdtempSync(join(tmpdir(), 'flamingo-firefox-'));
  // Nothing but the page itself may use the network.
  writeFileSync(
    join(profile, 'user.js'),
    [
      'app.update.enabled',
      'datareporting.policy.dataSubmissionEnabled',
      'network.captive-portal-service.enabled',
    ]
      .map((name) => `user_pref("${name}", false);\n`)
      .join(''),
  );
  const options = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'];
  const firefox = spawn(ensureFirefox(), options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const socket = new WebSocket(`${await listening(firefox)}/session`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));

  const waiting = new Map<number, (message: Message) => void>();
  socket.on('message', (data) => {
    const message: Message = JSON.parse(String(data));
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  let last = 0;
  async function send<T>(method: string, params: object): Promise<T> {
    const id = ++last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const message = await answer;
    if (message.type === 'error') throw new Error(`${method}: ${message.error} ${message.message}`);
    return message.result as T;
  }

  await send('session.new', { capabilities: {} });
  const { contexts } = await send<{ contexts: { context: string }[] }>(
    'browsingContext.getTree',
    {},
  );
  const context = contexts[0]?.context;
  if (!context) throw new Error('Firefox opened no page.');

  async function run(expression: string): Promise<Remote> {
    const params = { expression, target: { context }, awaitPromise: true };
    const evaluated = await send<Evaluated>('script.evaluate', params);
    if (evaluated.type === 'exception') throw new Error(evaluated.exceptionDetails.text);
    return evaluated.result;
  }

  return {
    async open(url) {
      await send('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    async evaluate(expression) {
      const { value } = await run(
        `(async () => JSON.stringify(await (${expression})) ?? 'null')()`,
      );
      return JSON.parse(value ?? 'null');
    },
    async setFiles(selector, files) {
      const { sharedId } = await run(`document.querySelector(${JSON.stringify(selector)})`);
      await send('input.setFiles', { context, element: { sharedId }, files });
    },
    async close() {
      const ended = new Promise((resolve) => firefox.once('exit', resolve));
      await send('browser.close', {});
      await ended;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** The address that Firefox listens on, once it does. */
function listening(firefox: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    firefox.stderr?.on('data', (data) => {
      said += data;
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1];
      if (address) resolve(address);
    });
    firefox.once('exit', () => reject(new Error(`Firefox did not start: ${said}`)));
  });
}
