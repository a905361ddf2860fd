/**
 * `npm run recipes`: follows the recipes of docs/contributing in a copy of the repository. First the whole of one, and of the others what they add to tests
 * and fixtures: the tests that the one names must pass, those of the others fail. Then the rest: all must pass, types and style too. Where PyTorch is
 * installed, the fixtures that come with the pages are compared with what it gives; `--update` writes them anew. `--keep` leaves the copy, and says where it is.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copyRepository } from './copy.mjs';
import { blockOf, difference, edited, withBlock } from './edit.mjs';
import { stepsOf } from './page.mjs';

/** @typedef {import('./page.mjs').Step} Step */

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = join(root, 'docs/contributing');

/** The pages in the order in which they build on each other. */
const pages = ['adding-an-op', 'adding-a-derivative', 'adding-an-onnx-symbol', 'adding-a-layer', 'adding-an-optimizer'];

/** Where a page adds to tests and to what they compare with. */
const ofTests =
  /^(tools\/torch-oracle\/|packages\/[\w-]+\/(fixtures|src\/test-\w+)\/|packages\/backend-testkit\/src\/cases\/)/;

const { values: flags } = parseArgs({ options: { update: { type: 'boolean' }, keep: { type: 'boolean' } } });
const started = performance.now();
/** @param {string} text */
const say = (text) => console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}`);

/** The fixtures that come with a page. @param {string} page @param {string} block */
const given = (page, block) => join(folder, 'fixtures', `${page}.${block}.json`);

/** Its interpreter, if PyTorch's version of the oracle is installed. */
function findPyTorch() {
  for (const python of [process.env.TENFOLD_PYTHON, '/usr/bin/python3', 'python3']) {
    if (!python) continue;
    const { stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
    if (stdout?.startsWith('1.13.')) return python;
  }
  return null;
}

/** @param {string} script @param {string[]} args @param {string} cwd @returns {Promise<{ code: number | null, output: string }>} */
function node(script, args, cwd) {
  return new Promise((done, failed) => {
    const env = { ...process.env, NO_COLOR: '1', VITEST: undefined, NODE_OPTIONS: undefined };
    const child = spawn(process.execPath, [join(cwd, 'node_modules', script), ...args], { cwd, env });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', failed);
    child.once('close', (code) => done({ code, output }));
  });
}

/**
 * Runs the tests that checks name, all in one vitest.
 * @param {string} copy
 * @param {readonly { args: string[], at: string }[]} checks
 * @returns {Promise<{ failures: Map<string, string>, output: string }>} what is wrong, by the place of the check
 */
async function runChecks(copy, checks) {
  const wanted = checks.map(({ args, at }) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { project: { type: 'string' }, t: { type: 'string', short: 't' } },
    });
    if (!values.project || !values.t || positionals.length === 0)
      throw new Error(
        `${at}: a check names a project, a file and a test: npm test -- --project nn src/layers.test.ts -t "Linear"`,
      );
    return { at, project: values.project, file: positionals[0], test: values.t };
  });
  const report = join(copy, 'recipes.json');
  rmSync(report, { force: true });
  // one worker that reads the sources once, instead of a project and a process for each file
  const config = join(copy, 'vitest.recipes.config.mjs');
  const conditions = ['tenfold-source', 'module', 'node', 'development|production'];
  const include = [...new Set(wanted.map(({ project, file }) => `packages/${project}/${file}`))];
  for (const file of include) if (!existsSync(join(copy, file))) throw new Error(`there is no ${file}`);
  const test = { include, isolate: false, maxWorkers: 1, testTimeout: 60_000, reporters: ['json'], outputFile: report };
  const options = { resolve: { conditions }, ssr: { resolve: { conditions } }, test };
  writeFileSync(config, `export default ${JSON.stringify(options)};\n`);
  const names = wanted.map((check) => `(${check.test})`).join('|');
  const { output } = await node('vitest/vitest.mjs', ['run', `--config=${config}`, '-t', names], copy);
  /** @type {{ testResults: { name: string, message: string, assertionResults: { fullName: string, status: string, failureMessages: string[] }[] }[] }} */
  const { testResults } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { testResults: [] };
  const failures = new Map();
  for (const { at, project, file, test } of wanted) {
    const files = testResults.filter(({ name }) => name.endsWith(`packages/${project}/${file}`));
    const tests = files.flatMap(({ assertionResults }) =>
      assertionResults.filter(
        ({ fullName, status }) => new RegExp(test).test(fullName) && status !== 'skipped' && status !== 'pending',
      ),
    );
    const broken = tests.filter(({ status }) => status !== 'passed');
    if (tests.length === 0)
      failures.set(at, `no test '${test}' ran in ${project}: ${files.map(({ message }) => message)}`);
    else if (broken.length > 0)
      failures.set(at, broken.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]}`).join('\n'));
  }
  return { failures, output };
}

