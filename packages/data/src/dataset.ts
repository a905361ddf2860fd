/** Datasets: what can be asked for a sample by its index, or iterated over (https://pytorch.org/docs/stable/data.html#dataset-types). */
import {
  ArgumentError,
  checkOptions,
  defaultGenerator,
  describe,
  Generator,
  IndexError,
  isTensor,
  ShapeError,
  type Tensor,
  tensor,
} from '@tenfold/tensor-core';
import type { Collated } from './collate.ts';
import { permutation } from './draw.ts';

/**
 * A map-style dataset: anything with a length whose samples are had by index, at once or as promises. An array is one, too, wherever a dataset is taken.
 *
 * @example
 * class Squares implements Dataset<[number, number]> {
 *   readonly length = 100;
 *   get(index: number): [number, number] {
 *     return [index, index ** 2];
 *   }
 * }
 */
export interface Dataset<T> {
  readonly length: number;
  /**
   * The sample at `index`.
   *
   * @param generator Where random augmentation takes its numbers from. A `DataLoader` gives one of its own to every sample, so that the numbers are the same
   * whatever the workers, prefetching and resuming.
   */
  get(index: number, generator?: Generator): T | Promise<T>;
  /** Optional, and faster: what `defaultCollate` makes of the samples at `indices`. Its tensors are the caller's, who may dispose them. */
  getBatch?(indices: readonly number[]): Collated<T> | Promise<Collated<T>>;
}

/** An iterable-style dataset: a stream whose samples come in an order of its own, at once or asynchronously. */
export type IterableDataset<T> = Iterable<T> | AsyncIterable<T>;

/** An array as a dataset; a dataset itself. */
export const asDataset = <T>(source: Dataset<T> | readonly T[]): Dataset<T> =>
  Array.isArray(source) ? new ArrayDataset(source) : (source as Dataset<T>);

export function isMapStyle(value: unknown): value is Dataset<unknown> {
  const { length, get } = (value ?? {}) as Partial<Dataset<unknown>>;
  return typeof length === 'number' && typeof get === 'function';
}

/** A dataset or an array, as a dataset. @throws ArgumentError for anything else. */
export function requireDataset<T>(where: string, value: Dataset<T> | readonly T[]): Dataset<T> {
  if (Array.isArray(value) || isMapStyle(value)) return asDataset(value);
  throw new ArgumentError(
    `${where}: expected a dataset with length and get(index), or an array; got ${describe(value)}`,
  );
}

/** `index` from the front: negative ones count from the end. */
export function checkIndex(where: string, index: number, length: number): number {
  if (!Number.isInteger(index)) throw new IndexError(`${where}: an index must be an integer, got ${describe(index)}`);
  if (index < -length || index >= length)
    throw new IndexError(`${where}: index ${index} is out of range for a dataset of ${length}`);
  return index < 0 ? index + length : index;
}

class ArrayDataset<T> implements Dataset<T> {
  readonly #items: readonly T[];

  constructor(items: readonly T[]) {
    this.#items = items;
  }

  get length(): number {
    return this.#items.length;
  }

  get(index: number): T {
    return this.#items[checkIndex('an array as dataset', index, this.length)];
  }
}

/** A tuple of as many tensors. */
export type TensorsOf<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

/**
 * Tensors of one length, whose samples are tuples of their rows (https://pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset).
 * A whole batch is one gather per tensor.
 *
 * @throws ShapeError unless all have the same size in their first dim.
 * @example
 * const [image, label] = new TensorDataset(images, labels).get(0);
 */
export class TensorDataset<const T extends readonly Tensor[]> implements Dataset<TensorsOf<T>> {
  readonly tensors: T;
  readonly length: number;

  constructor(...tensors: T) {
    if (tensors.length === 0) throw new ArgumentError('TensorDataset: at least one tensor is needed');
    const wrong = tensors.find((x) => !isTensor(x));
    if (wrong !== undefined) throw new ArgumentError(`TensorDataset: expected tensors, got ${describe(wrong)}`);
    const sizes = tensors.map(({ shape }) => shape[0]);
    if (sizes.some((n) => n === undefined)) throw new ShapeError('TensorDataset: a 0-dim tensor has no samples');
    if (sizes.some((n) => n !== sizes[0]))
      throw new ShapeError(`Size mismatch between tensors: TensorDataset got first dims of ${sizes.join(', ')}`);
    this.tensors = tensors;
    this.length = sizes[0];
  }

  get(index: number): TensorsOf<T> {
    const at = checkIndex('TensorDataset', index, this.length);
    return this.tensors.map((x) => x.select(0, at)) as unknown as TensorsOf<T>;
  }

  getBatch(indices: readonly number[]): Collated<TensorsOf<T>> {
    const at = indices.map((index) => BigInt(checkIndex('TensorDataset', index, this.length)));
    return this.tensors.map((x) => rows(x, at)) as Collated<TensorsOf<T>>;
  }
}

/** The rows of `x` at `indices`, as a copy. */
export function rows(x: Tensor, indices: readonly bigint[]): Tensor {
  using at = tensor(BigInt64Array.from(indices), { device: x.device });
  if (x.ndim <= 2 || x.numel() === 0 || x.requiresGrad || !x.isContiguous()) return x.indexSelect(0, at);
  // whole rows are copied faster than what lies in several dims
  using flat = x.view([x.shape[0], -1]);
  using picked = flat.indexSelect(0, at);
  return picked.view([indices.length, ...x.shape.slice(1)]);
}

