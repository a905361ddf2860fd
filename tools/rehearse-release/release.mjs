/** The release itself, in a copy of the checkout: version, build, pack, check, publish. The checkout stays as it is. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cache } from '../bootstrap/fetch.mjs';
import { pnpmEntry } from '../bootstrap/prepare.mjs';
import { root } from '../bootstrap/root.mjs';
import { publishOrder } from '../release/plan.mjs';
import { tokenFor } from './managers.mjs';
import { run } from './process.mjs';

const node = process.execPath;
/** @param {string} path */
const tool = (path) => join(root, 'node_modules', path);

/** A package of the copy. @typedef {{ name: string, folder: string, version: string, typed: boolean }} Package */

/**
 * Copies what git tracks, as it is in the checkout now, and gives the copy the checkout's installed tools.
 * @param {string} copy the folder that is made
 */
export async function copyCheckout(copy) {
  const listed = await run(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root });
  for (const file of listed.out.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { verbatimSymlinks: true });
  }
  symlinkSync(tool(''), join(copy, 'node_modules'));
  // pnpm's links between workspaces are relative: the copy's lead into the copy
  for (const group of ['packages', 'apps', 'examples', '.'])
    for (const name of existsSync(join(copy, group)) ? readdirSync(join(copy, group)) : []) {
      const links = join(root, group, name, 'node_modules');
      const target = join(copy, group, name, 'node_modules');
      if (existsSync(links) && existsSync(join(copy, group, name, 'package.json')) && !existsSync(target))
        cpSync(links, target, { recursive: true, verbatimSymlinks: true });
    }
  // changesets asks git which commit brought a changeset
  const git = [
    'git',
    '-c',
    'user.name=rehearsal',
    '-c',
    'user.email=rehearsal@localhost',
    '-c',
    'commit.gpgsign=false',
  ];
  await run([...git, 'init', '--quiet', '--initial-branch=main'], { cwd: copy });
  await run([...git, 'add', '--all'], { cwd: copy });
  await run([...git, 'commit', '--quiet', '--no-verify', '--message=rehearsal'], { cwd: copy });
}

/**
 * The published packages of the copy.
 * @param {string} copy
 * @returns {Package[]}
 */
export function packagesOf(copy) {
  return readdirSync(join(copy, 'packages')).flatMap((entry) => {
    const folder = join(copy, 'packages', entry);
    if (!existsSync(join(folder, 'package.json'))) return [];
    const { name, version, private: hidden, exports } = manifestOf(folder);
    return hidden ? [] : [{ name, folder, version, typed: exports !== undefined }];
  });
}

/** @param {string} folder */
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/**
 * Takes the changesets into versions and changelogs, as `npm run changeset -- version` does.
 * @param {string} copy
 * @returns {Promise<string>} what came of it
 */
export async function version(copy) {
  const before = packagesOf(copy);
  await run([node, tool('@changesets/cli/bin.js'), 'version'], { cwd: copy });
  const after = packagesOf(copy);
  const unchanged = after.filter((one) => before.some((old) => old.name === one.name && old.version === one.version));
  // all were released already: this is the next patch
  if (unchanged.length === after.length) await snapshot(copy);
  const versions = [...new Set(packagesOf(copy).map((one) => one.version))];
  if (versions.length !== 1) throw new Error(`the packages have several versions: ${versions.join(', ')}`);
  return `${after.length} packages at ${versions[0]}`;
}

/** With no changeset left to take, a patch of everything. @param {string} copy */
async function snapshot(copy) {
  const lines = packagesOf(copy).map(({ name }) => `'${name}': patch`);
  writeFileSync(join(copy, '.changeset/rehearsal.md'), `---\n${lines.join('\n')}\n---\n\nRehearsed a release.\n`);
  await run([node, tool('@changesets/cli/bin.js'), 'version'], { cwd: copy });
}

