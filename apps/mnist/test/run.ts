/** Runs the built program as a person would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** A built file. */
export const built = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

if (!existsSync(built('main.js')))
  throw new Error('the app is not built: run `npm run build`, or the tests through `npm test`, which builds');

/** A folder for this file's tests; removed when they are done. */
export const folder = mkdtempSync(join(tmpdir(), 'mnist-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the program with these flags. */
export function start(...flags: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const env = { ...process.env, INIT_CWD: folder };
  const child = spawn(process.execPath, [built('main.js'), ...flags], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (data) => (stdout += data));
  child.stderr?.on('data', (data) => (stderr += data));
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, stdout, stderr })));
  return { child, ended };
}

export const run = (...flags: readonly string[]): Promise<Ended> => start(...flags).ended;
