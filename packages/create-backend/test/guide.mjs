/** docs/contributing/adding-a-backend.md, as steps that a program can follow. */
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../../docs/contributing/adding-a-backend.md', import.meta.url), 'utf8');

/**
 * What a section asks its reader to do.
 * @typedef {object} Step
 * @property {string} title
 * @property {readonly (readonly [path: string, code: string])[]} files to write: "`src/map.ts`:", and the block below it
 * @property {readonly string[][]} commands what follows `npm run conform --` in its commands
 * @property {string | undefined} families "`families` is now `[…]`"
 */

/** The words of a command line; quotes hold some together. @param {string} line */
const words = (line) => [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);

/** @param {string} section @returns {Step} */
function stepOf(section) {
  const shell = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) => block.trim().split('\n'));
  return {
    title: section.split('\n')[0],
    files: [...section.matchAll(/^`(src\/[\w.-]+)`:\n\n```ts\n(.*?)^```$/gms)].map(([, path, code]) => [path, code]),
    commands: shell.filter((line) => /^npm run conform\b/.test(line)).map((line) => words(line).slice(4)),
    families: /`families` is now\s`(\[.*?\])`/s.exec(section)?.[1],
  };
}

/** The sections in their order, from the first step to the one that reaches tier 1. */
export const steps = page
  .split(/^## /m)
  .filter((section) => /^(Step \d|Tier 1)/.test(section))
  .map(stepOf);

/** How many blocks of TypeScript the page has. */
export const blocks = [...page.matchAll(/^```ts$/gm)].length;

/** The anchors of the page's headings. */
export const anchors = new Set(
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  ),
);
