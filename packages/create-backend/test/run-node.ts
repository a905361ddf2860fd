import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** Runs a script with this Node to its end; the test runner is not held up meanwhile. */
export async function runNode(cwd: string, file: string, ...args: string[]) {
  const child = spawn(process.execPath, [file, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const status = new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done));
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, out, error };
}
