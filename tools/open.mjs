/** Opens an address in the person's default browser. */
import { spawn } from 'node:child_process';

/**
 * The program that opens an address, or null where there is no screen to show it on.
 *
 * @param {NodeJS.Platform} platform
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ command: string, args: string[] } | null} the address follows the arguments
 */
export function opener(platform, env) {
  if (env.CI) return null;
  switch (platform) {
    case 'darwin':
      return { command: 'open', args: [] };
    case 'win32':
      // `start` would need a shell, and an address quoted for it.
      return { command: 'rundll32.exe', args: ['url.dll,FileProtocolHandler'] };
    default:
      if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return null;
      return { command: 'xdg-open', args: [] };
  }
}

/**
 * @param {string} url
 * @returns {Promise<boolean>} false when there is no screen, or no browser could be started
 */
export function openInBrowser(url) {
  const found = opener(process.platform, process.env);
  if (!found) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(found.command, [...found.args, url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    // Some openers stay until the browser closes; by then it is surely open.
    setTimeout(() => resolve(true), 3000).unref();
    child.unref();
  });
}
