/** The markdown of the repository: which files there are, and the code blocks in them. */
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

/**
 * @typedef {object} Fence A code block.
 * @property {string} lang the first word behind the backticks
 * @property {string} info the rest
 * @property {readonly string[]} lines
 * @property {number} line where its first line stands in the page, counted from 1
 * @property {string} file the name of the file that the block is, where a line above it says so (`` `src/map.ts`: ``) or its info does (`file=…`)
 * @property {boolean} directlyAfter whether nothing but white space and a sentence's end stands between it and the block before
 */

/**
 * The fenced blocks of a page.
 * @param {string} text
 * @returns {Fence[]}
 */
export function fencesOf(text) {
  /** @type {Fence[]} */
  const found = [];
  const lines = text.split('\n');
  let nothingSince = false;
  let above = '';
  for (let i = 0; i < lines.length; i++) {
    const open = /^(\s*)(`{3,})\s*(\S*)\s*(.*)$/.exec(lines[i]);
    if (!open) {
      if (lines[i].trim() !== '') {
        nothingSince = false;
        above = lines[i].trim();
      }
      continue;
    }
    const [, indent, ticks, lang, info] = open;
    const start = i + 1;
    while (++i < lines.length && lines[i].trim() !== ticks);
    found.push({
      lang,
      info: info.trim(),
      lines: lines.slice(start, i).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)),
      line: start + 1,
      file:
        /(?:^|\s)file=(\S+)/.exec(info)?.[1] ?? (nothingSince ? '' : (/^`([\w./-]+\.\w+)`:$/.exec(above)?.[1] ?? '')),
      directlyAfter: nothingSince,
    });
    nothingSince = true;
  }
  return found;
}
