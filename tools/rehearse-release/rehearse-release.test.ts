import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { combinations, rowsFor } from './combinations.mjs';
import { run } from './process.mjs';

const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (program: string) => [process.execPath, '-e', program];

describe('the table of installations', () => {
  it('has each combination, package manager and Node among the quick rows', () => {
    const quick = rowsFor(true);
    expect(new Set(quick.map(({ combination }) => combination))).toEqual(new Set(Object.keys(combinations)));
    expect(new Set(quick.map(({ manager }) => manager))).toEqual(new Set(['npm', 'pnpm', 'yarn', 'yarn pnp', 'bun']));
    const hosts = new Set(quick.flatMap((row) => row.hosts));
    const wanted = ['node 20', 'node 22', 'node 24', 'node 26', 'types nodenext', 'types bundler', 'esbuild', 'page'];
    for (const host of wanted) expect(hosts).toContain(host);
  });

  it('has every pair of a combination and a package manager among all rows, where nothing large is linked', () => {
    const pairs = new Set(rowsFor(false).map(({ combination, manager }) => `${combination} ${manager}`));
    for (const [name, combination] of Object.entries(combinations)) {
      const managers = 'also' in combination ? ['pnpm'] : ['npm', 'pnpm', 'yarn', 'bun'];
      for (const manager of managers) expect(pairs).toContain(`${name} ${manager}`);
    }
  });
});

describe('a program of the rehearsal', () => {
  it('gives its exit code and what it printed', async () => {
    const { code, out } = await run(node('console.log(1); console.error(2); process.exit(3)'), {
      cwd: folder,
      mayFail: true,
    });
    expect({ code, lines: out.trim().split('\n').sort() }).toEqual({ code: 3, lines: ['1', '2'] });
    await expect(run(node('console.log("why"); process.exit(3)'), { cwd: folder })).rejects.toThrow(
      /exit code 3\):\nwhy/,
    );
  });

  it('knows nothing of the npm that started the rehearsal', async () => {
    process.env.npm_config_something = 'x';
    const { out } = await run(
      node('console.log(Object.keys(process.env).filter((name) => /^npm_/i.test(name)).length)'),
      { cwd: folder },
    );
    delete process.env.npm_config_something;
    expect(out).toBe('0\n');
  });

  it.skipIf(process.platform === 'win32')('ends with all that it has started when it takes too long', async () => {
    const late = join(folder, 'late');
    const child = `setTimeout(() => require('fs').writeFileSync(${JSON.stringify(late)}, ''), 2500)`;
    const program = node(
      `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`,
    );
    const { code, out } = await run(program, { cwd: folder, mayFail: true, seconds: 1 });
    expect([code, out]).toEqual([1, expect.stringContaining('longer than 1 s')]);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(existsSync(late)).toBe(false);
  });
});
