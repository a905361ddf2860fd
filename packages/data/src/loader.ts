/** Batches of a dataset, in an order, ahead of time (https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader). */
import {
  ArgumentError,
  checkOptions,
  defaultGenerator,
  describe,
  type Generator,
  isTensor,
  resolveDevice,
  TenfoldError,
  type Tensor,
} from '@tenfold/tensor-core';
import { type Collated, defaultCollate, isPlain, moved } from './collate.ts';
import { asDataset, checkGenerator, type Dataset, type IterableDataset, isMapStyle } from './dataset.ts';
import { drawSeed } from './draw.ts';
import { fetchSamples, iterateBatches, iterateBatchesSync } from './fetch.ts';
import { workerSource } from './import-dataset.ts';
import { type Packed, unpack } from './pack.ts';
import { WorkerPool } from './pool.ts';
import type { Job } from './protocol.ts';
import { BatchSampler, epochOf, RandomSampler, Sampler, SequentialSampler } from './sampler.ts';

/** Options of {@link DataLoader} that don't depend on how samples become batches. */
export interface LoaderOptions {
  /** Whether samples come in another random order each epoch. Default false. */
  shuffle?: boolean | undefined;
  /** The order of the samples: indices, or a {@link Sampler}. Excludes `shuffle`. */
  sampler?: Iterable<number> | undefined;
  /** How many worker threads make batches; 0 makes them here. They need a dataset of `importDataset`. Default 0. */
  numWorkers?: number | undefined;
  /**
   * How many batches are made ahead: for each worker (default 2), or here (default 0, and 1 with a `device`, so that one is uploaded while another is
   * computed with).
   */
  prefetchFactor?: number | undefined;
  /** Whether workers stay for the next epoch. They end with `loader[Symbol.dispose]()`. Default false. */
  persistentWorkers?: boolean | undefined;
  /** After how many seconds without a batch there is an error; 0 waits for ever. Default 0. */
  timeout?: number | undefined;
  /** Where the tensors of the batches are. Default: numbers go to the default device, tensors stay where they are. */
  device?: string | undefined;
  /** Gives each epoch its seed. Default: that of the sampler, or the one that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/** Options of a {@link DataLoader} that makes batches. */
export interface DataLoaderOptions<T, B> extends LoaderOptions {
  /** Default 1. `null` gives single samples. */
  batchSize?: number | undefined;
  /** Whether a last batch that is smaller is left out. Default false. */
  dropLast?: boolean | undefined;
  /** The indices of each batch. Excludes `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: Iterable<readonly number[]> | undefined;
  /** Makes a batch of samples, in this thread. Default `defaultCollate`. */
  collateFn?: ((samples: T[]) => B) | undefined;
}

/** Options of a {@link DataLoader} that gives single samples. */
export interface UnbatchedOptions extends LoaderOptions {
  batchSize: null;
}

/** Where in an epoch a loader is: plain data, for checkpoints. */
export interface DataLoaderState {
  /** The seed of the epoch that has begun, `null` between epochs. */
  readonly seed: number | null;
  /** How many of its batches were handed out. */
  readonly batches: number;
  /** How many batches an epoch has, `null` if it can't be told. */
  readonly length: number | null;
}

const optionNames = [
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'numWorkers',
  'collateFn',
  'dropLast',
  'timeout',
  'generator',
  'prefetchFactor',
  'persistentWorkers',
  'device',
] as const;

type AnyOptions = { readonly [K in (typeof optionNames)[number]]?: unknown } & LoaderOptions & {
    readonly batchSize?: number | null | undefined;
    readonly dropLast?: boolean | undefined;
    readonly batchSampler?: Iterable<readonly number[]> | undefined;
    readonly collateFn?: ((samples: never[]) => unknown) | undefined;
  };

interface Cursor {
  readonly seed: number;
  batches: number;
  finished: boolean;
}

/** Where the batches of a loop come from: `next` begins one more. */
interface BatchSource {
  next(): Promise<IteratorResult<unknown>>;
  close(): void;
}

/**
 * Iterates over a dataset in batches: `for await (const [x, y] of loader)`, and `for (… of loader)` where the dataset gives its samples at once and there are
 * no workers. Each loop is an epoch.
 *
 * An epoch takes one number from the generator, its seed. The order, and the generators that samples get for augmentation, follow from it: the same seed
 * gives the same batches whatever the number of workers and prefetching, and {@link DataLoader.stateDict} in the middle of an epoch resumes to the very
 * same further batches.
 *
 * @typeParam T A sample. @typeParam B A batch.
 * @throws ArgumentError for options that exclude each other.
 * @example
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true });
 * for await (const [x, y] of loader) console.log(x.shape, y.shape);
 */
export class DataLoader<T, B = Collated<T>> implements AsyncIterable<B>, Iterable<B>, Disposable {
  readonly dataset: Dataset<T> | readonly T[] | IterableDataset<T>;
  /** `null` with a batch sampler of one's own, and without batches. */
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  readonly numWorkers: number;
  readonly device: string | undefined;
  readonly #map: Dataset<unknown> | null;
  readonly #batches: Iterable<readonly number[]> | null;
  readonly #single: boolean;
  readonly #collateFn: ((samples: never[]) => unknown) | undefined;
  readonly #ahead: number;
  readonly #depth: number;
  readonly #timeout: number;
  readonly #persistent: boolean;
  readonly #generator: Generator | undefined;
  #pool: WorkerPool | null = null;
  #cursor: Cursor | null = null;
  #resume: DataLoaderState | null = null;
  #epochs = 0;

