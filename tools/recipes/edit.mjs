/** The steps of a page on files: edits, and the blocks that the oracle writes. Pure functions over text. */
import { plain } from './page.mjs';

/**
 * A file after an edit.
 * @param {string | null} text `null` if there is none
 * @param {import('./page.mjs').Edit & { at: string }} edit
 * @returns {string}
 */
export function edited(text, { file, how, anchor, lines, at }) {
  if (how === 'create') {
    if (text !== null) throw new Error(`${at}: ${file} is there already`);
    return `${lines.join('\n')}\n`;
  }
  if (text === null) throw new Error(`${at}: there is no ${file}`);
  if (how === 'append') return `${text}${lines.join('\n')}\n`;
  const all = text.split('\n');
  const start = anchor.endsWith('…') ? plain(anchor.slice(0, -1)) : null;
  const fits = (/** @type {string} */ line) =>
    start === null ? plain(line) === plain(anchor) : plain(line).startsWith(start);
  const places = all.flatMap((line, i) => (fits(line) ? [i] : []));
  if (places.length !== 1)
    throw new Error(
      `${at}: the line '${anchor}' is ${places.length === 0 ? 'not' : `${places.length} times`} in ${file}`,
    );
  const [place] = places;
  all.splice(how === 'after' ? place + 1 : place, how === 'replace' ? 1 : 0, ...lines);
  return all.join('\n');
}

/** The lines of one block of a file of fixtures: `{"op":"NAME","samples":[` to `]}`. @param {string} text @param {string} name */
function placeOf(text, name) {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\{"\\w+":"${name}","samples":\\[$`).test(line));
  const end = start < 0 ? -1 : lines.findIndex((line, i) => i > start && /^\]\},?$/.test(line));
  return { lines, start, end };
}

/** @param {string} text @param {string} name @returns {string} the block, without the comma behind it */
export function blockOf(text, name) {
  const { lines, start, end } = placeOf(text, name);
  if (start < 0) throw new Error(`there is no block '${name}'`);
  return [...lines.slice(start, end), ']}'].join('\n');
}

/** The text with the block in the place of the one of that name, or as the last. @param {string} text @param {string} name @param {string} block */
export function withBlock(text, name, block) {
  const { lines, start, end } = placeOf(text, name);
  if (start >= 0) return [...lines.slice(0, start), block + lines[end].slice(2), ...lines.slice(end + 1)].join('\n');
  return text.replace(/\n\]\}\n$/, `,\n${block}\n]}\n`);
}

/**
 * Where two blocks differ by more than another processor's rounding, or `null`.
 * @param {string} mine
 * @param {string} other
 */
export function difference(mine, other) {
  const number = /-?\d+(?:\.\d+)?(?:e-?\d+)?/g;
  if (mine.replaceAll(number, '#') !== other.replaceAll(number, '#')) return 'not the same samples';
  const [a, b] = [mine, other].map((text) => (text.match(number) ?? []).map(Number));
  const far = a.findIndex((x, i) => Math.abs(x - b[i]) > 1e-6 * Math.max(1, Math.abs(x)));
  return far < 0 ? null : `${b[far]}, not ${a[far]}`;
}
