/** How a worker thread starts: in Node, and on pages that may share memory with workers. */
import type { WorkerStart } from './wasm/job.ts';

/** A running worker. */
export interface Spawned {
  /** Ends it, at once or soon. */
  end(): void;
}

/** Starts a worker on `dist/worker.js`; `null` where there are none. `lost` is called if it does not start or dies. */
export function spawn(start: WorkerStart, lost: (reason: string) => void): Spawned | null {
  // Node's module without an import, which browsers could not resolve
  const node = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined;
  return node ? spawnInNode(node.Worker, start, lost) : spawnOnPage(start, lost);
}

type NodeWorker = typeof import('node:worker_threads').Worker;

function spawnInNode(Worker: NodeWorker, start: WorkerStart, lost: (reason: string) => void): Spawned {
  // bundlers for browsers need not carry the file twice: they look for import.meta.url within new URL
  const here = import.meta.url;
  // loaders and inspectors of this process are not for the worker
  const worker = new Worker(new URL('./worker.js', here), { workerData: start, execArgv: [], name: 'tenfold-cpu' });
  worker.unref();
  worker.on('error', (error) => lost(String(error)));
  worker.on('exit', () => lost('it has ended'));
  return { end: () => void worker.terminate() };
}

function spawnOnPage(start: WorkerStart, lost: (reason: string) => void): Spawned | null {
  if (typeof Worker !== 'function' || globalThis.crossOriginIsolated !== true) return null;
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'tenfold-cpu' });
  worker.addEventListener('error', ({ message }) => lost(message || 'worker.js could not be loaded'));
  worker.postMessage(start);
  return { end: () => worker.terminate() };
}