  constructor(dataset: Dataset<T> | readonly T[] | IterableDataset<T>, options?: DataLoaderOptions<T, B>);
  constructor(dataset: Dataset<B> | readonly B[] | IterableDataset<B>, options: UnbatchedOptions);
  constructor(dataset: Dataset<T> | readonly T[] | IterableDataset<T>, options: object = {}) {
    checkOptions('DataLoader', options, optionNames);
    const given = options as AnyOptions;
    const map = Array.isArray(dataset) ? asDataset<unknown>(dataset) : isMapStyle(dataset) ? dataset : null;
    if (!map && !isIterable(dataset)) {
      throw new ArgumentError(
        `DataLoader: expected a dataset with length and get(index), an array, or an iterable; got ${describe(dataset)}`,
      );
    }
    this.dataset = dataset;
    this.#map = map;
    checkTypes(given);
    checkExclusive(given, map !== null);
    const { batchSize = 1, dropLast = false, shuffle = false, batchSampler, numWorkers = 0 } = given;
    this.#single = batchSize === null;
    this.batchSize = batchSampler ? null : batchSize;
    this.dropLast = dropLast;
    this.numWorkers = numWorkers;
    this.device = given.device === undefined ? undefined : resolveDevice(given.device).name;
    this.#collateFn = given.collateFn;
    this.#timeout = given.timeout ?? 0;
    this.#persistent = given.persistentWorkers ?? false;
    this.#depth = given.prefetchFactor ?? (numWorkers > 0 ? 2 : this.device === undefined ? 0 : 1);
    this.#ahead = this.#depth * Math.max(1, numWorkers);
    let own: Generator | undefined;
    this.#batches = null;
    if (map) {
      const sampler = given.sampler ?? (shuffle ? new RandomSampler(map) : new SequentialSampler(map));
      this.#batches = batchSampler ?? new BatchSampler(sampler, batchSize ?? 1, dropLast);
      own = this.#batches instanceof Sampler ? this.#batches.generator : undefined;
    }
    this.#generator = checkGenerator('DataLoader', given.generator) ?? own;
    if (numWorkers > 0) workerSource(dataset);
  }

  /** How many batches an epoch has. @throws ArgumentError if it can't be told: the dataset, or the given sampler, has no length. */
  get length(): number {
    const length = this.#length();
    if (length !== null) return length;
    throw new ArgumentError('DataLoader: an epoch has no known length: its dataset, or the given sampler, has none');
  }

  #length(): number | null {
    if (this.#batches instanceof BatchSampler) {
      const { sampler } = this.#batches;
      return sized(sampler) ? this.#batches.length : null;
    }
    return sized(this.#batches) ? this.#batches.length : null;
  }

