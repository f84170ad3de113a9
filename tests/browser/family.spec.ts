/**
 * Tiny random models of every published Flamingo, converted, answer on WebGPU through `npm run ask` as the code that
 * they were published in does (`python -m training.tests.family` wrote models and answers).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../tools/project.mjs';
import { readGolden } from '../support/golden.ts';

interface Golden {
  line: { id: string };
  promptTokens: number;
  tokens: number[];
}

const goldens = readGolden<Record<string, { lines: Golden[] }>>('family.json');
const MODELS = join(ROOT, 'tests', 'family', 'models');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flamingo-'));
  cpSync(join(ROOT, 'tests', 'pictures'), folder, { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

test('every kind has a model', () => {
  const names = readdirSync(MODELS).sort();
  expect(Object.keys(goldens).sort()).toEqual(names);
  for (const kind of ['openflamingo', 'otter', 'idefics', 'flamingo-mini']) {
    expect(names.some((name) => name.startsWith(kind))).toBe(true);
  }
});

test.each(Object.keys(goldens))('%s answers on WebGPU as in its own code', (name) => {
  const wanted = goldens[name]?.lines ?? [];
  expect(wanted.length).toBeGreaterThanOrEqual(4);
  const file = join(folder, 'in.jsonl');
  const out = join(folder, 'out.jsonl');
  writeFileSync(file, wanted.map(({ line }) => JSON.stringify(line)).join('\n'));
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, 'tools', 'ask.mjs'),
      file,
      ...['--out', out, '--model', join(MODELS, name), '--backend', 'webgpu'],
    ],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  for (const [i, line] of lines.entries()) {
    const { id, backend, tokens, timings } = JSON.parse(line);
    expect(backend).toBe('webgpu');
    expect(timings.promptTokens, id).toBe(wanted[i]?.promptTokens);
    expect.soft(tokens, id).toEqual(wanted[i]?.tokens);
  }
});
