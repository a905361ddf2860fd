/** Runs a child as if it were this process: same terminal, signals passed on, exit code passed back. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './root.mjs';

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] where the child runs; the repository root unless told
 * @property {Record<string, string>} [env] variables on top of this process's own
 */

/**
 * Runs a program to its end.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>} its exit code, or 128 plus the number of the signal that ended it
 */
function runCommand(file, args, { cwd = root, env = {} } = {}) {
  return new Promise((done, failed) => {
    const child = spawn(file, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      // a terminal sends Ctrl-C to the whole group: the child has it already, and a second one would cut its clean-up short
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
    for (const signal of signals) process.on(signal, pass);
    const stopPassing = () => {
      for (const signal of signals) process.off(signal, pass);
    };
    child.once('error', (error) => {
      stopPassing();
      failed(error);
    });
    child.once('close', (code, signal) => {
      stopPassing();
      done(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
    });
  });
}

/**
 * Runs a script with this Node.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNode(args, options) {
  return runCommand(process.execPath, args, options);
}
