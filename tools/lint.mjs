/** `npm run lint`: style, types, the package law, what is published, and what must not be tracked. Every check runs; the exit code is 1 if any failed. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkApis } from './api/check.mjs';
import { checkImports } from './lint/check-imports.mjs';
import { checkText } from './lint/check-text.mjs';
import { checkWorkflows } from './lint/check-workflows.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);
/** The rest hold what was built, such as an addon: nothing to compile, and no types. */
const typed = packages.filter((name) => existsSync(join(root, 'packages', name, 'tsconfig.json')));
/** Who has only a command is not imported. */
const imported = typed.filter(
  (name) => 'exports' in JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
);
/** What compiles at once: the packages and apps of `tsconfig.json`, and those that it leaves out because their compilers are set otherwise. */
const compiled = [
  '.',
  'packages/create-backend',
  'apps/playground',
  'docs',
  'tools',
  ...readdirSync(join(root, 'examples')).map((name) => `examples/${name}`),
];

/**
 * Runs a tool of node_modules; its output is shown only if it fails.
 * @param {string} script
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
function tool(script, args, cwd = '.') {
  const command = [join(root, 'node_modules', script), ...args];
  return new Promise((/** @type {(problems: string[]) => void} */ resolve) =>
    execFile(process.execPath, command, { cwd: join(root, cwd), maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve(error ? [`${stdout}${stderr}`.trim()] : []),
    ),
  );
}

/**
 * Checks each folder, as many at once as there are cores.
 * @param {readonly string[]} folders
 * @param {(folder: string) => Promise<string[]>} check
 */
async function each(folders, check) {
  const waiting = folders.map((folder, i) => ({ folder, i }));
  /** @type {string[][]} */
  const problems = [];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) problems[next.i] = await check(next.folder);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return problems.flat();
}

/** Each check gives its problems; none means that it passed. */
const checks = {
  'biome (style and mistakes)': () =>
    tool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '--max-diagnostics=50']),
  'tsc (types of sources and tests)': () =>
    each(compiled, (folder) => tool('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json'], folder)),
  'the package law (who imports whom, cycles)': () => checkImports(root),
  'publint (manifests)': () =>
    each(packages, (name) => tool('publint/src/cli.js', ['--strict', '--pack', 'pnpm'], `packages/${name}`)),
  'attw (types of what is published)': () =>
    each(imported, (name) =>
      tool(
        '@arethetypeswrong/cli/dist/index.js',
        ['--pack', '.', '--profile', 'esm-only', '--quiet'],
        `packages/${name}`,
      ),
    ),
  'workflows (pinned, with the least rights)': () => checkWorkflows(root),
  'knip (files and dependencies that nobody uses)': () => tool('knip/bin/knip.js', ['--no-progress']),
  'size-limit (what a page ships)': () => tool('size-limit/bin.js', []),
  'tracked text (machine paths, registry addresses, unfinished words)': () => checkText(root),
  'api (what users see of each package, and its changesets)': () => checkApis(root, branchBase()),
  'changesets (one for each published package that is new or changed)': async () => [
    ...missingChangesets(),
    ...(await unannouncedChanges()),
  ],
};

/** A package at version 0.0.0 was never released: some changeset must name it. */
function missingChangesets() {
  const folder = join(root, '.changeset');
  const text = readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  return packages
    .map((name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')))
    .filter(({ name, version }) => version === '0.0.0' && !text.includes(`'${name}'`))
    .map(({ name }) => `no changeset names ${name}; write one with: npm run changeset`);
}

/** What a branch changes in published packages needs a changeset on that branch, as far as git knows where it left main. */
async function unannouncedChanges() {
  const base = branchBase();
  return base === '' ? [] : tool('@changesets/cli/bin.js', ['status', `--since=${base}`]);
}

/** The commit that this branch left main at, or none. */
function branchBase() {
  const base = git('merge-base', 'HEAD', 'origin/main');
  return base === git('rev-parse', 'HEAD') ? '' : base;
}

/** @param {readonly string[]} args */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const start = performance.now();
  const problems = await check();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problems.length ? '✗' : '✓'} ${name} (${seconds} s)`);
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, '    '));
  if (problems.length) failed++;
}
if (failed)
  console.log(`\n${failed} of ${Object.keys(checks).length} checks failed. Style is mended by: npm run format`);
process.exitCode = failed ? 1 : 0;
