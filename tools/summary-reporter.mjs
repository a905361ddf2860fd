/** A vitest reporter that ends the run with the line `N passed, N failed` (and `, N skipped`), which CI reads. */

/** Counts tests, type tests, files that could not be loaded, and errors outside any test. */
export default class SummaryReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} testModules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of testModules) {
      let failedTests = 0;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'skipped') counts.skipped++;
        else failedTests++;
      }
      // a file that fails to load, or a hook that throws, has no failed test of its own
      counts.failed += failedTests === 0 && testModule.state() === 'failed' ? 1 : failedTests;
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    // other reporters write their summaries at the end of the run too: this line comes after them
    process.once('exit', () => console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`));
  }
}
