/** Samples of one batch, in the thread of the loader or in a worker. */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import type { Dataset, IterableDataset } from './dataset.ts';
import { sampleGenerator } from './draw.ts';
import type { Job } from './protocol.ts';

/** The samples of a job, at once if all of them are. */
export function fetchSamples(
  dataset: Dataset<unknown>,
  { indices, start }: Job,
  seed: number,
): unknown[] | Promise<unknown[]> {
  const samples = indices.map((index, i) => dataset.get(index, sampleGenerator(seed, start + i)));
  return samples.some((sample) => sample instanceof Promise) ? Promise.all(samples) : samples;
}

/** The batches of an iterable dataset, after `skip` of them. */
export async function* iterateBatches(
  dataset: IterableDataset<unknown>,
  batchSize: number,
  dropLast: boolean,
  skip: number,
  collate: (samples: readonly unknown[]) => unknown,
): AsyncGenerator<unknown> {
  let passed = 0;
  let samples: unknown[] = [];
  for await (const sample of dataset) {
    if (passed < skip * batchSize) {
      passed++;
      continue;
    }
    samples.push(sample);
    if (samples.length < batchSize) continue;
    yield collate(samples);
    samples = [];
  }
  if (samples.length > 0 && !dropLast) yield collate(samples);
}

/** The same of a dataset that gives its samples at once. */
export function* iterateBatchesSync(
  dataset: IterableDataset<unknown>,
  batchSize: number,
  dropLast: boolean,
  skip: number,
  collate: (samples: readonly unknown[]) => unknown,
): Generator<unknown> {
  if (!(Symbol.iterator in dataset))
    throw new ArgumentError(
      `DataLoader: ${describe(dataset)} gives its samples asynchronously; use: for await (const batch of loader)`,
    );
  let passed = 0;
  let samples: unknown[] = [];
  for (const sample of dataset) {
    if (passed < skip * batchSize) {
      passed++;
      continue;
    }
    samples.push(sample);
    if (samples.length < batchSize) continue;
    yield collate(samples);
    samples = [];
  }
  if (samples.length > 0 && !dropLast) yield collate(samples);
}
