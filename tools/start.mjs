/** `npm start [-- --port N] [--no-open]`: installs and builds what is missing, then serves the page on this machine. */
import { parseArgs } from 'node:util';
import { openInBrowser } from './open.mjs';
import { CommandError, command, ensureBuilt, ensureInstalled, note } from './project.mjs';
import { serve } from './serve.mjs';

const USAGE = 'Usage: npm start [-- [--port N] [--no-open]]';
const DEFAULT_PORT = 4173;

/** @returns {{ port: number, open: boolean }} */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: { port: { type: 'string' }, 'no-open': { type: 'boolean', default: false } },
    });
    const port = Number(values.port ?? DEFAULT_PORT);
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new TypeError(`"${values.port}" is no port: give a number from 1 to 65535.`);
    }
    return { port, open: !values['no-open'] };
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError(`${error.message}\n${USAGE}`);
    throw error;
  }
}

await command(async () => {
  const { port, open } = readOptions();
  await ensureInstalled();
  await ensureBuilt();
  const site = await serve({ port });
  process.stdout.write(`\n  The Flamingo is at ${site.url}\n  Ctrl+C ends it.\n\n`);

  const ended = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  if (open && !(await openInBrowser(site.url))) {
    note('No browser was opened from here: open the address above yourself.');
  }
  await ended;
  await site.close();
  note('Ended.');
  return 0;
});
