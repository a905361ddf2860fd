/**
 * Builds the addon and puts it into the package of this platform, from which it is published: `node scripts/prebuild.mjs [--glibc 2.28]`.
 * With `--glibc`, an addon that needs a newer C library is refused: what is published is built on a system as old as the oldest that is served.
 */
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { arch, argv, platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';

const packages = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {string} what was done @throws Error that says what is wrong */
function prebuild() {
  const folder = join(packages, `backend-cuda-native-${platform}-${arch}`);
  if (!existsSync(join(folder, 'package.json'))) throw new Error(`there is no package for ${platform} on ${arch}`);
  const built = platform === 'linux' ? buildNative() : builtByGyp();
  if ('reason' in built) throw new Error(built.reason);

  const limit = argv.includes('--glibc') ? argv[argv.indexOf('--glibc') + 1] : undefined;
  const needed = platform === 'linux' ? neededGlibc(built.path) : null;
  if (limit && needed && compare(needed, limit) > 0)
    throw new Error(`the addon needs glibc ${needed}, newer than ${limit}: build it on an older system`);

  const target = join(folder, 'cuda.node');
  copyFileSync(built.path, target);
  const { probe, open } = createRequire(import.meta.url)(target);
  if (typeof probe !== 'function' || typeof open !== 'function') throw new Error(`${target} is not the addon`);
  return `${target}${needed ? ` (glibc ${needed})` : ''}`;
}

/** What `node-gyp rebuild -C native` has made. */
function builtByGyp() {
  const path = join(packages, 'backend-cuda-native/native/build/Release/cuda.node');
  return existsSync(path) ? { path } : { reason: 'run `node-gyp rebuild -C native` first' };
}

/**
 * The newest version of the C library that a file names.
 * @param {string} path
 */
function neededGlibc(path) {
  const versions = [...readFileSync(path, 'latin1').matchAll(/GLIBC_(\d+(?:\.\d+)+)\0/g)].map(([, version]) => version);
  return versions.sort(compare).at(-1) ?? null;
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

try {
  console.log(prebuild());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
