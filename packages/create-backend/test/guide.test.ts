import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { main } from '../src/main.ts';
import { anchors, blocks, steps } from './guide.mjs';
import { runNode } from './run-node.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
// inside of the package, so that @tenfold packages are found as where they have been installed
mkdirSync(join(home, '.cache'), { recursive: true });
const folder = mkdtempSync(join(home, '.cache/guide-'));
afterAll(() => rmSync(folder, { recursive: true }));

const host = { cwd: folder, out: () => {}, error: (text: string) => expect.fail(text) };
const { resolve } = createRequire(join(home, '../../package.json'));
const built = join(home, '../backend-testkit/dist/cli.js');

it('leads from the scaffold to tier 1', async () => {
  // the scaffold is tried as a stranger's package: on what is published, not on sources
  expect(existsSync(built), 'packages are built: npm run build').toBe(true);
  const copy = join(folder, 'my-device');
  expect(main(['my-device'], host)).toBe(0);
  const followed = await runNode(home, 'test/follow-guide.mjs', copy);
  const steps = /^Step 1.*Step 9.*Tier 1, and further: \d{4} checks\n$/s;
  expect(followed).toEqual({ status: 0, out: expect.stringMatching(steps), error: '' });

  // nothing needs the stubs any more, tests type-check, too, and the built package is found by its own name
  rmSync(join(copy, 'src/not-written.ts'));
  const passed = { status: 0, out: '', error: '' };
  expect(await runNode(copy, resolve('typescript/bin/tsc'))).toEqual(passed);
  expect(await runNode(copy, resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json')).toEqual(passed);
  expect(await runNode(copy, built, 'conform', '.', '--filter', 'elementwise / add / ')).toMatchObject({ status: 0 });
}, 300_000);

it('has a section for every stub, and shows no code that the script does not take', () => {
  const files = steps.flatMap((step) => step.files.map(([path]) => path));
  expect(files.length).toBe(blocks);
  const stubs = files.map((path) => join(home, 'template/shared', path)).filter((path) => existsSync(path));
  const named = stubs.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/notWritten\('\w+', '(.*?)'\)/g)]);
  expect(named.length).toBe(10);
  expect(named.map(([, section]) => section).filter((section) => !anchors.has(section))).toEqual([]);
});
