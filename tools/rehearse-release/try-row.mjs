/** Tries one row of the table: an empty folder, an installation, a program on its hosts. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap/root.mjs';
import { combinations } from './combinations.mjs';
import { tryOn, unavailable, writeProgram } from './hosts.mjs';
import { explained, managers } from './managers.mjs';

/**
 * Where folders are made, and what they are given.
 * @typedef {{ folder: string, sources: import('./managers.mjs').Sources, version: string, packed: Awaited<ReturnType<typeof import('./release.mjs').pack>> }} Stage
 */

/**
 * An empty folder whose package.json asks for these packages.
 * @param {Stage} stage
 * @param {string} name
 * @param {Readonly<Record<string, string>>} dependencies
 */
export function emptyFolder({ folder }, name, dependencies) {
  const made = mkdtempSync(join(folder, `${name.replaceAll(' ', '-')}-`));
  const manifest = { name: 'somebody', version: '1.0.0', private: true, type: 'module', dependencies };
  writeFileSync(join(made, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return made;
}

/** The released version of each, as `npm install NAME` writes it. @param {Stage} stage @param {readonly string[]} names */
export const released = ({ version }, names) =>
  Object.fromEntries(names.map((name) => [`@tenfold/${name}`, `^${version}`]));

/**
 * @param {import('./combinations.mjs').Row} row
 * @param {Stage} stage
 * @param {import('./progress.mjs').Progress} progress
 */
export async function tryRow({ combination, manager, hosts }, stage, progress) {
  /** @type {import('./combinations.mjs').Combination} */
  const { packages, also = {}, program, prints, gpu = false } = combinations[combination];
  const links = Object.entries(also).map(([name, path]) => [name, `link:${join(root, path)}`]);
  const folder = emptyFolder(stage, combination, { ...released(stage, packages), ...Object.fromEntries(links) });
  const title = `${combination} by ${manager}`;
  const without = unavailable(manager);
  if (without !== undefined) return progress.skip(title, without);
  await progress.step(`${title}: install`, async () => {
    await writeProgram(folder, program);
    const { code, out } = await managers[manager].install(folder, stage.sources);
    if (code !== 0) throw new Error(explained(out));
    if (/\bpeer\b/i.test(out)) throw new Error(`the installation complains of peers:\n${out.trim()}`);
  });
  for (const host of hosts) {
    const reason = unavailable(host);
    if (reason !== undefined) progress.skip(`${title}: ${host}`, reason);
    else
      await progress
        .step(`${title}: ${host}`, async () => {
          for (const answer of await tryOn(host, { folder, gpu }))
            if (!prints.test(answer)) throw new Error(`it printed\n${answer}\ninstead of what ${prints} describes`);
        })
        .catch(() => {});
  }
}
