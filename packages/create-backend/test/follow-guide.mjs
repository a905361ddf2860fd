/**
 * Follows docs/contributing/adding-a-backend.md to the letter, in a scaffold: `node test/follow-guide.mjs FOLDER`. At each step it writes the files and runs the
 * checks that its commands name, which must fail before and pass after it. It runs in plain Node on built packages, as a reader's commands do, but in one process
 * and without checking types: twenty commands would load PyTorch's results twenty times, and the compiler reads the package once, when it is complete.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadBackend, tierTests } from '@tenfold/backend-testkit';
import { steps } from './guide.mjs';

/** Required, since an import would first parse all of the compiler for its exports. @type {typeof import('typescript')} */
const ts = createRequire(import.meta.url)('typescript');

const folder = resolve(process.argv[2]);
const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, folder);
// a file alone doesn't know that its package has modules
const compilerOptions = { ...options, module: ts.ModuleKind.ESNext };

/** Registers the package as it is at a step, built into a folder of its own, since Node loads a module once. @param {number} step */
async function load(step) {
  const built = join(folder, 'steps', String(step));
  mkdirSync(built, { recursive: true });
  for (const name of readdirSync(join(folder, 'src')).filter((file) => !file.endsWith('.test.ts'))) {
    const code = readFileSync(join(folder, 'src', name), 'utf8');
    writeFileSync(join(built, name.replace(/ts$/, 'js')), ts.transpileModule(code, { compilerOptions }).outputText);
  }
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
