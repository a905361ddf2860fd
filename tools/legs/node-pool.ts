/** vitest's pool of child processes, for a leg of the suite that wants another program or other variables than the processes have by default. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { PoolOptions, PoolWorker, WorkerRequest } from 'vitest/node';

/** What the processes of a pool are started with. */
export interface Host {
  readonly name: string;
  /** The Node that runs them; by default this one. */
  readonly executable?: string;
  /** Variables that must be there when the process starts, such as where the loader looks for libraries. */
  readonly env?: { readonly [name: string]: string };
}

class NodeWorker implements PoolWorker {
  readonly name: string;
  readonly cacheFs = true;
  readonly #options: PoolOptions;
  readonly #host: Host;
  #child: ChildProcess | undefined;

  constructor(options: PoolOptions, host: Host) {
    this.name = host.name;
    this.#options = options;
    this.#host = host;
  }

  get #started(): ChildProcess {
    if (!this.#child) throw new Error('the worker has not been started');
    return this.#child;
  }

  async start(): Promise<void> {
    const { distPath, env, execArgv } = this.#options;
    const { executable = process.execPath, env: own } = this.#host;
    this.#child ??= fork(join(distPath, 'workers/forks.js'), [], {
      execPath: executable,
      env: { ...env, ...own },
      execArgv,
      serialization: 'advanced',
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

/** The pool of a vitest project whose tests run in such processes. */
export const poolOf = (host: Host) => ({
  name: host.name,
  createPoolWorker: (options: PoolOptions) => new NodeWorker(options, host),
});
