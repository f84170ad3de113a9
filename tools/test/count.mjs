/** Counts the tests of a Vitest run from its JSON report. */

/**
 * In a file that failed, a test that did not run counts as failed: its set-up failed (no WebGPU adapter, say), and
 * that is no reason to pass. A file that could not even be read counts as one failed test.
 *
 * @param {string} report the text of the report
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(report) {
  /** @type {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  const { testResults } = JSON.parse(report);
  let passed = 0;
  let failed = 0;
  for (const file of testResults) {
    const states = file.assertionResults.map(({ status }) => status);
    const good = states.filter((status) => status === 'passed').length;
    passed += good;
    if (file.status === 'failed') failed += Math.max(1, states.length - good);
    else failed += states.filter((status) => status === 'failed').length;
  }
  return { passed, failed };
}