  /** Where the loader is, to be saved with a model: between epochs, or in the middle of one after the batch that was handed out last. */
  stateDict(): DataLoaderState {
    if (this.#resume) return this.#resume;
    const { seed, batches, finished } = this.#cursor ?? { seed: null, batches: 0, finished: true };
    const length = this.#length();
    return finished ? { seed: null, batches: 0, length } : { seed, batches, length };
  }

  /**
   * Makes the next loop go on where `state` was: with the batches that the interrupted one would have given. It takes no number from the generator,
   * which the interrupted epoch did: restore that one, too.
   *
   * @throws ArgumentError if it is not what `stateDict` gives, or of a loader with another number of batches.
   */
  loadStateDict(state: DataLoaderState): void {
    const { seed, batches, length } = (state ?? {}) as Partial<DataLoaderState>;
    const valid =
      (seed === null || (Number.isSafeInteger(seed) && (seed as number) >= 0)) &&
      Number.isSafeInteger(batches) &&
      (batches as number) >= 0 &&
      (length === null || Number.isSafeInteger(length));
    if (!valid) throw new ArgumentError(`DataLoader: expected what stateDict() gave, got ${describe(state)}`);
    const here = this.#length();
    if (length !== here) {
      throw new ArgumentError(
        `DataLoader: the state is of a loader with ${String(length)} batches an epoch, this one has ${String(here)}; dataset, batchSize and dropLast must be the same`,
      );
    }
    this.#cursor = null;
    this.#resume = seed === null ? null : (state as DataLoaderState);
  }

  /** Ends workers that stayed for another epoch. The loader can be used again. */
  [Symbol.dispose](): void {
    if (this.#pool) this.#endPool(this.#pool);
  }

  #endPool(pool: WorkerPool): void {
    pool.end();
    if (pool === this.#pool) this.#pool = null;
  }

  /** The batches of an epoch, made when they are asked for. @throws ArgumentError where samples are promises, and with workers. */
  *[Symbol.iterator](): IterableIterator<B> {
    if (this.numWorkers > 0)
      throw new ArgumentError(
        'DataLoader: batches of workers come asynchronously; use: for await (const batch of loader)',
      );
    const { cursor, skip } = this.#begin();
    const batches = this.#map
      ? this.#mapBatches(cursor.seed, skip, this.#fetchHere)
      : iterateBatchesSync(
          this.dataset as IterableDataset<unknown>,
          this.batchSize ?? 1,
          this.dropLast,
          skip,
          this.#collate,
        );
    for (const batch of batches) {
      if (batch instanceof Promise) {
        batch.catch(() => {});
        throw new ArgumentError(
          'DataLoader: the samples of this dataset are promises; use: for await (const batch of loader)',
        );
      }
      cursor.batches++;
      yield batch as B;
    }
    cursor.finished = true;
  }

  /** The batches of an epoch, some of them made ahead. A loop that is left early ends what was under way. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<B> {
    const { cursor, skip } = this.#begin();
    const pool = this.#openPool(cursor.seed);
    const source = this.#sourceOf(cursor.seed, skip, pool);
    const queue: Promise<IteratorResult<unknown>>[] = [];
    try {
      for (;;) {
        while (queue.length <= this.#ahead) {
          const next = source.next();
          // whoever waits for it is told; until then it must not end the process
          next.catch(() => {});
          queue.push(next);
        }
        const result = await inTime(queue.shift() as Promise<IteratorResult<unknown>>, this.#timeout, this.numWorkers);
        if (result.done) break;
        cursor.batches++;
        yield result.value as B;
      }
      cursor.finished = true;
    } finally {
      source.close();
      if (pool && (pool !== this.#pool || pool.isBroken)) this.#endPool(pool);
    }
  }

  /** A new epoch, or the rest of the one that was loaded. */
  #begin(): { cursor: Cursor; skip: number } {
    const resumed = this.#resume;
    this.#resume = null;
    const seed = resumed?.seed ?? drawSeed(this.#generator ?? defaultGenerator);
    const cursor: Cursor = { seed, batches: resumed?.batches ?? 0, finished: false };
    this.#cursor = cursor;
    return { cursor, skip: cursor.batches };
  }

  #openPool(seed: number): WorkerPool | null {
    if (this.numWorkers === 0) return null;
    if (this.#pool) return this.#pool;
    const source = workerSource(this.dataset);
    const { root } = source;
    const pool = new WorkerPool(source, this.numWorkers, isMapStyle(root) ? root.length : null, seed);
    if (this.#persistent) this.#pool = pool;
    return pool;
  }

  #sourceOf(seed: number, skip: number, pool: WorkerPool | null): BatchSource {
    if (this.#map) {
      const batches = this.#mapBatches(seed, skip, pool ? this.#fetchThere(pool) : this.#fetchHere);
      const next = async (): Promise<IteratorResult<unknown>> => {
        const { done, value } = batches.next();
        return done ? { done, value: undefined } : { done: false, value: await value };
      };
      return { next, close: () => void batches.return?.() };
    }
    const dataset = this.dataset as IterableDataset<unknown>;
    const batches = pool
      ? this.#iterableOfWorkers(pool, skip)
      : iterateBatches(dataset, this.batchSize ?? 1, this.dropLast, skip, this.#collate);
    // what the dataset has open is closed once the batch under way is done; nobody waits for that
    return { next: () => batches.next(), close: () => void batches.return?.().catch(() => {}) };
  }

  /** The batches of a map-style dataset, or promises of them, each begun when it is asked for. */
  *#mapBatches(seed: number, skip: number, fetch: (job: Job, seed: number) => unknown): IterableIterator<unknown> {
    let [start, passed] = [0, 0];
    for (const indices of epochOf(this.#batches as Iterable<readonly number[]>, seed)) {
      if (passed++ >= skip) yield fetch({ indices, start }, seed);
      start += indices.length;
    }
  }

  readonly #fetchHere = (job: Job, seed: number): unknown => {
    const dataset = this.#map as Dataset<unknown>;
    if (dataset.getBatch && !this.#collateFn && !this.#single) {
      const batch: unknown = dataset.getBatch(job.indices);
      return batch instanceof Promise ? batch.then(this.#moved) : this.#moved(batch);
    }
    const samples = fetchSamples(dataset, job, seed);
    return samples instanceof Promise ? samples.then(this.#collate) : this.#collate(samples);
  };

  #fetchThere(pool: WorkerPool): (job: Job, seed: number) => Promise<unknown> {
    const { at } = workerSource(this.dataset);
    return async ({ indices, start }, seed) =>
      this.#unpacked(await pool.fetch({ indices: indices.map(at), start }, seed, this.#raw));
  }

  /** Whether workers send samples, and not batches of them. */
  get #raw(): boolean {
    return this.#single || this.#collateFn !== undefined;
  }

  readonly #collate = (samples: readonly unknown[]): unknown => {
    if (this.#single) return this.#movedSample(samples[0]);
    if (this.#collateFn) return this.#movedSample(this.#collateFn(samples as never[]));
    return defaultCollate(samples, { device: this.device });
  };

  /** A batch that nobody else has, on the loader's device. */
  readonly #moved = (batch: unknown): unknown => mapTensors(batch, (x) => moved(x, this.device));

  /** What somebody else may have, too, on the loader's device. */
  #movedSample(value: unknown): unknown {
    const { device } = this;
    return device === undefined ? value : mapTensors(value, (x) => (x.device === device ? x : x.to(device)));
  }

  #unpacked(packed: Packed | null): unknown {
    const value = unpack(packed as Packed, this.device);
    return this.#raw ? this.#collate(value as unknown[]) : value;
  }

  /** Batches of workers' shares of an iterable dataset, from each in turn. */
  async *#iterableOfWorkers(pool: WorkerPool, skip: number): AsyncIterableIterator<unknown> {
    const epoch = this.#epochs++;
    const request = { batchSize: this.batchSize ?? 1, dropLast: this.dropLast, raw: this.#raw };
    const ask = (worker: number): Promise<Packed | null> => {
      const batch = pool.iterate(worker, epoch, request);
      batch.catch(() => {});
      return batch;
    };
    const turns = Array.from({ length: this.numWorkers }, (_, worker) => ({
      worker,
      queue: Array.from({ length: Math.max(1, this.#depth) }, () => ask(worker)),
    }));
    for (let passed = 0; turns.length > 0; ) {
      const turn = turns.shift() as (typeof turns)[number];
      const packed = await (turn.queue.shift() as Promise<Packed | null>);
      if (packed === null) continue;
      turn.queue.push(ask(turn.worker));
      turns.push(turn);
      if (passed++ >= skip) yield this.#unpacked(packed);
    }
  }
}

const isIterable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);

const sized = (value: unknown): value is { readonly length: number } =>
  typeof value === 'object' && value !== null && 'length' in value && typeof value.length === 'number';

/** Every tensor of a batch through `fn`. */
function mapTensors(value: unknown, fn: (x: Tensor) => unknown): unknown {
  if (isTensor(value)) return fn(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, fn));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, fn)]));
  return value;
}

