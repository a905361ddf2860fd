/** What a loader and its workers say to each other, and how either side talks in Node and in browsers. */
import type { Packed } from './pack.ts';
import type { WorkerInfo } from './worker-info.ts';

/** Where workers find a dataset. */
export interface ModuleSource {
  /** The module's address; none where the worker's own script brings the dataset. */
  readonly module: string | undefined;
  readonly export: string;
  readonly args: readonly unknown[];
}

/** The samples of a batch: their indices, and the place of the first in the epoch. */
export interface Job {
  readonly indices: readonly number[];
  readonly start: number;
}

export type ToWorker =
  | { readonly type: 'open'; readonly source: ModuleSource; readonly info: WorkerInfo }
  | { readonly type: 'fetch'; readonly id: number; readonly job: Job; readonly seed: number; readonly raw: boolean }
  /** The next batch of an iterable dataset. */
  | { readonly type: 'iterate'; readonly id: number; readonly epoch: number; readonly request: IterateRequest };

export interface IterateRequest {
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly raw: boolean;
}

/** An error without its class. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type FromWorker =
  | { readonly type: 'open'; readonly length: number | null }
  | { readonly type: 'batch'; readonly id: number; readonly batch: Packed }
  | { readonly type: 'done'; readonly id: number }
  /** Without an id the worker could not make its dataset. */
  | { readonly type: 'error'; readonly id: number | null; readonly error: SentError };

/** A `Worker` of `node:worker_threads`, as far as it is used. */
interface NodeWorkerLike {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: what comes depends on the event
  on(event: string, listener: (value: any) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

/** A `Worker` of the web or of `node:worker_threads`. */
export type AnyWorker = Worker | NodeWorkerLike;

/** A worker as the loader sees it. */
export interface Channel {
  post(message: ToWorker): void;
  /** Whether the process has to wait for this worker. */
  hold(waits: boolean): void;
  end(): void;
}

/** Listens to a worker; `lost` is told why no more will come. */
export function openChannel(
  worker: AnyWorker,
  receive: (message: FromWorker) => void,
  lost: (reason: string) => void,
): Channel {
  if ('on' in worker) {
    worker.on('message', receive);
    worker.on('error', (error: Error) => lost(error?.stack ?? String(error)));
    worker.on('exit', (code: number) => lost(`it ended with exit code ${code}`));
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      hold: (waits) => (waits ? worker.ref() : worker.unref()),
      end: () => void worker.terminate(),
    };
  }
  worker.addEventListener('message', ({ data }) => receive(data as FromWorker));
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    lost(event.message || 'its script could not be loaded');
  });
  worker.addEventListener('messageerror', () => lost('a message could not be read'));
  return { post: (message) => worker.postMessage(message), hold: () => {}, end: () => worker.terminate() };
}

/** The loader as a worker sees it. */
export interface Parent {
  post(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
  listen(receive: (message: ToWorker) => void): void;
}

/** Node's module without an import, which browsers could not resolve. */
export const nodeThreads = (): typeof import('node:worker_threads') | undefined =>
  typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined;

/** The loader of the worker that this runs in; `null` outside of one. */
export function openParent(): Parent | null {
  const port = nodeThreads()?.parentPort;
  if (port) {
    return {
      post: (message, transfer) => port.postMessage(message, [...transfer]),
      listen: (receive) => void port.on('message', receive),
    };
  }
  const scope = globalThis as unknown as Worker;
  if (typeof scope.postMessage !== 'function' || typeof document !== 'undefined') return null;
  return {
    post: (message, transfer) => scope.postMessage(message, [...transfer]),
    listen: (receive) => scope.addEventListener('message', ({ data }) => receive(data as ToWorker)),
  };
}
