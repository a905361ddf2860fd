/**
 * `@tenfold/data/worker`: the side of a worker. A script of your own that brings its dataset with it, for bundlers, is one call of {@link serveDataset}.
 *
 * @packageDocumentation
 */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import { collateWith } from './collate.ts';
import { type Dataset, type IterableDataset, isMapStyle } from './dataset.ts';
import { fetchSamples, iterateBatches } from './fetch.ts';
import { makeDataset } from './import-dataset.ts';
import { hostLeaves, pack } from './pack.ts';
import {
  type FromWorker,
  type IterateRequest,
  type ModuleSource,
  openParent,
  type Parent,
  type ToWorker,
} from './protocol.ts';
import { setWorkerInfo } from './worker-info.ts';

export { getWorkerInfo, type WorkerInfo } from './worker-info.ts';

type Made = Dataset<unknown> | IterableDataset<unknown>;

/**
 * Answers the loader of this worker. `create` is a dataset's class, or a function that makes one; it gets the `args` of `importDataset`.
 *
 * @throws ArgumentError outside of a worker.
 * @example
 * // digits.worker.ts; the page says: createWorker: () => new Worker(new URL('./digits.worker.ts', import.meta.url), { type: 'module' })
 * import { serveDataset } from '@tenfold/data/worker';
 * import { Digits } from './digits.ts';
 * serveDataset(Digits);
 */
export function serveDataset(create: unknown): void {
  serve((source) => makeDataset(create, source.args, 'serveDataset'));
}

/** @internal */
export function serve(open: (source: ModuleSource) => Made | Promise<Made>): void {
  const parent = openParent();
  if (!parent)
    throw new ArgumentError('serveDataset: this is not a worker; a DataLoader starts one through createWorker');
  let dataset: Promise<Made> | undefined;
  const iterations = new Map<number, AsyncIterator<unknown>>();
  parent.listen((message) => {
    if (message.type === 'open') {
      setWorkerInfo(message.info);
      dataset = Promise.resolve(message.source).then(open);
      dataset.then(
        (made) => parent.post({ type: 'open', length: isMapStyle(made) ? made.length : null }, []),
        (error) => parent.post({ type: 'error', id: null, error: sendable(error) }, []),
      );
      return;
    }
    // an open that failed was told already
    dataset?.then(
      (made) => void answer(parent, made, message, iterations),
      () => {},
    );
  });
}

async function answer(
  parent: Parent,
  dataset: Made,
  message: Exclude<ToWorker, { type: 'open' }>,
  iterations: Map<number, AsyncIterator<unknown>>,
): Promise<void> {
  const { id } = message;
  try {
    const transfer = new Set<ArrayBuffer>();
    const reply = await make();
    parent.post(reply, [...transfer]);

    async function make(): Promise<FromWorker> {
      if (message.type === 'fetch') {
        const samples = await fetchSamples(dataset as Dataset<unknown>, message.job, message.seed);
        return { type: 'batch', id, batch: pack(message.raw ? samples : collateWith(samples, hostLeaves), transfer) };
      }
      const batches = iterations.get(message.epoch) ?? batchesOf(dataset as IterableDataset<unknown>, message.request);
      iterations.set(message.epoch, batches);
      const result = await batches.next();
      if (!result.done) return { type: 'batch', id, batch: pack(result.value, transfer) };
      iterations.delete(message.epoch);
      return { type: 'done', id };
    }
  } catch (error) {
    parent.post({ type: 'error', id, error: sendable(error) }, []);
  }
}

const batchesOf = (
  dataset: IterableDataset<unknown>,
  { batchSize, dropLast, raw }: IterateRequest,
): AsyncIterator<unknown> =>
  iterateBatches(dataset, batchSize, dropLast, 0, (samples) => (raw ? samples : collateWith(samples, hostLeaves)));

function sendable(error: unknown): { name: string; message: string; stack: string | undefined } {
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack };
  return { name: 'Error', message: describe(error), stack: undefined };
}
