/** Starts programs for the rehearsal: nothing of theirs outlives it, whatever ends it. */
import { spawn } from 'node:child_process';

/** The programs that are running. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
let stopping = false;

/** What this process was started with by npm says where *it* runs; the package managers started here are to find that out themselves. */
const clean = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|init_cwd$|node_options$)/i.test(name)),
  );

/**
 * @typedef {object} Options
 * @property {string} cwd
 * @property {Record<string, string>} [env] variables on top of the person's own
 * @property {boolean} [mayFail] give back whatever happened, instead of throwing
 * @property {number} [seconds] how long it may take; 300 unless told
 */

/**
 * Runs a program to its end and gives what it printed.
 * @param {readonly string[]} command
 * @param {Options} options
 * @returns {Promise<{ code: number, out: string }>} `out`: both streams, in the order in which they came
 * @throws Error with what it printed, if it fails
 */
export async function run([file = '', ...args], { cwd, env = {}, mayFail = false, seconds = 300 }) {
  if (stopping) throw new Error('stopped');
  // a group of its own: what it has started ends with it
  const child = spawn(file, args, {
    cwd,
    env: { ...clean(), ...env },
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  const take = (/** @type {string} */ text) => {
    out += text;
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const limit = setTimeout(() => {
    out += `\n(ended: it took longer than ${seconds} s)`;
    end(child);
  }, seconds * 1000);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => resolve(status ?? (signal ? 1 : 0)));
    });
    if (stopping) throw new Error('stopped');
    if (code !== 0 && !mayFail)
      throw new Error(`\`${shown([file, ...args])}\` failed (exit code ${code}):\n${tail(out)}`);
    return { code, out };
  } finally {
    clearTimeout(limit);
    running.delete(child);
  }
}

/** Ends every program that runs, and starts no more. */
export function stopAll() {
  stopping = true;
  for (const child of running) end(child);
}

/** @param {import('node:child_process').ChildProcess} child */
function end(child) {
  try {
    if (child.pid === undefined) return;
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** @param {readonly string[]} command */
const shown = (command) =>
  command.map((word) => (word.startsWith('/') ? (word.split('/').at(-1) ?? word) : word)).join(' ');

/** The last lines of a text: where programs say what went wrong. @param {string} text */
const tail = (text) => text.trim().split('\n').slice(-30).join('\n');
