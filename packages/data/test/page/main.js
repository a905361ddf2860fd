/** Loads with workers and without, and leaves on `globalThis` what came. */
import '@tenfold/backend-cpu/register';
import { DataLoader, importDataset } from '@tenfold/data';
import { manualSeed } from '@tenfold/tensor-core';

let started = 0;
const createWorker = () => {
  started++;
  return new Worker(new URL('./squares.worker.js', import.meta.url), { type: 'module' });
};

/** A module that the page can import by its address, as one that isn't bundled. */
const here = new URL('./squares.js', location.href);
const dataset = (args) => importDataset({ module: here, export: 'Squares', args, createWorker });

async function epoch(numWorkers) {
  manualSeed(7);
  const batches = [];
  for await (const [x, streams] of new DataLoader(await dataset([13]), { batchSize: 4, shuffle: true, numWorkers }))
    batches.push([await x.toArray(), streams]);
  return batches;
}

async function failure(numWorkers) {
  try {
    for await (const _ of new DataLoader(await dataset([5, 3]), { numWorkers }));
    return 'nothing failed';
  } catch (error) {
    return `${error.message} | ${error.cause?.stack}`;
  }
}

globalThis.results = Promise.resolve().then(async () => ({
  here: await epoch(0),
  there: await epoch(2),
  failure: await failure(1),
  started,
}));
