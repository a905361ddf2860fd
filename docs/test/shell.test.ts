/** Commands of shell blocks: scripts, packages, programs, files and flags exist. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readmes, root, sitePages } from '../scripts/pages.mjs';
import { commandsOf } from '../scripts/shell.mjs';
import { run } from './run.ts';

const commands = [...sitePages(), ...readmes()].flatMap((page) =>
  commandsOf(page).map((command) => ({ page, ...command })),
);

it('commands of shell blocks exist', () => {
  expect(commands.length).toBeGreaterThan(20);
  expect(
    commands.filter(({ problem }) => problem).map(({ page, text, problem }) => `${page}: ${text}: ${problem}`),
  ).toEqual([]);
});

/** The programs behind root commands that take flags of our own, and list them. */
const programs: { readonly [script: string]: string } = {
  demo: 'apps/linear-demo/dist/main.js',
  mnist: 'apps/mnist/dist/main.js',
  'char-lm': 'apps/char-lm/dist/main.js',
  bench: 'apps/bench/dist/main.js',
  docs: 'docs/scripts/main.mjs',
};

it.each(Object.entries(programs))(
  'flags that the pages give to `npm run %s` are in its --help',
  async (script, program) => {
    const flags = new Set(
      commands
        .filter((command) => command.script === script)
        .flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--')).map((flag) => flag.split('=')[0])),
    );
    const { code, stdout } = await run(process.execPath, [join(root, program), '--help'], { cwd: root });
    expect(code).toBe(0);
    for (const flag of flags) expect(stdout).toContain(flag);
  },
);