/** Some samples of a dataset (https://pytorch.org/docs/stable/data.html#torch.utils.data.Subset). @throws IndexError for an index that it hasn't. */
export class Subset<T> implements Dataset<T> {
  readonly dataset: Dataset<T>;
  readonly indices: readonly number[];
  declare getBatch?: (indices: readonly number[]) => Collated<T> | Promise<Collated<T>>;

  constructor(dataset: Dataset<T> | readonly T[], indices: Iterable<number>) {
    this.dataset = requireDataset('Subset', dataset);
    this.indices = Array.from(indices, (index) => checkIndex('Subset', index, dataset.length));
    if (this.dataset.getBatch)
      this.getBatch = (wanted) =>
        (this.dataset.getBatch as Required<Dataset<T>>['getBatch'])(wanted.map((i) => this.at(i)));
  }

  get length(): number {
    return this.indices.length;
  }

  /** The index in the whole dataset. */
  at(index: number): number {
    return this.indices[checkIndex('Subset', index, this.length)];
  }

  get(index: number, generator?: Generator): T | Promise<T> {
    return this.dataset.get(this.at(index), generator);
  }
}

/** Datasets one after the other (https://pytorch.org/docs/stable/data.html#torch.utils.data.ConcatDataset). */
export class ConcatDataset<T> implements Dataset<T> {
  readonly datasets: readonly Dataset<T>[];
  /** Where each dataset ends. */
  readonly cumulativeSizes: readonly number[];

  constructor(datasets: readonly (Dataset<T> | readonly T[])[]) {
    if (!Array.isArray(datasets) || datasets.length === 0)
      throw new ArgumentError('datasets should not be an empty iterable in ConcatDataset');
    let end = 0;
    this.datasets = datasets.map((dataset) => requireDataset('ConcatDataset', dataset));
    this.cumulativeSizes = this.datasets.map(({ length }) => (end += length));
  }

  get length(): number {
    return this.cumulativeSizes[this.cumulativeSizes.length - 1];
  }

  get(index: number, generator?: Generator): T | Promise<T> {
    const at = checkIndex('ConcatDataset', index, this.length);
    const which = this.cumulativeSizes.findIndex((end) => at < end);
    return this.datasets[which].get(at - (this.cumulativeSizes[which - 1] ?? 0), generator);
  }
}

/**
 * A dataset whose samples went through `fn`: where transforms and random augmentation go.
 *
 * @param fn Gets the sample and, from a `DataLoader`, the generator of that sample.
 * @example
 * const augmented = mapDataset(train, ([image, label], generator) => [augment(image, generator), label]);
 */
export function mapDataset<T, const U>(
  dataset: Dataset<T> | readonly T[],
  fn: (sample: T, generator?: Generator) => U | Promise<U>,
): Dataset<U> {
  const inner = requireDataset('mapDataset', dataset);
  if (typeof fn !== 'function') throw new ArgumentError(`mapDataset: fn must be a function, got ${describe(fn)}`);
  return {
    get length(): number {
      return inner.length;
    },
    get(index, generator) {
      const sample = inner.get(index, generator);
      return sample instanceof Promise ? sample.then((value) => fn(value, generator)) : fn(sample, generator);
    },
  };
}

/** Options of {@link randomSplit}. */
export interface RandomSplitOptions {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/**
 * Random parts of a dataset that don't overlap (https://pytorch.org/docs/stable/data.html#torch.utils.data.random_split).
 *
 * @param lengths How many samples each part has, or fractions that sum to 1: of these each part gets the whole number below, and what remains goes round.
 * @throws ArgumentError unless the lengths sum to the dataset's.
 * @example
 * const [train, test] = randomSplit(dataset, [0.8, 0.2], { generator: new Generator(42) });
 */
export function randomSplit<T>(
  dataset: Dataset<T> | readonly T[],
  lengths: readonly number[],
  options: RandomSplitOptions = {},
): Subset<T>[] {
  checkOptions('randomSplit', options, ['generator']);
  const whole = requireDataset('randomSplit', dataset);
  const counts = splitCounts(lengths, whole.length);
  const order = permutation(whole.length, checkGenerator('randomSplit', options.generator) ?? defaultGenerator);
  let start = 0;
  return counts.map((count) => new Subset(whole, order.subarray(start, (start += count))));
}

function splitCounts(lengths: readonly number[], total: number): readonly number[] {
  if (!Array.isArray(lengths) || lengths.some((n) => typeof n !== 'number' || Number.isNaN(n)))
    throw new ArgumentError(`randomSplit: lengths must be an array of numbers, got ${describe(lengths)}`);
  const sum = lengths.reduce((a, b) => a + b, 0);
  const whole = lengths.every((n) => Number.isInteger(n));
  if (whole && sum === total && lengths.every((n) => n >= 0)) return lengths;
  if (Math.abs(sum - 1) > 1e-9) {
    throw new ArgumentError(
      `Sum of input lengths does not equal the length of the input dataset! randomSplit got [${lengths.join(', ')}] for ${total} samples; ` +
        'fractions must sum to 1',
    );
  }
  const bad = lengths.findIndex((n) => n < 0 || n > 1);
  if (bad >= 0) throw new ArgumentError(`randomSplit: Fraction at index ${bad} is not between 0 and 1`);
  const counts = lengths.map((fraction) => Math.floor(total * fraction));
  const rest = total - counts.reduce((a, b) => a + b, 0);
  for (let i = 0; i < rest; i++) counts[i % counts.length]++;
  return counts;
}

/** The generator of an option, if there is one. */
export function checkGenerator(where: string, generator: Generator | undefined): Generator | undefined {
  if (generator === undefined || generator instanceof Generator) return generator;
  throw new ArgumentError(`${where}: generator must be a Generator, got ${describe(generator)}`);
}
