/** The markdown of the repository: which files there are. `tools/fences.mjs` reads the code blocks in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const docs = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const root = resolve(docs, '..');

/** Folders with nothing to read on its own: `api` is what typedoc writes, `template` what a scaffold fills in. */
const skipped = new Set(['node_modules', 'dist', 'api', 'public', 'fixtures', 'template', 'CHANGELOG.md']);

/**
 * @param {string} folder from the root
 * @param {(name: string) => boolean} wanted
 * @returns {string[]} paths from the root
 */
function markdownIn(folder, wanted = () => true) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !skipped.has(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return markdownIn(path, wanted);
      return entry.name.endsWith('.md') && wanted(entry.name) ? [path] : [];
    })
    .sort();
}

/** The pages of the site, from the root of the repository. */
export const sitePages = () => markdownIn('docs');

/** What is read in the repository itself: READMEs, and the files at the root. */
export const readmes = () => [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['packages', 'apps', 'tools', 'examples'].flatMap((folder) => markdownIn(folder)),
];

/** @param {string} path from the root */
export const textOf = (path) => readFileSync(join(root, path), 'utf8');

/** @param {string} path */
export const fromRoot = (path) => relative(root, path).split(sep).join('/');
