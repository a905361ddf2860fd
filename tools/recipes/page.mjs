/**
 * What a page of docs/contributing tells its reader to do. Blocks with these words behind their language are steps; all others are only read:
 *
 * | block | step |
 * |---|---|
 * | `ts file=PATH create` | the file, whole |
 * | `ts file=PATH append` | lines at its end |
 * | `ts file=PATH after="LINE"`, `before="LINE"` | lines below or above one that is there once |
 * | `ts file=PATH replace="LINE"` | lines in its place |
 * | `sh oracle file=PATH block=NAME` | what `tools/torch-oracle` writes into a file of fixtures, of which one block is new |
 * | `sh check` | `npm test` of what the page is about, one command on a line |
 *
 * White space around a line and backticks in it don't count (there may be none behind those of a block), and `…` stands for its rest.
 *
 * A reader sees the words of the page and not those behind the backticks: so the paragraph above a block must name its file, and the line.
 */
import { fencesOf } from '../fences.mjs';

/** A line without what does not count. @param {string} line */
export const plain = (line) => line.replaceAll('`', '').trim();

/**
 * @typedef {{ kind: 'edit', file: string, how: 'create' | 'append' | 'after' | 'before' | 'replace', anchor: string, lines: string[] }} Edit
 * @typedef {{ kind: 'oracle', file: string, block: string, parts: string[] }} Oracle
 * @typedef {{ kind: 'check', args: string[] }} Check
 * @typedef {(Edit | Oracle | Check) & { at: string }} Step `at` is the page and the line, for messages
 */

/** @param {string} at @param {string} why @returns {never} */
function fail(at, why) {
  throw new Error(`${at}: ${why}`);
}

/** The words of a command, with quotes taken off. @param {string} text */
const wordsOf = (text) => [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

/**
 * The steps of a page.
 * @param {string} name for messages
 * @param {string} text
 * @returns {Step[]}
 */
export function stepsOf(name, text) {
  /** @type {Step[]} */
  const steps = [];
  for (const { lang, info, lines, line, file, paragraph } of fencesOf(text)) {
    if (info.includes('`')) fail(`${name}:${line - 1}`, 'no backtick may stand behind those that begin a block');
    const at = `${name}:${line - 1}`;
    if (lang === 'sh' && info === 'check') steps.push(...lines.map((command) => checkOf(at, command)));
    else if (!/(?:^|\s)file=/.test(info)) continue;
    else if (lang === 'sh') steps.push({ ...oracleOf(at, info, file, lines), at });
    else steps.push({ ...editOf(at, info, file, [...lines], paragraph), at });
  }
  return steps;
}

/** @param {string} at @param {string} line @returns {Step} */
function checkOf(at, line) {
  const words = wordsOf(line.replace(/\s+#.*$/, ''));
  if (words.slice(0, 3).join(' ') !== 'npm test --') fail(at, `a check is 'npm test -- …', not '${line}'`);
  return { kind: 'check', args: words.slice(3), at };
}

/** @param {string} at @param {string} info @param {string} file @param {readonly string[]} lines @returns {Oracle} */
function oracleOf(at, info, file, lines) {
  const block = /(?:^|\s)block=(\S+)/.exec(info)?.[1] ?? fail(at, 'no block=NAME');
  const [python, script, ...parts] = lines.length === 1 ? wordsOf(lines[0]) : [];
  if (python !== 'python3' || script !== 'tools/torch-oracle/generate.py' || parts.length === 0)
    fail(at, `expected 'python3 tools/torch-oracle/generate.py PART'`);
  return { kind: 'oracle', file, block, parts };
}

/**
 * @param {string} at @param {string} info @param {string} file @param {string[]} lines @param {string} paragraph
 * @returns {Edit}
 */
function editOf(at, info, file, lines, paragraph) {
  if (!paragraph.includes(`\`${file}\``)) fail(at, `the paragraph above does not name \`${file}\``);
  const found = /(?:^|\s)(create|append|(after|before|replace)="(.*)")(?:\s|$)/.exec(info);
  if (!found) return fail(at, `what to do with ${file}? create, append, after="…", before="…" or replace="…"`);
  const [, word, relative, anchor = ''] = found;
  if (relative && !plain(paragraph).includes(plain(anchor.replace(/…$/, ''))))
    fail(at, `the paragraph above does not show \`${anchor}\``);
  return { kind: 'edit', file, how: /** @type {Edit['how']} */ (relative ?? word), anchor, lines };
}
