/**
 * The entry of every root command. It makes a bare machine (Node and npm) ready: fetches the pinned pnpm, installs, builds,
 * each only if something changed since the last time, and then runs the command. Plain Node, no dependency: it runs first.
 */
import { resolve } from 'node:path';
import { ensureBuilt, ensureInstalled, ensurePnpm, fail, pnpmEntry, runTurboBuild } from './bootstrap/prepare.mjs';
import { root } from './bootstrap/root.mjs';
import { runNode } from './bootstrap/run.mjs';

/** @param {string} path */
const at = (path) => resolve(root, path);

/** What each command needs and does. @type {Record<string, (args: string[]) => Promise<number>>} */
const commands = {
  demo: (args) => runApp('linear-demo', args),
  mnist: (args) => runApp('mnist', args),
  'char-lm': (args) => runApp('char-lm', args),
  bench: (args) => runApp('bench', args),
  async test(args) {
    await prepare();
    const reporters = ['--reporter=default', `--reporter=${at('tools/summary-reporter.mjs')}`];
    return runNode([at('node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...args], {
      env: { TENFOLD_TYPE_TESTS: process.env.TENFOLD_TYPE_TESTS ?? '1' },
    });
  },
  async lint(args) {
    await prepare();
    return runNode([at('tools/lint.mjs'), ...args]);
  },
  async build(args) {
    await install();
    return runTurboBuild(args);
  },
  async 'rehearse-release'(args) {
    await install();
    return runNode([at('tools/rehearse-release/main.mjs'), ...args]);
  },
  async api() {
    await prepare();
    return runNode([at('tools/api.mjs')]);
  },
  async parity() {
    await prepare();
    return runNode([at('tools/parity.mjs')]);
  },
  async docs(args) {
    await (args.includes('--help') ? install() : prepare());
    return runNode([at('docs/scripts/main.mjs'), ...args]);
  },
  async recipes(args) {
    await install();
    return runNode([at('tools/recipes/follow.mjs'), ...args]);
  },
  async format(args) {
    await install();
    return runNode([at('node_modules/@biomejs/biome/bin/biome'), 'check', '--write', ...args]);
  },
  async changeset(args) {
    await install();
    return runNode([at('node_modules/@changesets/cli/bin.js'), ...args]);
  },
  async 'create-backend'(args) {
    await prepare();
    const code = await runNode([at('packages/create-backend/dist/cli.js'), '--in-tree', ...args]);
    // the workspace has a package more
    return code === 0 && !args.includes('--help')
      ? runNode([pnpmEntry, 'install', '--no-frozen-lockfile', '--loglevel=error'])
      : code;
  },
  async release(args) {
    // only packing needs what is built
    if (args[0] === 'pack') await prepare();
    return runNode([at('tools/release.mjs'), ...args]);
  },
  async pnpm(args) {
    await ensurePnpm();
    return runNode([pnpmEntry, ...args], { cwd: process.env.INIT_CWD ?? root });
  },
};

/**
 * @param {string} name
 * @param {string[]} args
 */
async function runApp(name, args) {
  await prepare();
  // paths among the flags are meant from where the person stands
  return runNode([at(`apps/${name}/dist/main.js`), ...args], { cwd: process.env.INIT_CWD ?? root });
}

async function install() {
  await ensurePnpm();
  await ensureInstalled();
}

async function prepare() {
  await install();
  await ensureBuilt();
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) fail(`Tenfold needs Node 20.19 or later; this is ${process.version}.`);

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) fail(`Unknown command "${name}". There are: ${Object.keys(commands).join(', ')}.`);
process.exitCode = await command(args);
