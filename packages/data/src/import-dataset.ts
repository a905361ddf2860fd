/** Datasets that workers can make again: a module's address, the name of an export, and arguments are what can be sent to them. */
import { ArgumentError, checkOptions, describe } from '@tenfold/tensor-core';
import { asDataset, type Dataset, type IterableDataset, isMapStyle, Subset } from './dataset.ts';
import type { AnyWorker, ModuleSource } from './protocol.ts';

/** What {@link importDataset} takes. */
export interface ImportDatasetOptions {
  /** The module's address: `new URL('./digits.js', import.meta.url)`. */
  module: URL | string;
  /** The dataset's class, or a function (asynchronous if it likes) that makes one. Default `'default'`. */
  export?: string;
  /** What it is called with: anything that structured cloning takes. */
  args?: readonly unknown[];
  /**
   * Starts a worker whose script calls `serveDataset` of `@tenfold/data/worker`. Needed with a bundler, which finds a worker's script by this very form:
   * `() => new Worker(new URL('./digits.worker.js', import.meta.url), { type: 'module' })`.
   */
  createWorker?: () => AnyWorker;
}

/** How the workers of a dataset begin. */
export interface WorkerSource {
  readonly source: ModuleSource;
  readonly createWorker: (() => AnyWorker) | undefined;
}

const sources = new WeakMap<object, WorkerSource>();

/**
 * Makes a dataset of a module here, and notes how workers make it again: for a `DataLoader` with `numWorkers`. Parts of it (`Subset`, `randomSplit`)
 * can be loaded by workers, too.
 *
 * @typeParam T What the samples are. @typeParam D The dataset's type, if more of it is used.
 * @throws ArgumentError if the module has no such export, or it makes no dataset.
 * @example
 * const dataset = await importDataset<[Float32Array, bigint]>({ module: new URL('./digits.js', import.meta.url), export: 'Digits', args: ['data/'] });
 * const loader = new DataLoader(dataset, { batchSize: 64, shuffle: true, numWorkers: 2 });
 */
export async function importDataset<T, D extends Dataset<T> | IterableDataset<T> = Dataset<T>>(
  options: ImportDatasetOptions,
): Promise<D> {
  checkOptions('importDataset', options, ['module', 'export', 'args', 'createWorker']);
  const { module, export: name = 'default', args = [], createWorker } = options;
  if (!URL.canParse(String(module))) {
    throw new ArgumentError(
      `importDataset: module must be an absolute address such as new URL('./dataset.js', import.meta.url), got ${describe(module)}`,
    );
  }
  if (!Array.isArray(args)) throw new ArgumentError(`importDataset: args must be an array, got ${describe(args)}`);
  const source: ModuleSource = { module: String(module), export: name, args };
  const dataset = await makeDataset(await importModule(source), args, `importDataset: '${name}'`);
  sources.set(dataset, { source, createWorker });
  return dataset as D;
}

/** The export that a source names. */
export async function importModule({ module, export: name }: ModuleSource): Promise<unknown> {
  const exports: { [name: string]: unknown } = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ module as string
  );
  if (name in exports) return exports[name];
  const names = Object.keys(exports).join(', ') || 'nothing';
  throw new ArgumentError(`importDataset: ${module} does not export '${name}'; it exports ${names}`);
}

const isIterable = (value: object): value is IterableDataset<unknown> =>
  Symbol.iterator in value || Symbol.asyncIterator in value;

/** A dataset of its class, of a function that makes one, or itself. */
export async function makeDataset(
  create: unknown,
  args: readonly unknown[],
  where: string,
): Promise<Dataset<unknown> | IterableDataset<unknown>> {
  const made: unknown = typeof create === 'function' ? await call(create, args) : create;
  if (Array.isArray(made)) return asDataset(made);
  if (typeof made === 'object' && made !== null && (isMapStyle(made) || isIterable(made))) return made;
  throw new ArgumentError(
    `${where} must be or make a dataset with length and get(index), or an iterable; got ${describe(made)}`,
  );
}

function call(create: object, args: readonly unknown[]): unknown {
  const { prototype } = create as { prototype?: object };
  // a class can only be told from a function by what its objects have
  const isClass = typeof prototype === 'object' && prototype !== null && ('get' in prototype || isIterable(prototype));
  if (isClass && !isGeneratorFunction(create)) return Reflect.construct(create as new () => unknown, args);
  return (create as (...args: unknown[]) => unknown)(...args);
}

/** What a generator function makes is iterable, too. */
const isGeneratorFunction = (value: object): boolean => /Generator/.test(Object.prototype.toString.call(value));

/** How workers make `dataset`, and where its indices lie in what they make. @throws ArgumentError if they can't. */
export function workerSource(
  dataset: object,
): WorkerSource & { readonly at: (index: number) => number; readonly root: object } {
  const known = sources.get(dataset);
  if (known) return { ...known, at: (index) => index, root: dataset };
  if (dataset instanceof Subset) {
    const whole = workerSource(dataset.dataset);
    return { ...whole, at: (index) => whole.at(dataset.at(index)) };
  }
  throw new ArgumentError(
    'DataLoader: workers can only load a dataset that they can make again, for functions and objects are not shared between threads. Write its class (with its ' +
      "transforms) in a module of its own, and make it by: await importDataset({ module: new URL('./dataset.js', import.meta.url), export: 'MyDataset', args: [] })",
  );
}
