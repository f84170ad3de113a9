/** Puts the results into `docs/benchmarks.md`, and draws its plots. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, note, ROOT } from '../tools/project.mjs';
import { barPlot, linePlot } from './plots.mjs';
import { table } from './results.mjs';

const PAGE = join(ROOT, 'docs', 'benchmarks.md');
const PLOTS = join(ROOT, 'docs', 'benchmarks');

/**
 * Replaces what stands between the markers `<!-- BACKEND -->` and `<!-- /BACKEND -->`.
 *
 * @param {import('./results.mjs').Report} report
 * @throws {CommandError} the page has no such markers
 */
export function writeDocs(report) {
  const { backend, adapter, details } = report;
  const text = readFileSync(PAGE, 'utf8');
  const [open, close] = [`<!-- ${backend} -->`, `<!-- /${backend} -->`];
  const [before, rest] = text.split(open);
  const after = rest?.split(close)[1];
  if (before === undefined || after === undefined) {
    throw new CommandError(
      `docs/benchmarks.md has no place for ${backend}: put ${open} and ${close} into it.`,
    );
  }
  const spread = Object.values(details)
    .flatMap((samples) => Object.entries(samples))
    .map(
      ([name, { median, spread: half, runs }]) =>
        `| ${name} | ${median.toPrecision(4)} | ± ${(100 * half).toFixed(1)} % | ${runs} |`,
    );
  const content = [
    `Adapter: ${adapter}.`,
    table(report),
    'Medians, half the distance of the quartiles, and runs (tokens/s for text and `decode`, ms for the rest of `cold`, `cached`, `prefix` and `zero`, s for loading):',
    ['| measured | median | spread | runs |', '| --- | --- | --- | --- |', ...spread].join('\n'),
  ];
  for (const [what, operations] of Object.entries(report.profile)) {
    const all = Object.values(operations).reduce((sum, value) => sum + value, 0);
    const rows = Object.entries(operations)
      .sort(([, a], [, b]) => b - a)
      .map(([name, ms]) => `| ${name} | ${ms.toFixed(2)} | ${((100 * ms) / all).toFixed(1)} % |`);
    content.push(
      `Profile of ${what}, operation by operation (${all.toFixed(1)} ms in all):`,
      ['| operation | ms | share |', '| --- | --- | --- |', ...rows].join('\n'),
    );
  }
  writeFileSync(PAGE, `${before}${open}\n\n${content.join('\n\n')}\n\n${close}${after}`);

  mkdirSync(PLOTS, { recursive: true });
  const shots = details.shots ?? {};
  const line = (/** @type {string} */ name, /** @type {string} */ prefix) => ({
    name,
    points: Object.entries(shots).flatMap(([key, { median }]) =>
      key.startsWith(`${prefix}.`) ? [{ x: Number(key.slice(prefix.length + 1)), y: median }] : [],
    ),
  });
  const lines = [
    line('pictures as tokens, cold', 'patches.cold'),
    line('ours, cold', 'ours.cold'),
    line('ours, pictures cached', 'ours.cached'),
    line('tokens, prefix kept', 'patches.prefix'),
    line('ours, prefix kept', 'ours.prefix'),
  ];
  const axes = { x: 'examples', y: 'ms to the first token' };
  writeFileSync(
    join(PLOTS, `first-token-${backend}.svg`),
    linePlot(`Time to the first token, ${backend}`, axes, lines),
  );
  const decode = Object.entries(details.text ?? {}).flatMap(([key, { median }]) =>
    key.endsWith('.decode') ? [{ name: key.slice(0, -'.decode'.length), value: median }] : [],
  );
  writeFileSync(
    join(PLOTS, `decode-${backend}.svg`),
    barPlot(`Decoding, ${backend}`, 'tokens/s', decode),
  );
  note(`Written: ${PAGE} and its plots.`);
}
