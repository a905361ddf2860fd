/** The package managers, as a person uses them in an empty folder. Each keeps its cache in the rehearsal's folder. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pnpmEntry } from '../bootstrap/prepare.mjs';
import { fetchProgram } from '../bootstrap/programs.mjs';
import { run } from './process.mjs';

const node = process.execPath;
const started = process.env.npm_execpath ?? '';
/** npm as it was started, or the one beside this Node. */
const npm = basename(started).startsWith('npm-cli') ? [node, started] : ['npm'];

/** What the person's npm is set to. @param {string} name */
function npmConfig(name) {
  const [file = '', ...args] = npm;
  const { stdout } = spawnSync(file, [...args, 'config', 'get', name], { encoding: 'utf8' });
  const value = (stdout ?? '').trim();
  return value === 'undefined' || value === 'null' ? '' : value;
}

/**
 * Where a folder's packages come from: ours from the rehearsal's registry, all others from the one that the person's npm is set to.
 * @typedef {{ ours: string, others: string, certificates: string, caches: string }} Sources
 */

/**
 * @param {string} ours
 * @param {string} caches
 * @returns {Sources}
 */
export const sourcesOf = (ours, caches) => ({
  ours,
  caches,
  others: npmConfig('registry'),
  certificates: npmConfig('cafile'),
});

/** @param {Sources} sources */
const npmrc = ({ ours, others }) =>
  `@tenfold:registry=${ours}\nregistry=${others}\naudit=false\nfund=false\nupdate-notifier=false\n`;

/** @param {Sources} sources */
export const npmEnv = ({ caches }) => ({ npm_config_cache: join(caches, 'npm') });

/** @param {Sources} sources @param {string} linker */
const yarnrc = ({ ours, others, certificates, caches }, linker) => `nodeLinker: ${linker}
npmRegistryServer: "${others.replace(/\/$/, '')}"
npmScopes:
  tenfold:
    npmRegistryServer: "${ours.replace(/\/$/, '')}"
unsafeHttpWhitelist: ["127.0.0.1"]
globalFolder: "${join(caches, 'yarn')}"
enableTelemetry: false
# what was published a moment ago is what is wanted here
npmPreapprovedPackages: ["@tenfold/*"]
enableImmutableInstalls: false
${certificates ? `httpsCaFilePath: "${certificates}"\n` : ''}`;

/** @param {Sources} sources */
const bunfig = ({ ours, others, certificates, caches }) => `[install]
registry = "${others}"
${certificates ? `cafile = "${certificates}"\n` : ''}
[install.cache]
dir = "${join(caches, 'bun')}"
[install.scopes]
tenfold = "${ours}"
`;

/** @param {string} linker */
const yarnWith = (linker) => ({
  /** @param {string} folder @param {Sources} sources */
  async install(folder, sources) {
    writeFileSync(join(folder, '.yarnrc.yml'), yarnrc(sources, linker));
    // marks the folder as a project of its own
    writeFileSync(join(folder, 'yarn.lock'), '');
    return run([node, fetchProgram('yarn'), 'install'], { cwd: folder, mayFail: true });
  },
});

/**
 * Installs what the package.json of a folder says, and gives what was printed.
 * @typedef {{ install(folder: string, sources: Sources): Promise<{ code: number, out: string }> }} Manager
 */

/** @satisfies {Record<string, Manager>} */
export const managers = {
  npm: {
    /** @param {string} folder @param {Sources} sources @param {readonly string[]} [flags] */
    async install(folder, sources, flags = []) {
      writeFileSync(join(folder, '.npmrc'), npmrc(sources));
      return run([...npm, 'install', '--loglevel=error', ...flags], {
        cwd: folder,
        env: npmEnv(sources),
        mayFail: true,
      });
    },
  },
  pnpm: {
    async install(folder, sources) {
      writeFileSync(join(folder, '.npmrc'), npmrc(sources));
      const places = ['cache', 'state', 'store'].map(
        (name) => `--config.${name}-dir=${join(sources.caches, `pnpm-${name}`)}`,
      );
      return run([node, pnpmEntry, 'install', '--no-frozen-lockfile', ...places], { cwd: folder, mayFail: true });
    },
  },
  yarn: yarnWith('node-modules'),
  'yarn pnp': yarnWith('pnp'),
  bun: {
    async install(folder, sources) {
      writeFileSync(join(folder, 'bunfig.toml'), bunfig(sources));
      return run([fetchProgram('bun'), 'install'], {
        cwd: folder,
        env: { BUN_CONFIG_SKIP_LOAD_LOCKFILE: '1' },
        mayFail: true,
      });
    },
  },
};

/** What a package manager said when it failed, and what it means where that is known. @param {string} out */
export function explained(out) {
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(out);
  return `${offline ? 'packages of others could not be fetched: is the network there?\n' : ''}${out.trim()}`;
}

/**
 * npm's own command that runs a package's program, which is installed.
 * @param {readonly string[]} args
 * @param {'--yes' | '--no'} [fetch] whether npm may fetch the package first
 */
export const npx = (args, fetch = '--no') => [...npm, 'exec', fetch, '--', ...args];

/** A script of a package.json. @param {string} script */
export const npmRun = (script) => [...npm, 'run', '--silent', script];

/**
 * Publishes a folder beside what is published, without becoming the newest.
 * @param {string} folder
 * @param {Sources} sources
 */
export async function npmPublish(folder, sources) {
  writeFileSync(join(folder, '.npmrc'), `${npmrc(sources)}${tokenFor(sources.ours)}`);
  await run([...npm, 'publish', '--tag', 'next', '--loglevel=error'], { cwd: folder, env: npmEnv(sources) });
}

/** npm wants a token before it publishes; the rehearsal's registry takes any. @param {string} registry */
export const tokenFor = (registry) => `${registry.replace(/^https?:/, '')}:_authToken=rehearsal\n`;
