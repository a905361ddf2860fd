/**
 * Follows docs/contributing/adding-a-backend.md to the letter, in a scaffold: `node test/follow-guide.mjs FOLDER`. At each step it writes the files, compiles as
 * `npm run build` does, and runs the checks that its commands name, which must fail before and pass after it. It runs in plain Node on built packages, as a reader's
 * commands do, but in one process: twenty of them would load PyTorch's results twenty times.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadBackend, tierTests } from '@tenfold/backend-testkit';
import ts from 'typescript';
import { steps } from './guide.mjs';

const folder = resolve(process.argv[2]);

/** The compiler's last program: what has not changed is not read again. @type {ts.Program | undefined} */
let program;

/** Builds into a folder of its own for each step, since Node loads a module once. @param {string} outDir */
function build(outDir) {
  const config = join(folder, 'tsconfig.build.json');
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => assert.fail(config) };
  const parsed = ts.getParsedCommandLineOfConfigFile(config, { outDir }, host);
  assert(parsed);
  const compiler = ts.createCompilerHost(parsed.options);
  const { getSourceFile } = compiler;
  compiler.getSourceFile = (path, ...rest) =>
    (path.startsWith(join(folder, 'src')) ? undefined : program?.getSourceFile(path)) ?? getSourceFile(path, ...rest);
  program = ts.createProgram(parsed.fileNames, parsed.options, compiler, program);
  const problems = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  assert.equal(ts.formatDiagnostics(problems, compiler), '');
}

/** Registers what a step has built. @param {number} step */
async function load(step) {
  const built = join(folder, `steps/${step}`);
  build(built);
  return loadBackend(pathToFileURL(join(built, 'index.js')).href);
}

const device = await load(0);
/** The checks run on the backend that was registered last. */
const tests = await tierTests(device, 2);

/** The checks that a command picks. @param {readonly string[]} command */
function picked(command) {
  const options = /** @type {const} */ ({
    tier: { type: 'string', default: '1' },
    filter: { type: 'string', default: '' },
  });
  const { tier, filter } = parseArgs({ args: [...command], options }).values;
  const checks = tests.filter((test) => test.tier <= Number(tier) && `${test.family} / ${test.name}`.includes(filter));
  assert(checks.length > 0, `no check: npm run conform -- ${command.join(' ')}`);
  return checks;
}

/** What fails first, if anything does. @param {readonly import('@tenfold/backend-testkit').TierTest[]} checks */
async function firstFailure(checks) {
  for (const { family, name, run } of checks) {
    try {
      await run();
    } catch (error) {
      return `${family} / ${name}: ${error}`;
    }
  }
  return undefined;
}

/** What has passed at some step. No step changes what an earlier one wrote, so it need not run again. */
const held = new Set();
const written = new Set();

for (const [i, { title, files, commands, families }] of steps.entries()) {
  for (const command of files.length > 0 ? commands : [])
    assert(await firstFailure(picked(command)), `${title}: passes before it: npm run conform -- ${command.join(' ')}`);
  for (const [path, code] of files) {
    assert(!written.has(path), `${title}: writes ${path} again`);
    written.add(path);
    writeFileSync(join(folder, path), code);
  }
  if (families) {
    const path = join(folder, 'src/conformance.test.ts');
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(/^const families: string\[\] = .*$/m, `const families: string[] = ${families};`);
    assert.notEqual(changed, text);
    writeFileSync(path, changed);
  }
  if (files.length > 0) await load(i + 1);
  const checks = commands.flatMap(picked);
  assert.equal(await firstFailure(checks.filter((check) => !held.has(check))), undefined);
  for (const check of checks) held.add(check);
  console.log(`${title}: ${checks.length} checks`);
}

const listed = steps.at(-1)?.families?.match(/\w+/g) ?? [];
assert.deepEqual([...listed].sort(), [...new Set(picked([]).map(({ family }) => family))].sort());
build(join(folder, 'dist'));
