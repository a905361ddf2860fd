/** Runs the built demo as a person would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
if (!existsSync(main))
  throw new Error('the demo is not built: run `npm run build`, or the tests through `npm test`, which builds');

/** A folder for this file's tests; removed when they are done. */
export const folder = mkdtempSync(join(tmpdir(), 'linear-demo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file into the folder and gives its path. */
export function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the demo with these flags. */
export function start(
  flags: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const env = { ...process.env, INIT_CWD: folder, ...variables };
  const child = spawn(process.execPath, [main, ...flags], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data) => (stdout += data));
  child.stderr?.on('data', (data) => (stderr += data));
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, stdout, stderr })));
  return { child, ended };
}

export const run = (...flags: readonly string[]): Promise<Ended> => start(flags).ended;