/**
 * Builds every package, from turbo's cache where it was built before.
 * @param {string} copy
 */
export async function build(copy) {
  const flags = [
    '--concurrency=100%',
    `--cache-dir=${join(cache, 'turbo')}`,
    '--filter=./packages/*',
    '--output-logs=errors-only',
  ];
  await run([node, tool('turbo/bin/turbo'), 'run', 'build', ...flags], {
    cwd: copy,
    env: { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
  });
}

/**
 * Builds the native addon into the package of this platform, where that can be done.
 * @param {string} copy
 * @param {boolean} quick only if the checkout has built it already
 * @returns {Promise<string>} whether the release has it
 */
export async function prebuild(copy, quick) {
  const built = join(root, 'packages/backend-cuda-native/native/build');
  if (existsSync(join(built, 'cuda.node')))
    cpSync(built, join(copy, 'packages/backend-cuda-native/native/build'), { recursive: true });
  else if (quick) return 'left out: the checkout has built none';
  const { code, out } = await run([node, 'packages/backend-cuda-native/scripts/prebuild.mjs'], {
    cwd: copy,
    mayFail: true,
  });
  return code === 0 ? `for ${process.platform}-${process.arch}` : `left out: ${out.trim().split('\n')[0]}`;
}

/**
 * Packs every package.
 * @param {string} copy
 * @param {string} folder where the tarballs come to lie
 * @returns {Promise<{ pack: Package, tarball: string }[]>}
 */
export async function pack(copy, folder) {
  mkdirSync(folder, { recursive: true });
  return several(packagesOf(copy), async (one) => {
    const { out } = await run([node, pnpmEntry, 'pack', '--json', '--pack-destination', folder], { cwd: one.folder });
    return { pack: one, tarball: JSON.parse(out.slice(out.indexOf('{'))).filename };
  });
}

/**
 * publint and attw on what was packed.
 * @param {{ pack: Package, tarball: string }[]} packed
 * @param {string} copy
 */
export async function check(packed, copy) {
  await several(packed, async ({ pack: { typed }, tarball }) => {
    await run([node, tool('publint/src/cli.js'), '--strict', tarball], { cwd: copy });
    if (typed)
      await run([node, tool('@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only', '--quiet'], {
        cwd: copy,
      });
  });
}

/**
 * Publishes what was packed, by the step of the release that does it.
 * @param {{ pack: Package, tarball: string }[]} packed
 * @param {string} copy
 * @param {string} registry
 * @param {Record<string, string>} env
 */
export async function publish(packed, copy, registry, env) {
  const list = packed.map(({ pack: { name, version, folder }, tarball }) => {
    const { dependencies, optionalDependencies, peerDependencies } = manifestOf(folder);
    const needed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    return { name, version, file: basename(tarball), dependencies: needed };
  });
  const folder = dirname(packed[0].tarball);
  writeFileSync(join(folder, 'packages.json'), JSON.stringify(publishOrder(list)));
  writeFileSync(join(copy, '.npmrc'), `@tenfold:registry=${registry}\nregistry=${registry}\n${tokenFor(registry)}`);
  await run([node, join(copy, 'tools/release.mjs'), 'publish', folder], { cwd: copy, env });
  const missing = [];
  for (const { name, version: wanted } of list) {
    const answer = await fetch(`${registry}${name.replace('/', '%2f')}`);
    const { versions = {} } = answer.ok ? await answer.json() : {};
    if (!(wanted in versions)) missing.push(`${name}@${wanted}`);
  }
  if (missing.length > 0) throw new Error(`not published: ${missing.join(', ')}`);
}

/**
 * Runs `work` on all items, as many at once as there are cores.
 * @template T, R
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
export async function several(items, work) {
  /** @type {R[]} */
  const results = [];
  const queue = items.map((item, i) => ({ item, i }));
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) results[next.i] = await work(next.item);
    }),
  );
  return results;
}
