/** Makes the checkout ready: the pinned pnpm, the installed packages, the built packages; each step only when something changed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { cache, fetchPinned } from './fetch.mjs';
import { root } from './root.mjs';
import { runNode } from './run.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [pnpmVersion, pnpmHash] = /** @type {string} */ (manifest.packageManager).replace('pnpm@', '').split('+sha512.');
const pnpmHome = join(cache, `pnpm-${pnpmVersion}`);

/** The script to start the pinned pnpm with. */
export const pnpmEntry = join(pnpmHome, 'node_modules/pnpm/bin/pnpm.cjs');

/** @param {string} text */
const say = (text) => console.error(`tenfold: ${text}`);

/**
 * Ends the process with one line.
 * @param {string} text
 * @returns {never}
 */
export function fail(text) {
  say(text);
  process.exit(1);
}

/** Fetches the pinned pnpm through npm, unless it lies in the cache. */
export async function ensurePnpm() {
  if (!existsSync(pnpmEntry)) {
    say(`fetching pnpm ${pnpmVersion} into .cache (once)`);
    try {
      fetchPinned({ name: 'pnpm', version: pnpmVersion, sha512: pnpmHash }, pnpmHome);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
    if (!existsSync(pnpmEntry)) fail(`pnpm ${pnpmVersion} did not arrive at ${relative(root, pnpmEntry)}.`);
  }
  // turbo and the packing checks start "pnpm" by name
  process.env.PATH = [join(pnpmHome, 'node_modules/.bin'), process.env.PATH].join(delimiter);
}

/** Installs what the lockfile says, unless lockfile and manifests are as they were at the last install. */
export async function ensureInstalled() {
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...workspaces().map((folder) => `${folder}/package.json`),
  ];
  const key = digest([
    `${process.platform} ${process.arch} pnpm ${pnpmVersion}`,
    ...files.map((file) => `${file}\n${read(file)}`),
  ]);
  const stamp = join(cache, 'installed');
  if (existsSync(join(root, 'node_modules/.modules.yaml')) && readStamp(stamp) === key) return;
  say('installing packages (the lockfile or a package.json is new)');
  const flags = ['--frozen-lockfile', '--config.confirm-modules-purge=false'];
  const code = await runNode([pnpmEntry, 'install', ...flags]);
  if (code !== 0) {
    const hint =
      'If you changed a package.json, bring the lockfile up to date: npm run pnpm -- install --no-frozen-lockfile';
    fail(`the installation failed (exit code ${code}). ${hint}`);
  }
  writeStamp(stamp, key);
}

/** Builds every package and app, unless no source has changed since the last build. */
export async function ensureBuilt() {
  const key = sourceKey();
  const stamp = join(cache, 'built');
  const missing = workspaces().some((folder) => !existsSync(join(root, folder, 'dist')));
  if (!missing && readStamp(stamp) === key) return;
  say('building (sources changed since the last build)');
  const code = await runTurboBuild(['--output-logs=errors-only', '--log-order=grouped']);
  if (code !== 0) fail(`the build failed (exit code ${code}).`);
}

/**
 * Builds through turbo, which takes from its cache what has been built before.
 * @param {readonly string[]} args further arguments of `turbo run build`
 */
export async function runTurboBuild(args) {
  const key = sourceKey();
  const flags = ['--concurrency=100%', '--cache-dir=.cache/turbo'];
  const code = await runNode([join(root, 'node_modules/turbo/bin/turbo'), 'run', 'build', ...flags, ...args], {
    env: { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
  });
  // a build of some packages says nothing about the others
  if (code === 0 && !args.some((arg) => arg.startsWith('--filter') || arg === '-F'))
    writeStamp(join(cache, 'built'), key);
  return code;
}

/** The folders of all packages and apps, from the root. */
function workspaces() {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, group, entry.name, 'package.json')))
      .map((entry) => `${group}/${entry.name}`),
  );
}

/** A digest of path, size and time of everything a build reads: cheap enough for every start. */
function sourceKey() {
  const shared = ['pnpm-lock.yaml', 'tsconfig.base.json', 'tools/tsdown.ts', 'turbo.json'];
  const own = workspaces().flatMap((folder) => [
    ...['package.json', 'tsconfig.json', 'tsdown.config.ts'].map((file) => `${folder}/${file}`),
    ...sources(`${folder}/src`),
  ]);
  return digest(
    [...shared, ...own].map((file) => {
      const stat = statSync(join(root, file), { throwIfNoEntry: false });
      return `${file} ${stat?.size} ${stat?.mtimeMs}`;
    }),
  );
}

/**
 * @param {string} folder
 * @returns {string[]} every file below it but tests
 */
function sources(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/\.test(-d)?\.ts$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** @param {readonly string[]} parts */
function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** @param {string} file */
function read(file) {
  return existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
}

/** @param {string} path */
function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/**
 * @param {string} path
 * @param {string} key
 */
function writeStamp(path, key) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, key);
}
