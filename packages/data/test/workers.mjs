/**
 * Loads by worker threads, on the packages as they are built, and prints as JSON what came. It leaves workers that wait for another epoch and a loop that was
 * given up, and must end by itself for all that.
 */
import '@tenfold/backend-cpu/register';
import { Worker } from 'node:worker_threads';
import { DataLoader, importDataset, randomSplit } from '@tenfold/data';
import { Generator, isTensor, manualSeed } from '@tenfold/tensor-core';

const from = (name, args = [], more = {}) =>
  importDataset({ module: new URL('./squares.mjs', import.meta.url), export: name, args, ...more });

async function plain(value) {
  if (isTensor(value)) return { dtype: value.dtype, values: await value.toArray() };
  if (typeof value === 'bigint') return `${value}n`;
  if (ArrayBuffer.isView(value)) return [...value];
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await plain(item)])),
  );
}

async function batches(loader) {
  const all = [];
  for await (const batch of loader) all.push(await plain(batch));
  return all;
}

async function failure(dataset, options) {
  try {
    await batches(new DataLoader(await dataset, { numWorkers: 2, ...options }));
    return 'nothing failed';
  } catch (error) {
    return {
      name: error.name,
      message: error.message,
      cause: error.cause && { name: error.cause.name, stack: error.cause.stack },
    };
  }
}

const squares = await from('Squares', [17, { slow: 1 }]);
const epochs = async (options, dataset = squares) => {
  manualSeed(12);
  const loader = new DataLoader(dataset, { batchSize: 4, shuffle: true, ...options });
  return [await batches(loader), await batches(loader)];
};

async function resumed() {
  const make = (numWorkers) =>
    new DataLoader(squares, { batchSize: 3, shuffle: true, generator: new Generator(4), numWorkers });
  const whole = await batches(make(0));
  const first = make(2);
  const before = [];
  for await (const batch of first) {
    before.push(await plain(batch));
    if (before.length === 2) break;
  }
  const second = make(2);
  second.loadStateDict(first.stateDict());
  return { whole, parts: [...before, ...(await batches(second))] };
}

async function threads(persistentWorkers) {
  let started = 0;
  const createWorker = () => {
    started++;
    return new Worker(new URL('./squares.worker.mjs', import.meta.url));
  };
  const dataset = await from('Squares', [8], { createWorker });
  const loader = new DataLoader(dataset, { batchSize: 4, numWorkers: 2, persistentWorkers });
  const [first, second] = [await batches(loader), await batches(loader)];
  return { started, batches: first.length + second.length };
}

/** A worker that dies does not spoil the next epoch of a loader that keeps its workers. */
async function mended() {
  let deaths = 0;
  const createWorker = () =>
    deaths++ === 0
      ? new Worker('setTimeout(() => process.exit(3), 20)', { eval: true })
      : new Worker(new URL('./squares.worker.mjs', import.meta.url));
  const loader = new DataLoader(await from('Squares', [6], { createWorker }), {
    numWorkers: 1,
    persistentWorkers: true,
  });
  const first = await batches(loader).catch((error) => error.message);
  return { first, second: (await batches(loader)).length };
}

const scenarios = {
  here: () => epochs({}),
  one: () => epochs({ numWorkers: 1 }),
  three: () => epochs({ numWorkers: 3, prefetchFactor: 1 }),
  collated: () =>
    epochs({ numWorkers: 2, collateFn: (samples) => samples.map(({ name, label, x }) => [name, label, x]) }),
  collatedHere: () => epochs({ collateFn: (samples) => samples.map(({ name, label, x }) => [name, label, x]) }),
  single: () => batches(new DataLoader(squares, { batchSize: null, numWorkers: 2 })),
  split: async () => {
    const [part] = randomSplit(squares, [9, 8], { generator: new Generator(1) });
    return { workers: await epochs({ numWorkers: 2 }, part), here: await epochs({}, part) };
  },
  resumed,
  tensors: async () => batches(new DataLoader(await from('tensors'), { batchSize: 2, numWorkers: 1 })),
  counting: async () =>
    batches(new DataLoader(await from('counting', [11]), { batchSize: 2, numWorkers: 2, collateFn: (x) => x })),
  countingResumed: async () => {
    const loader = new DataLoader(await from('counting', [11]), { batchSize: 2, numWorkers: 2, collateFn: (x) => x });
    loader.loadStateDict({ seed: 1, batches: 4, length: null });
    return batches(loader);
  },
  persistent: () => threads(true),
  fresh: () => threads(false),
  mended,
  failing: () => failure(from('Squares', [9, { failAt: 5 }])),
  liar: () => failure(from('liar')),
  unopened: () => failure(from('unopened')),
  dying: () => failure(from('dying')),
  asleep: () => failure(from('asleep'), { timeout: 0.2 }),
  functions: () => failure(from('functions'), { collateFn: (samples) => samples }),
  ragged: () => failure(from('ragged'), { batchSize: 2 }),
  missing: () => failure(from('Circles')).catch((error) => ({ message: error.message })),
  nothing: () => failure(from('nothing')).catch((error) => ({ message: error.message })),
};

const results = {};
for (const [name, run] of Object.entries(scenarios))
  results[name] = await run().catch((error) => ({ threw: error.message }));

const abandoned = new DataLoader(squares, { numWorkers: 2 })[Symbol.asyncIterator]();
await abandoned.next();
console.log(JSON.stringify(results));
