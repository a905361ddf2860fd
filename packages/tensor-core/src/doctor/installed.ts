/** Which packages of Tenfold a project has: in `node_modules` of its folder and of those above, nested ones and pnpm's store included, or by Plug'n'Play. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const core = '@tenfold/tensor-core';

/** The part of a package.json that counts here. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly exports?: unknown;
  readonly main?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** A package that is Tenfold's or builds on its core. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  /** Its folder, with links followed. */
  readonly path: string;
  readonly manifest: Manifest;
}

const read = (folder: string): Manifest | null => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return null;
  }
};

/** The nearest folder at or above `from` with a package.json; `null` if there is none. */
export function projectOf(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return null;
  }
}

/** Whether a package is Tenfold's own, or names its core. */
const concerns = ({ name = '', dependencies, peerDependencies }: Manifest): boolean =>
  name.startsWith('@tenfold/') || core in { ...dependencies, ...peerDependencies };

const asInstalled = (path: string, manifest: Manifest): Installed => {
  const { name = 'a package without a name', version = 'without a version' } = manifest;
  return { name, version, path, manifest };
};

/** Every package of Tenfold, and every one that builds on it, that programs of `project` can meet; by name, then place. */
export function installedIn(project: string): Installed[] {
  const found = new Map<string, Installed>();
  const seen = new Set<string>();

  const visit = (link: string): void => {
    if (!existsSync(join(link, 'package.json'))) return;
    const path = realpathSync(link);
    if (seen.has(path)) return;
    seen.add(path);
    const manifest = read(path);
    if (manifest && concerns(manifest)) found.set(path, asInstalled(path, manifest));
    walk(join(path, 'node_modules'));
  };

  const walk = (modules: string): void => {
    for (const name of list(modules)) {
      if (name === '.pnpm')
        for (const entry of list(join(modules, name))) walk(join(modules, name, entry, 'node_modules'));
      else if (name.startsWith('@')) for (const inner of list(join(modules, name))) visit(join(modules, name, inner));
      else if (!name.startsWith('.')) visit(join(modules, name));
    }
  };

  for (let folder = project; ; folder = dirname(folder)) {
    walk(join(folder, 'node_modules'));
    if (folder === dirname(folder)) break;
  }
  // a backend that is being written
  const own = read(project) ?? {};
  if (core in (own.peerDependencies ?? {})) found.set(project, asInstalled(project, own));
  // with Plug'n'Play there are no folders to walk: what the project names is asked for
  const wanted = { ...own.dependencies, ...own.devDependencies, ...own.optionalDependencies };
  for (const name of Object.keys(wanted)) {
    const manifest = resolveFrom(project, `${name}/package.json`);
    if (manifest) visit(dirname(manifest));
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name) || a.path.localeCompare(b.path));
}

const list = (folder: string): string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** The file that a name means to modules of a folder; `null` if it means none. */
export function resolveFrom(folder: string, name: string): string | null {
  try {
    return createRequire(join(folder, 'package.json')).resolve(name);
  } catch {
    return null;
  }
}

/** The file that `import '<package>'` or `import '<package>/register'` loads; `null` if it has no such entry. */
export function entryOf({ path, manifest: { exports, main } }: Installed, entry: '.' | './register'): string | null {
  if (exports === undefined) return entry === '.' ? join(path, main ?? 'index.js') : null;
  const isTable =
    typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'));
  const target = isTable ? (exports as Record<string, unknown>)[entry] : entry === '.' ? exports : undefined;
  const file = fileOf(target);
  return file === null ? null : join(path, file);
}

/** What Node takes of a table of conditions. */
function fileOf(target: unknown): string | null {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return null;
  for (const [condition, value] of Object.entries(target)) {
    const file = ['node', 'import', 'module-sync', 'default'].includes(condition) ? fileOf(value) : null;
    if (file !== null) return file;
  }
  return null;
}

/** What is wrong with what is installed, one sentence each, with what would mend it. */
export function problemsOf(installed: readonly Installed[], project: string): string[] {
  const problems: string[] = [];
  if (!installed.some(({ name }) => name === core))
    problems.push(`${core} is not installed in ${project}: npm install ${core}`);
  for (const name of [core, '@tenfold/autograd']) {
    const copies = installed.filter((one) => one.name === name);
    if (copies.length > 1) {
      const places = copies.map(({ version, path }) => `${version} in ${path}`).join(' and ');
      problems.push(
        `${name} is there ${copies.length} times: ${places}. A process can use one; see who brings the others: npm ls ${name}`,
      );
    }
  }
  for (const { name, version, path, manifest } of installed) {
    for (const [peer, range] of Object.entries(manifest.peerDependencies ?? {})) {
      if (!peer.startsWith('@tenfold/')) continue;
      const file = resolveFrom(path, `${peer}/package.json`);
      const there = file ? read(dirname(file))?.version : undefined;
      if (there === undefined) {
        if (!manifest.peerDependenciesMeta?.[peer]?.optional)
          problems.push(
            `${name} ${version} needs ${peer} ${range}, which is not installed: npm install ${peer}@"${range}"`,
          );
      } else if (!satisfies(there, range)) {
        problems.push(
          `${name} ${version} needs ${peer} ${range}, but ${there} is installed in ${dirname(file ?? '')}. Install one version of all @tenfold packages`,
        );
      }
    }
  }
  return problems;
}

/** Whether a version is in a range as our packages write it (`^1.2.3`, `1.2.3`); of other ranges nothing is said. */
export function satisfies(version: string, range: string): boolean {
  const wanted = /^(\^?)(\d+)\.(\d+)\.(\d+)(-.*)?$/.exec(range);
  const got = /^(\d+)\.(\d+)\.(\d+)(-.*)?$/.exec(version);
  if (!wanted || !got || version === range || range === `^${version}`) return true;
  if (wanted[1] === '' || wanted[5] !== undefined || got[4] !== undefined) return false;
  const [low, have] = [wanted.slice(2, 5).map(Number), got.slice(1, 4).map(Number)] as [number[], number[]];
  // what stays: everything up to the first number that isn't 0
  const fixed = low.findIndex((n) => n > 0);
  const stays = fixed === -1 ? 3 : fixed + 1;
  for (let i = 0; i < stays; i++) if (have[i] !== low[i]) return false;
  for (let i = stays; i < 3; i++) if (have[i] !== low[i]) return have[i] > low[i];
  return true;
}
