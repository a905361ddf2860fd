/** `npm run rehearse-release`: a whole release on the loopback, and what a person does with it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../bootstrap/root.mjs';
import { combinations, rowsFor } from './combinations.mjs';
import { fetchPrograms } from './hosts.mjs';
import { npmEnv, sourcesOf } from './managers.mjs';
import { run, stopAll } from './process.mjs';
import { Progress } from './progress.mjs';
import { startRegistry } from './registry.mjs';
import * as release from './release.mjs';
import { scenarios } from './scenarios.mjs';
import { tryRow } from './try-row.mjs';

const names = [...new Set([...Object.keys(combinations), ...Object.keys(scenarios)])];

const help = `Rehearses a release on this machine: takes the changesets into versions, builds, packs, checks and publishes every package to a registry that
listens on the loopback only, installs what people install from it into empty folders with their package managers, and runs it there. All of it happens
in a temporary folder: the checkout stays as it is, and nothing is left.

  npm run rehearse-release

  -- --quick         fewer pairs of combination and package manager, and no second look at the packed files (lint has looked)
  -- --only NAME     one of ${names.join(', ')}; may be given several times
  -- --keep          leave the temporary folder, and say where it is
  -- --help          this text

Packages of others come from the registry that npm is set to here. Exit codes: 0 all went well, 1 something failed, 2 the command is wrong, 130 it was stopped.
`;

const flags = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});

/** @param {string[]} argv */
function parse(argv) {
  const { values } = parseArgs({ args: argv, options: flags, strict: true });
  const { only = [] } = values;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: choose from ${names.join(', ')}`);
  return { ...values, only };
}

/** What git says of the checkout; the rehearsal must not change it. */
const checkout = async () => (await run(['git', 'status', '--porcelain', '--untracked-files=all'], { cwd: root })).out;

/**
 * @param {ReturnType<typeof parse>} options
 * @param {Progress} progress
 * @param {string} folder
 */
async function rehearse({ quick, only }, progress, folder) {
  const chosen = (/** @type {string} */ name) => only.length === 0 || only.includes(name);
  const rows = rowsFor(quick).filter(({ combination }) => chosen(combination));
  const others = Object.entries(scenarios).filter(([name, { slow }]) => chosen(name) && !(quick && slow));
  const copy = join(folder, 'checkout');

  await progress.step('copy of what git tracks', () => release.copyCheckout(copy));
  // other Nodes and package managers come while the packages are built
  const programs = fetchPrograms(rows);
  programs.catch(() => {});
  await progress.step('versions by changesets', () => release.version(copy));
  await progress.step('build', () => release.build(copy));
  await progress.step('native addon', () => release.prebuild(copy, quick));
  const packed = await progress.step('pack', () => release.pack(copy, join(folder, 'tarballs')));
  // what the checks find doesn't keep the rest from being tried
  if (!quick)
    await progress.step('publint and attw on what was packed', () => release.check(packed, copy)).catch(() => {});
  await progress.step('other Nodes and package managers', () => programs);

  const registry = await startRegistry(folder);
  try {
    const sources = sourcesOf(registry.url, join(folder, 'caches'));
    const { version } = packed[0].pack;
    await progress.step(`publish to ${registry.url}`, () =>
      release.publish(packed, copy, registry.url, npmEnv(sources)),
    );

    const stage = { folder: join(folder, 'folders'), sources, version, packed };
    mkdirSync(stage.folder);
    progress.table(
      rows,
      others.map(([name, { title }]) => [name, title]),
    );
    const work = [
      ...rows.map((row) => () => tryRow(row, stage, progress)),
      ...others.map(
        ([name, { title, play }]) =>
          () =>
            progress.step(`${name}: ${title}`, () => play(stage)),
      ),
    ];
    progress.expect(work.length);
    await release.several(work, async (task) => {
      await task().catch(() => {});
      progress.advance();
    });
  } finally {
    await registry.close();
  }
}

/** @param {string[]} argv @returns {Promise<number>} the exit code */
async function main(argv) {
  let options;
  try {
    options = parse(argv);
  } catch (error) {
    console.error(
      `rehearse-release: ${/** @type {Error} */ (error).message.split(/\. |\n/)[0]}; --help lists the flags`,
    );
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const before = await checkout();
  const folder = mkdtempSync(join(tmpdir(), 'tenfold-rehearsal-'));
  const progress = new Progress();
  let stopped = false;
  const stop = () => {
    // a second time: at once
    if (stopped) {
      rmSync(folder, { recursive: true, force: true });
      process.exit(130);
    }
    stopped = true;
    progress.note('stopping: taking everything down');
    stopAll();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  try {
    await rehearse(options, progress, folder);
  } catch {
    // the step that failed has said so
  }
  if (options.keep) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  if (stopped) return 130;
  await progress
    .step('the checkout is as it was', async () => {
      const after = await checkout();
      if (after !== before) throw new Error(`git status was\n${before}\nand is\n${after}`);
    })
    .catch(() => {});
  return progress.end();
}

const code = await main(process.argv.slice(2));
// timers of the registry may still run; what was written must arrive
process.stdout.write('', () => process.exit(code));
