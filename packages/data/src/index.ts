/**
 * `@tenfold/data`: datasets, samplers, and loaders that make batches of them.
 *
 * @packageDocumentation
 */
export { type Collated, defaultCollate } from './collate.ts';
export {
  ConcatDataset,
  type Dataset,
  type IterableDataset,
  mapDataset,
  type RandomSplitOptions,
  randomSplit,
  Subset,
  TensorDataset,
  type TensorsOf,
} from './dataset.ts';
export { type IdxOptions, readIdx, readMnist } from './idx.ts';
export { type ImportDatasetOptions, importDataset } from './import-dataset.ts';
export { readJson, readJsonLines } from './json.ts';
export {
  DataLoader,
  type DataLoaderOptions,
  type DataLoaderState,
  type LoaderOptions,
  type UnbatchedOptions,
} from './loader.ts';
export type { AnyWorker } from './protocol.ts';
export {
  BatchSampler,
  DistributedSampler,
  type DistributedSamplerOptions,
  RandomSampler,
  type RandomSamplerOptions,
  Sampler,
  SequentialSampler,
  type Sized,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from './sampler.ts';
export type { AnyColumns, ColumnType, ColumnTypes, Row, Table, TableColumns, TableOptions } from './table.ts';
export { getWorkerInfo, type WorkerInfo } from './worker-info.ts';
