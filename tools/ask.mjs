/**
 * `npm run ask -- FILE.jsonl`: runs prompts in headless Chromium through the built page's own worker, and writes one
 * line of JSON for each. Exit status: 0 all answered, 1 some failed, 2 it could not start.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createAnswerer } from './ask/answer.mjs';
import { findModel } from './ask/model.mjs';
import { readOptions } from './ask/options.mjs';
import { parseLines } from './ask/parse.mjs';
import { createPictures } from './ask/pictures.mjs';
import { createProgress, describeLoading, timeLeft } from './ask/progress.mjs';
import { openSession } from './ask/session.mjs';
import { CommandError, command, ensureBuilt, ensureInstalled } from './project.mjs';
import { serve } from './serve.mjs';

/** npm runs us in the repository's root; a person means paths from where they are. */
const here = (process.env.npm_lifecycle_event === 'ask' && process.env.INIT_CWD) || process.cwd();

/**
 * @template T
 * @param {string} file
 * @param {string} failed "cannot be read" or "cannot be written"
 * @param {() => T} action
 * @returns {T}
 */
function withFile(file, failed, action) {
  try {
    return action();
  } catch (error) {
    throw new CommandError(`${file} ${failed}: ${error instanceof Error ? error.message : error}`);
  }
}

await command(async () => {
  const { file, backend, model: wanted, out } = readOptions(process.argv.slice(2), here);
  const lines = parseLines(withFile(file, 'cannot be read', () => readFileSync(file, 'utf8')));
  const model = findModel(wanted, here);
  const output = out ? withFile(out, 'cannot be written', () => openSync(out, 'w')) : null;
  await ensureInstalled();
  await ensureBuilt();

  const pictures = createPictures(dirname(file));
  const site = await serve({ routes: [pictures.route, ...model.routes] });
  const progress = createProgress();

  const answerer = createAnswerer({
    pictures,
    async open() {
      const session = await openSession({
        url: site.url,
        request: { modelUrl: new URL(model.path, site.url).href, backend },
        onProgress: (event) => progress.show(describeLoading(event)),
      });
      const { backend: got, milliseconds } = session.loaded;
      const seconds = (milliseconds / 1000).toFixed(1);
      progress.say(`${model.name} loaded in ${seconds} s on ${got.backend} (${got.adapter}).`);
      if (got.notice) progress.say(got.notice);
      return session;
    },
  });

  let failed = 0;
  const started = performance.now();
  try {
    for (const [done, line] of lines.entries()) {
      const left = timeLeft(done, lines.length, performance.now() - started);
      progress.show(`Line ${done + 1} of ${lines.length}${left && `, ${left}`}`);
      if (line.ok && line.ignored.length > 0) {
        progress.say(`Line ${line.number}: unknown keys are ignored: ${line.ignored.join(', ')}.`);
      }
      const answer = await answerer.answer(line);
      progress.clear();
      const text = `${JSON.stringify(answer)}\n`;
      if (output === null) process.stdout.write(text);
      else writeSync(output, text);
      if (answer.error) failed += 1;
    }
  } finally {
    if (output !== null) closeSync(output);
    await answerer.close();
    await site.close();
  }
  progress.say(`${lines.length - failed} of ${lines.length} lines answered.`);
  return failed > 0 ? 1 : 0;
});
