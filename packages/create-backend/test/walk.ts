/** The page that leads from the empty scaffold to tier 1, as steps that a program can follow. */
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../../docs/contributing/adding-a-backend.md', import.meta.url), 'utf8');

/** What a section asks its reader to do. */
export interface Step {
  readonly title: string;
  /** Files to write, by their path in the package: "`src/map.ts`:" and the block below it. */
  readonly files: ReadonlyMap<string, string>;
  /** What follows `npm run conform --` in its commands. */
  readonly commands: readonly string[][];
  /** "`families` is now `[…]`" */
  readonly families?: string;
}

/** The words of a command line; quotes hold some together. */
const words = (line: string): string[] => [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);

function stepOf(section: string): Step {
  const [title = ''] = section.split('\n');
  const files = [...section.matchAll(/^`(src\/[\w.-]+)`:\n\n```ts\n(.*?)^```$/gms)].map(
    ([, path, code]) => [path, code] as const,
  );
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) => block.trim().split('\n'));
  const commands = blocks.filter((line) => /^npm run conform\b/.test(line)).map((line) => words(line).slice(4));
  const families = /`families` is now\s`(\[.*?\])`/s.exec(section)?.[1];
  return { title, files: new Map(files), commands, families };
}

/** The sections in their order, from the first step to the one that reaches tier 1. */
export const steps: readonly Step[] = page
  .split(/^## /m)
  .filter((section) => /^(Step \d|Tier 1)/.test(section))
  .map(stepOf);

/** Every block of TypeScript on the page: none may be left out. */
export const blocks: number = [...page.matchAll(/^```ts$/gm)].length;

/** The anchors of the page's headings. */
export const anchors: ReadonlySet<string> = new Set(
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  ),
);
