/**
 * Builds the addon from native/src with the C++ compiler of this machine: `node scripts/build-native.mjs [--sanitize]`.
 * Nothing of CUDA is needed: the driver is opened when the addon runs. An addon that was built from the same sources is kept.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'native/src');

const common = [
  '-std=c++17',
  '-fPIC',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-DNAPI_VERSION=8',
  // in a worker that is being ended nothing can be raised
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  '-DNODE_GYP_MODULE_NAME=cuda',
];
const release = ['-O2', '-DNDEBUG'];
const sanitized = [
  '-O1',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
  '-fno-omit-frame-pointer',
];
// no library of the compiler's: an older Linux has older ones
const standalone = ['-static-libstdc++', '-static-libgcc', `-Wl,--version-script=${join(root, 'native/exports.map')}`];

/**
 * @param {{ sanitize?: boolean }} [options] `sanitize`: with AddressSanitizer and UBSan, beside the usual one
 * @returns {{ path: string } | { reason: string }}
 */
export function buildNative({ sanitize = false } = {}) {
  if (process.platform !== 'linux') return { reason: 'this script builds on Linux; elsewhere `node-gyp rebuild` does' };
  const compiler = process.env.CXX ?? 'g++';
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { reason: `there is no C++ compiler: \`${compiler} --version\` does not run` };

  const includes = [includeOf('node-api-headers', 'include'), includeOf('node-addon-api', '.')].map(
    (path) => `-I${path}`,
  );
  const compile = [...common, ...(sanitize ? sanitized : release), ...includes];
  const link = ['-shared', ...(sanitize ? ['-fsanitize=address,undefined'] : standalone), '-ldl', '-lpthread'];

  const names = readdirSync(sources).sort();
  const shared = hash([version.stdout, ...compile, ...names.filter((name) => name.endsWith('.h')).map(read)]);
  const units = names.filter((name) => name.endsWith('.cc')).map((name) => ({ name, key: hash([shared, read(name)]) }));
  const build = join(root, 'native/build', sanitize ? 'sanitize' : '.');
  const path = join(build, 'cuda.node');
  const stamp = join(build, 'cuda.node.key');
  const key = hash([...link, ...units.map((unit) => unit.key)]);
  if (existsSync(path) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return { path };

  const objects = join(build, 'objects');
  mkdirSync(objects, { recursive: true });
  for (const unit of units) {
    const object = join(objects, `${unit.key}.o`);
    if (existsSync(object)) continue;
    // several processes may build at once: each writes a file of its own, and the last renames
    const mine = `${object}.${process.pid}`;
    const made = spawnSync(compiler, [...compile, '-c', join(sources, unit.name), '-o', mine], { encoding: 'utf8' });
    if (made.status !== 0) return { reason: `${unit.name} does not compile:\n${made.stderr}` };
    if (made.stderr) process.stderr.write(made.stderr);
    renameSync(mine, object);
  }
  const wanted = units.map((unit) => join(objects, `${unit.key}.o`));
  const mine = `${path}.${process.pid}`;
  const linked = spawnSync(compiler, [...wanted, ...link, '-o', mine], { encoding: 'utf8' });
  if (linked.status !== 0) return { reason: `the addon does not link:\n${linked.stderr}` };
  renameSync(mine, path);
  writeFileSync(stamp, key);
  for (const name of readdirSync(objects)) {
    if (name.endsWith('.o') && !wanted.includes(join(objects, name))) rmSync(join(objects, name), { force: true });
  }
  return { path };
}

/** @param {string} name */
function read(name) {
  return name + readFileSync(join(sources, name), 'utf8');
}

/** @param {string[]} parts */
function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${part.length}:${part}`);
  return sum.digest('hex').slice(0, 32);
}

/**
 * @param {string} name of a package
 * @param {string} folder in it
 */
function includeOf(name, folder) {
  return join(dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`)), folder);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = buildNative({ sanitize: process.argv.includes('--sanitize') });
  if ('reason' in result) {
    console.error(result.reason);
    process.exitCode = 1;
  } else {
    console.log(result.path);
  }
}
