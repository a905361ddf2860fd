/** What lint asks of the APIs: the reports in `packages/X/api` say what the built types say, and what a branch changes in them has a changeset that is large enough. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareApis } from './compare.mjs';
import { apiReport } from './report.mjs';

/** @typedef {{ package: string, folder: string, version: string, path: string, types: string }} Entry */

/**
 * The entry points of the published packages that have types, and where the report of each lies.
 *
 * @param {string} root the repository
 * @returns {Entry[]}
 */
export function apiEntries(root) {
  const folders = readdirSync(join(root, 'packages')).filter((name) =>
    existsSync(join(root, 'packages', name, 'package.json')),
  );
  return folders.flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
    /** @type {[string, { types?: string } | string][]} */
    const exported = Object.entries(manifest.exports ?? {});
    return exported.flatMap(([name, target]) =>
      typeof target === 'string' || !target.types
        ? []
        : {
            package: manifest.name,
            folder: `packages/${folder}`,
            version: manifest.version,
            path: `packages/${folder}/api/${name === '.' ? 'index' : name.slice(2)}.d.ts`,
            types: join(root, 'packages', folder, target.types),
          },
    );
  });
}

/** @param {Entry} entry @returns {string} what `npm run api` writes */
export function reportText(entry) {
  return `// The API of ${entry.package}, written by \`npm run api\` from the built types. Lint compares.\n${apiReport(entry.types)}`;
}

/**
 * @param {string} root the repository
 * @param {string} base the commit that a branch left, `''` where there is none to compare with
 * @returns {string[]} one text for each problem
 */
export function checkApis(root, base) {
  const entries = apiEntries(root);
  return [...staleReports(root, entries), ...(base ? unannounced(root, base, entries) : [])];
}

/** @param {string} root @param {readonly Entry[]} entries */
function staleReports(root, entries) {
  const orphans = reportsIn(root).filter((path) => !entries.some((entry) => entry.path === path));
  const problems = entries.flatMap((entry) => {
    if (!existsSync(entry.types)) return `${entry.types} does not exist; build it with: npm run build`;
    const committed = existsSync(join(root, entry.path)) ? readFileSync(join(root, entry.path), 'utf8') : '';
    const now = reportText(entry);
    if (committed === now) return [];
    const differences = compareApis(committed, now).map(describe);
    return `${entry.path} is not what the built types say; if the change is meant, run: npm run api\n${differences.join('\n')}`.trim();
  });
  return [
    ...problems,
    ...orphans.map((path) => `${path} is the API of no entry point; if that is meant, run: npm run api`),
  ];
}

/** The reports that lie there. @param {string} root @returns {string[]} */
function reportsIn(root) {
  return readdirSync(join(root, 'packages'))
    .map((name) => `packages/${name}/api`)
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
}

/** @param {string} root @param {string} base @param {readonly Entry[]} entries */
function unannounced(root, base, entries) {
  /** @param {readonly string[]} args */
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const announced = changesetsSince(root, base, git);
  /** @type {Map<string, { version: string, differences: import('./compare.mjs').Difference[] }>} */
  const changed = new Map();
  for (const entry of entries) {
    const before = git('show', `${base}:${entry.path}`);
    const after = join(root, entry.path);
    // a new entry point has nothing to break, and comes with the changeset of its sources
    if (before.status !== 0 || !existsSync(after)) continue;
    const differences = compareApis(before.stdout, readFileSync(after, 'utf8'));
    const known = changed.get(entry.package)?.differences ?? [];
    if (differences.length)
      changed.set(entry.package, { version: entry.version, differences: [...known, ...differences] });
  }
  const before = git('ls-tree', '-r', '--name-only', base, '--', 'packages').stdout.split('\n');
  for (const path of before.filter((name) => /^packages\/[^/]+\/api\/[^/]+\.d\.ts$/.test(name))) {
    const owner = entries.find(({ folder }) => path.startsWith(`${folder}/`));
    if (!owner || entries.some((entry) => entry.path === path)) continue;
    const { differences = [] } = changed.get(owner.package) ?? {};
    /** @type {import('./compare.mjs').Difference} */
    const gone = { name: `the entry point of ${path}`, kind: 'removed', breaking: true };
    changed.set(owner.package, { version: owner.version, differences: [...differences, gone] });
  }
  return [...changed].flatMap(([name, { version, differences }]) => {
    const needed = neededBump(version, differences);
    const found = announced.get(name);
    if (found && bumps.indexOf(found) >= bumps.indexOf(needed)) return [];
    const why = differences.some(({ breaking }) => breaking) ? 'in a way that breaks programs' : 'by additions';
    return [
      `The API of ${name} changed ${why}: it needs a ${needed} changeset, and this branch has ${found ? `a ${found} one` : 'none that names it'}.`,
      ...differences.map(describe),
      `Write one with: npm run changeset (${needed} for ${name})`,
    ].join('\n');
  });
}

const bumps = /** @type {const} */ (['patch', 'minor', 'major']);

/**
 * Before 1.0 a minor version may break (docs/decisions/0008).
 *
 * @param {string} version
 * @param {readonly { breaking: boolean }[]} differences
 * @returns {'minor' | 'major'}
 */
export function neededBump(version, differences) {
  return differences.some(({ breaking }) => breaking) && !version.startsWith('0.') ? 'major' : 'minor';
}

/** @param {import('./compare.mjs').Difference} difference */
function describe({ name, kind, was, is, breaking }) {
  const lines = [`${breaking ? 'breaks' : 'is fine'}: ${name} was ${kind}`];
  if (was !== undefined) lines.push(...was.split('\n').map((line) => `  - ${line}`));
  if (is !== undefined) lines.push(...is.split('\n').map((line) => `  + ${line}`));
  return lines.join('\n').replaceAll(/^/gm, '  ');
}

/**
 * The largest bump of each package in the changesets that are new since `base`, committed or not.
 *
 * @param {string} root
 * @param {string} base
 * @param {(...args: string[]) => { stdout: string }} git
 */
function changesetsSince(root, base, git) {
  const names = [
    ...git('diff', '--name-only', '--diff-filter=AMR', base, '--', '.changeset').stdout.split('\n'),
    ...git('ls-files', '--others', '--exclude-standard', '--', '.changeset').stdout.split('\n'),
  ];
  /** @type {Map<string, 'patch' | 'minor' | 'major'>} */
  const found = new Map();
  for (const path of names.filter((name) => name.endsWith('.md') && !name.endsWith('README.md'))) {
    const [, head = ''] = readFileSync(join(root, path), 'utf8').split(/^---$/m);
    for (const [, name, bump] of head.matchAll(/^["']?([^"'\n:]+)["']?: *(patch|minor|major)$/gm)) {
      const known = found.get(name);
      const larger = /** @type {'patch' | 'minor' | 'major'} */ (bump);
      if (!known || bumps.indexOf(larger) > bumps.indexOf(known)) found.set(name, larger);
    }
  }
  return found;
}
