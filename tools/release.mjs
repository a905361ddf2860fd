/**
 * The steps of `.github/workflows/release.yml`, see docs/contributing/releasing.md. `publish` needs neither the repository's packages nor pnpm: it runs where
 * the right to publish is, and nothing else does.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pnpmEntry } from './bootstrap/prepare.mjs';
import { root } from './bootstrap/root.mjs';
import { nextStep, publishOrder, tagOf } from './release/plan.mjs';

const usage = `npm run release -- <step>

  next                      says what main asks for: step=version, step=publish or step=none, and version=…
  pack FOLDER               packs every published package into FOLDER, with packages.json, which says in which order to publish
  publish FOLDER [flags]    publishes what lies in FOLDER and the registry lacks; the flags go to npm publish (--dry-run, --otp …)
`;

/** What can't be done, in words. */
class Refusal extends Error {}

/** @typedef {{ folder: string, manifest: Record<string, any> }} Published a package of the repository */

/** @returns {Published[]} */
function publishedPackages() {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => !manifest.private);
}

/**
 * Runs npm, which on Windows is a script.
 * @param {readonly string[]} args
 * @param {'pipe' | 'inherit'} stdio
 */
function npm(args, stdio) {
  return spawnSync('npm', args, { encoding: 'utf8', stdio, shell: process.platform === 'win32' });
}

/** Whether the registry has a package at a version. Any answer but "yes" and "there is none" is an error. @param {string} name @param {string} version */
function isPublished(name, version) {
  const { status, stdout, stderr } = npm(['view', `${name}@${version}`, 'version', '--json'], 'pipe');
  if (status === 0) return stdout.trim() !== '';
  if (/E404/.test(stdout + stderr)) return false;
  throw new Refusal(`the registry did not say whether it has ${name}@${version}:\n${stderr.trim()}`);
}

function next() {
  const packages = publishedPackages();
  const changesets = readdirSync(join(root, '.changeset')).some((name) => name.endsWith('.md') && name !== 'README.md');
  const published = changesets || packages.every(({ manifest }) => isPublished(manifest.name, manifest.version));
  console.log(`step=${nextStep(changesets, published)}\nversion=${packages[0].manifest.version}`);
}

/** @param {string} target */
function pack(target) {
  const missing = publishedPackages().flatMap(({ folder, manifest }) =>
    /** @type {string[]} */ (manifest.files ?? [])
      .filter((file) => !file.startsWith('!') && !existsSync(join(folder, file)))
      .map((file) => `${manifest.name} lacks ${file}`),
  );
  if (missing.length)
    throw new Refusal(
      `not all is built:\n  ${missing.join('\n  ')}\n(docs/contributing/releasing.md says what builds it)`,
    );
  mkdirSync(target, { recursive: true });
  const packed = publishedPackages().map(({ folder, manifest }) => {
    const made = spawnSync(process.execPath, [pnpmEntry, 'pack', '--json', '--pack-destination', target], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Refusal(`${manifest.name} can't be packed:\n${made.stdout}${made.stderr}`);
    const { name, version, filename } = JSON.parse(made.stdout.slice(made.stdout.indexOf('{')));
    const needs = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
    return { name, version, file: filename.split(/[\\/]/).at(-1), dependencies: Object.keys(needs) };
  });
  const order = publishOrder(packed);
  writeFileSync(join(target, 'packages.json'), `${JSON.stringify(order, null, 2)}\n`);
  for (const { name, version, file } of order) console.log(`${name}@${version}: ${file}`);
}

/** @param {string} folder @param {readonly string[]} flags */
function publish(folder, flags) {
  const list = join(folder, 'packages.json');
  if (!existsSync(list)) throw new Refusal(`${list} does not exist; write it with: npm run release -- pack ${folder}`);
  /** @type {import('./release/plan.mjs').Packed[]} */
  const packed = JSON.parse(readFileSync(list, 'utf8'));
  // provenance is what GitHub attests; a publication by hand has none
  const provenance = `--provenance=${process.env.GITHUB_ACTIONS === 'true'}`;
  for (const { name, version, file } of packed) {
    if (isPublished(name, version)) {
      console.log(`${name}@${version} is there already`);
      continue;
    }
    const args = ['publish', join(folder, file), '--access', 'public', '--tag', tagOf(version), provenance, ...flags];
    if (npm(args, 'inherit').status !== 0)
      throw new Refusal(
        `${name}@${version} was not published; what came before it was. Run this again: it goes on where it stopped.`,
      );
  }
}

const [step, target, ...flags] = process.argv.slice(2);
try {
  if (step === '--help' || step === undefined) console.log(usage);
  else if (step === 'next') next();
  else if (step === 'pack' && target) pack(resolve(process.env.INIT_CWD ?? '.', target));
  else if (step === 'publish' && target) publish(resolve(process.env.INIT_CWD ?? '.', target), flags);
  else throw new Refusal(`unknown step "${[step, target].filter(Boolean).join(' ')}"\n\n${usage}`);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = step === 'pack' || step === 'publish' || step === 'next' ? 1 : 2;
}
