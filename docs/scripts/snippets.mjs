/**
 * The programs on the pages. A block that imports starts a program; a block that doesn't, or that says `continues`, goes on with the one above it.
 *
 * What a program prints is written beside it, and compared line by line; `…` stands for any text, and alone on a line for any lines:
 * - `console.log(x); // → tensor([1.])`, or `// → …` on lines of its own; lines of a comment below, indented as far, go on with the text;
 * - a block in the language `text` right below holds all that the block printed;
 * - `x.foo(); // throws ShapeError: …` on the line of a statement that must throw.
 *
 * Words behind the language say where a block runs: `browser` in Chromium, `not run: REASON` nowhere. A block that is a file (`file=…`, or `` `src/map.ts`: `` on the
 * line above) is a step of a recipe in docs/contributing: the tests that follow the recipes write and run it.
 */
import { fencesOf } from '../../tools/fences.mjs';
import { textOf } from './pages.mjs';

/** @typedef {'node' | 'browser'} Place */

/**
 * @typedef {object} Program
 * @property {string} page from the root of the repository
 * @property {number} line of its first line
 * @property {Place} place
 * @property {string} source its lines at the places where they stand in the page
 * @property {readonly string[]} expected the lines that it prints; a line that is `…` alone stands for any number
 */

const languages = new Set(['ts', 'js', 'typescript', 'javascript', 'mts', 'mjs']);
const imports = /^\s*import\b[^(]/m;

/** Why a block is not run, if it says so. @param {string} info */
const excuse = (info) => /(?:^|\s)not run: (.+)$/.exec(info)?.[1];

/**
 * @param {string} page from the root
 * @returns {Program[]}
 */
export function programsOf(page) {
  /** @typedef {Program & { source: string, expected: string[] }} Draft */
  /** @type {Draft[]} */
  const programs = [];
  /** @type {Draft | undefined} */
  let last;
  for (const fence of fencesOf(textOf(page))) {
    const { lang, info, lines, line, file } = fence;
    if (lang === 'text' && last && fence.directlyAfter) {
      last.expected.push(...lines);
      last = undefined;
      continue;
    }
    last = undefined;
    if (!languages.has(lang) || excuse(info) || file) continue;
    /** @type {Place} */
    const place = /(?:^|\s)browser\b/.test(info) ? 'browser' : 'node';
    const before = programs.at(-1);
    const goesOn = !imports.test(lines.join('\n')) || /(?:^|\s)continues\b/.test(info);
    if (goesOn && before?.place === place) last = before;
    else programs.push((last = { page, line, place, source: '', expected: [] }));
    const gap = line - 1 - last.source.split('\n').length + 1;
    last.source += '\n'.repeat(Math.max(0, gap)) + lines.join('\n');
    last.expected.push(...expectations(lines));
  }
  return programs;
}

/** What is left out of a page, with the reason that it gives. @param {string} page */
export const excusesOf = (page) => fencesOf(textOf(page)).flatMap(({ info }) => excuse(info) ?? []);

/** Languages of blocks that are no programs: `test/shell.test.ts`, `test/python.test.ts` or the test of the page's own package runs them, or there is nothing to run. */
const others = new Set(['sh', 'console', 'python', 'text', 'cuda', 'cpp', 'json', 'yaml', 'html', 'toml', '']);

/** Blocks in languages that no test knows. @param {string} page */
export const strangersOf = (page) =>
  fencesOf(textOf(page)).flatMap(({ lang, line, file }) =>
    file || languages.has(lang) || others.has(lang) ? [] : [`${page}:${line}: ${lang}`],
  );

/** @param {readonly string[]} lines */
export function expectations(lines) {
  /** @type {string[]} */
  const found = [];
  let column = -1;
  for (const line of lines) {
    const start = line.indexOf('// → ');
    const thrown = /\/\/ (throws .*)$/.exec(line);
    if (start >= 0) {
      found.push(line.slice(start + 5));
      column = line.trimStart().startsWith('//') ? start : -1;
    } else if (column >= 0 && line.slice(0, column).trim() === '' && line.startsWith('//   ', column)) {
      found.push(line.slice(column + 5));
    } else {
      column = -1;
      if (thrown) found.push(thrown[1]);
    }
  }
  return found;
}

/**
 * A program as it is run: a statement that must throw prints what it threw.
 * @param {string} source
 */
export const runnable = (source) =>
  source.replace(
    /^(\s*)(.*?;)(\s*)\/\/ throws .*$/gm,
    (_, indent, code) =>
      `${indent}try { ${code} } catch (error) { console.log('throws ' + error.name + ': ' + error.message.split('\\n')[0]); }`,
  );

/**
 * Compares what was printed with what the page says.
 * @param {readonly string[]} expected
 * @param {readonly string[]} printed
 * @returns {string | undefined} what differs
 */
export function differs(expected, printed) {
  const pattern = expected
    .map((line) =>
      line.trim() === '…' ? '(?:.*\\n)*' : `${line.trimEnd().split('…').map(escape).join('.*')}[ \\t]*\\n`,
    )
    .join('');
  if (new RegExp(`^${pattern}$`).test(printed.map((line) => `${line}\n`).join(''))) return undefined;
  return `the page says:\n${expected.join('\n')}\n\nbut the program prints:\n${printed.join('\n')}`;
}

/** @param {string} text */
const escape = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
