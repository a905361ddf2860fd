/** The code blocks of a page: for the tests that run them, and for those that follow recipes. */

/**
 * @typedef {object} Fence A code block.
 * @property {string} lang the first word behind the backticks
 * @property {string} info the rest
 * @property {readonly string[]} lines
 * @property {number} line where its first line stands in the page, counted from 1
 * @property {string} file the name of the file that the block is, where a line above it says so (`` `src/map.ts`: ``) or its info does (`file=…`)
 * @property {string} paragraph the paragraph above it; one stays until another begins
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
  let paragraph = '';
  for (let i = 0; i < lines.length; i++) {
    const open = /^(\s*)(`{3,})\s*(\S*)\s*(.*)$/.exec(lines[i]);
    if (!open) {
      if (lines[i].trim() !== '') {
        nothingSince = false;
        above = lines[i].trim();
        paragraph = lines[i - 1]?.trim() === '' ? lines[i] : `${paragraph}\n${lines[i]}`;
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
      paragraph,
      directlyAfter: nothingSince,
    });
    nothingSince = true;
  }
  return found;
}