/** `promise`, unless it takes longer. */
async function inTime<T>(promise: Promise<T>, seconds: number, numWorkers: number): Promise<T> {
  if (seconds === 0) return promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const who = numWorkers > 0 ? `; its ${numWorkers} workers are too slow, or hang` : '';
      reject(new TenfoldError(`DataLoader timed out after ${seconds} seconds${who}`, 'DATA_TIMEOUT'));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the compiler sees, for those who have none. */
function checkTypes(options: AnyOptions): void {
  const { batchSize = 1, numWorkers = 0, timeout = 0, prefetchFactor, collateFn } = options;
  if (batchSize !== null && !(Number.isSafeInteger(batchSize) && batchSize > 0))
    throw new ArgumentError(`batchSize should be a positive integer value, but got batchSize=${String(batchSize)}`);
  if (!Number.isInteger(numWorkers) || numWorkers < 0)
    throw new ArgumentError(
      `numWorkers option should be non-negative; use numWorkers: 0 for no workers. Got ${describe(numWorkers)}`,
    );
  if (typeof timeout !== 'number' || !(timeout >= 0 && timeout < Number.POSITIVE_INFINITY))
    throw new ArgumentError(`timeout option should be non-negative, got ${describe(timeout)}`);
  if (prefetchFactor !== undefined && !(Number.isInteger(prefetchFactor) && prefetchFactor >= (numWorkers > 0 ? 1 : 0)))
    throw new ArgumentError(`prefetchFactor option should be a positive integer, got ${describe(prefetchFactor)}`);
  if (collateFn !== undefined && typeof collateFn !== 'function')
    throw new ArgumentError(`collateFn must be a function, got ${describe(collateFn)}`);
  for (const name of ['shuffle', 'dropLast', 'persistentWorkers'] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw new ArgumentError(`DataLoader: ${name} must be true or false, got ${describe(value)}`);
  }
  for (const name of ['sampler', 'batchSampler'] as const) {
    const value = options[name];
    if (value !== undefined && typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function')
      throw new ArgumentError(`DataLoader: ${name} must be iterable, got ${describe(value)}`);
  }
}

function checkExclusive(options: AnyOptions, isMap: boolean): void {
  const { batchSize, shuffle, sampler, batchSampler, dropLast } = options;
  if (options.persistentWorkers && !options.numWorkers)
    throw new ArgumentError('persistentWorkers option needs numWorkers > 0');
  if (!isMap) {
    const expected = (name: string, value: unknown): ArgumentError =>
      new ArgumentError(
        `DataLoader with IterableDataset: expected unspecified ${name} option, but got ${name}=${typeof value === 'boolean' ? value : describe(value)}`,
      );
    if (shuffle) throw expected('shuffle', shuffle);
    if (sampler !== undefined) throw expected('sampler', sampler);
    if (batchSampler !== undefined) throw expected('batchSampler', batchSampler);
  }
  if (sampler !== undefined && shuffle) throw new ArgumentError('sampler option is mutually exclusive with shuffle');
  if (
    batchSampler !== undefined &&
    ((batchSize !== undefined && batchSize !== 1) || shuffle || sampler !== undefined || dropLast)
  )
    throw new ArgumentError('batchSampler option is mutually exclusive with batchSize, shuffle, sampler, and dropLast');
  if (batchSize === null && dropLast)
    throw new ArgumentError('batchSize=null option disables auto-batching and is mutually exclusive with dropLast');
  if (batchSize === null && options.collateFn)
    throw new ArgumentError(
      'batchSize=null option disables auto-batching, so there is nothing for collateFn; use mapDataset',
    );
}