/** @param {string} copy @param {readonly string[]} files that were changed */
async function checkTypes(copy, files) {
  const sources = files.filter((file) => file.endsWith('.ts'));
  writeFileSync(
    join(copy, 'tsconfig.recipes.json'),
    JSON.stringify({
      extends: './tsconfig.base.json',
      files: sources,
      compilerOptions: { typeRoots: ['node_modules/@types'] },
    }),
  );
  return node('typescript/bin/tsc', ['-p', 'tsconfig.recipes.json'], copy);
}

/** @param {string} copy */
async function follow(copy) {
  copyRepository(root, copy);
  say('copied the repository');
  const recipes = pages.map((page) => ({
    page,
    steps: stepsOf(`docs/contributing/${page}.md`, readFileSync(join(folder, `${page}.md`), 'utf8')),
  }));
  const checks = recipes.flatMap(({ steps }) => steps.filter((step) => step.kind === 'check'));
  const python = findPyTorch();
  if (flags.update && !python) throw new Error('--update needs PyTorch 1.13: tools/torch-oracle/README.md');
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {string[]} */
  const problems = [];

  /** @param {string} page @param {Step} step */
  const apply = (page, step) => {
    if (step.kind === 'check') return;
    const path = join(copy, step.file);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : null;
    mkdirSync(dirname(path), { recursive: true });
    if (step.kind === 'edit') writeFileSync(path, edited(text, step));
    else {
      const mine = given(page, step.block);
      if (python) {
        const { status, stderr } = spawnSync(python, ['tools/torch-oracle/generate.py', ...step.parts], {
          cwd: copy,
          encoding: 'utf8',
        });
        if (status !== 0) throw new Error(`${step.at}: ${stderr}`);
        const block = blockOf(readFileSync(path, 'utf8'), step.block);
        if (flags.update) writeFileSync(mine, `${block}\n`);
        const far = difference(readFileSync(mine, 'utf8').trimEnd(), block);
        if (far !== null)
          problems.push(`${step.at}: PyTorch gives something else than ${mine}: ${far}; npm run recipes -- --update`);
      }
      writeFileSync(path, withBlock(/** @type {string} */ (text), step.block, readFileSync(mine, 'utf8').trimEnd()));
    }
    changed.add(step.file);
  };

  // what is written for tests of a later page may not change what an earlier one wrote
  const written = new Set();
  /** @param {Step} step @param {boolean} whole */
  const early = (step, whole) =>
    step.kind !== 'check' && (whole || (ofTests.test(step.file) && !written.has(step.kind === 'oracle' && step.block)));
  /** @type {Set<Step>} */
  const done = new Set();
  recipes.forEach(({ page, steps }, i) => {
    for (const step of steps) {
      if (!early(step, i === 0)) continue;
      apply(page, step);
      done.add(step);
      if (step.kind === 'oracle') written.add(step.block);
    }
  });
  say('followed the first recipe, and added the tests and fixtures of the others');
  const before = await runChecks(copy, checks);
  for (const step of checks) {
    const failure = before.failures.get(step.at);
    if (recipes[0].steps.includes(step)) {
      if (failure) problems.push(`${step.at}: ${failure}`, before.output);
    } else if (!failure) problems.push(`${step.at}: the check passes before the recipe was followed`);
  }
  say(`ran ${checks.length} checks: ${before.failures.size} fail, those of the other recipes`);

  for (const { page, steps } of recipes) for (const step of steps) if (!done.has(step)) apply(page, step);
  const [after, types, style] = await Promise.all([
    runChecks(copy, checks),
    checkTypes(copy, [...changed]),
    node(
      '@biomejs/biome/bin/biome',
      ['check', '--vcs-enabled=false', ...[...changed].filter((file) => file.endsWith('.ts'))],
      copy,
    ),
  ]);
  for (const [at, why] of after.failures) problems.push(`${at}: ${why}`);
  if (after.failures.size > 0) problems.push(after.output);
  if (types.code !== 0) problems.push(`types:\n${types.output}`);
  if (style.code !== 0) problems.push(`style:\n${style.output}`);
  say(
    `followed ${recipes.length} recipes: ${changed.size} files changed, ${checks.length - after.failures.size} of ${checks.length} checks pass`,
  );
  return problems;
}

const copy = realpathSync(mkdtempSync(join(tmpdir(), 'tenfold-recipes-')));
try {
  const problems = await follow(copy);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  if (flags.keep) say(`the copy is ${copy}`);
  else rmSync(copy, { recursive: true, force: true });
}
