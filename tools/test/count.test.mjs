import { expect, test } from 'vitest';
import { countTests } from './count.mjs';

/** @param {[string, ...string[]][]} files status of the file, then of its tests */
const count = (...files) =>
  countTests(
    JSON.stringify({
      testResults: files.map(([status, ...tests]) => ({
        status,
        assertionResults: tests.map((state) => ({ status: state })),
      })),
    }),
  );

test('sums over files', () => {
  expect(count(['passed', 'passed', 'passed'], ['failed', 'passed', 'failed'])).toEqual({
    passed: 3,
    failed: 1,
  });
});

test('tests that a failed set-up kept from running are failures', () => {
  expect(count(['failed', 'skipped', 'pending'])).toEqual({ passed: 0, failed: 2 });
});

test('a file that could not be read is one failure', () => {
  expect(count(['failed'])).toEqual({ passed: 0, failed: 1 });
});
