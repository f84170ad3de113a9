import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../project.mjs';

const json = (/** @type {string} */ name) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));

test('every dependency is pinned, and the lock file holds the checksum of each package', () => {
  const { dependencies, devDependencies } = json('package.json');
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  }
  const packages = Object.entries(json('package-lock.json').packages).filter(([path]) => path);
  expect(packages.length).toBeGreaterThan(40);
  for (const [path, { integrity }] of packages) expect(integrity, path).toMatch(/^sha512-/);
});
