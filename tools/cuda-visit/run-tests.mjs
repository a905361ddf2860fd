/**
 * Runs bundled test files in this process: `node run-tests.mjs [--every N] [--of TEXT] FILE…`. Each line of the output is JSON: of a test that failed, and
 * last of how many there were.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startTests } from '@vitest/runner';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { every: { type: 'string', default: '1' }, of: { type: 'string', default: '' } },
});
const every = Number(values.every);

/** @typedef {import('@vitest/runner').Task} Task @typedef {import('@vitest/runner').Test} Test */

/** @param {Task} task @returns {readonly Test[]} */
const testsOf = (task) => (task.type === 'test' ? [task] : task.tasks.flatMap(testsOf));

const say = (/** @type {object} */ message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** @type {import('@vitest/runner').VitestRunner} */
const runner = {
  config: {
    root: process.cwd(),
    setupFiles: [],
    name: undefined,
    passWithNoTests: true,
    testNamePattern: undefined,
    allowOnly: false,
    sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
    chaiConfig: undefined,
    maxConcurrency: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    tagsFilter: undefined,
    strictTags: false,
  },
  importFile: (path) => import(pathToFileURL(path).href),
  onCollected(files) {
    const tests = files.flatMap((file) => testsOf(file));
    tests.forEach((test, i) => {
      if (test.mode === 'run' && (i % every !== 0 || !test.fullName.includes(values.of))) test.mode = 'skip';
    });
  },
};

const files = await startTests(
  positionals.map((path) => resolve(path)),
  runner,
);
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  for (const error of file.result?.errors ?? []) {
    counts.failed++;
    say({ file: file.filepath, error: error.message });
  }
  for (const { name, suite, result } of testsOf(file)) {
    if (result?.state === 'pass') counts.passed++;
    else if (result?.state !== 'fail') counts.skipped++;
    else {
      counts.failed++;
      say({ test: suite?.name ? `${suite.name} > ${name}` : name, error: result.errors?.[0]?.message ?? 'failed' });
    }
  }
}
say(counts);
// what the driver still does must not keep the process
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
