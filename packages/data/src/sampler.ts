/** The orders in which a loader takes samples (https://pytorch.org/docs/stable/data.html#data-loading-order-and-sampler). */
import {
  ArgumentError,
  checkOptions,
  defaultGenerator,
  describe,
  Generator,
  isTensor,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkGenerator } from './dataset.ts';
import { drawSeed, drawUniform, permutation } from './draw.ts';

/** Whatever has a length. */
export interface Sized {
  readonly length: number;
}

/**
 * An order of indices. What is random in an epoch follows from one seed, which is taken from the generator when the epoch begins: so an epoch can be
 * repeated, and a loader can resume in its middle.
 */
export abstract class Sampler<T = number> implements Iterable<T> {
  /** Where the seeds come from. Default: the loader's, and without a loader the generator that `manualSeed` seeds. */
  readonly generator: Generator | undefined;

  constructor(generator?: Generator) {
    this.generator = checkGenerator(new.target.name, generator);
  }

  /** How many indices (or batches of them) an epoch has. */
  abstract readonly length: number;

  /** The order of the epoch that has this seed. */
  abstract epoch(seed: number): Iterable<T>;

  [Symbol.iterator](): Iterator<T> {
    return this.epoch(drawSeed(this.generator ?? defaultGenerator))[Symbol.iterator]();
  }
}

/** One epoch of a sampler, or of any iterable. */
export const epochOf = <T>(sampler: Iterable<T>, seed: number): Iterable<T> =>
  sampler instanceof Sampler ? sampler.epoch(seed) : sampler;

function checkSized(where: string, value: Sized): number {
  if (Number.isInteger(value?.length)) return value.length;
  throw new ArgumentError(`${where}: expected a dataset with a length, got ${describe(value)}`);
}

function checkCount(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new ArgumentError(`${what} should be a positive integer value, but got ${what}=${String(value)}`);
}

function checkFlag(what: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new ArgumentError(`${what} should be a boolean value, but got ${what}=${String(value)}`);
}

/** 0, 1, 2, … */
export class SequentialSampler extends Sampler {
  readonly #source: Sized;

  constructor(dataSource: Sized) {
    super();
    checkSized('SequentialSampler', dataSource);
    this.#source = dataSource;
  }

  get length(): number {
    return this.#source.length;
  }

  *epoch(): Iterable<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** Options of {@link RandomSampler}. */
export interface RandomSamplerOptions {
  /** Whether an index may come more than once. Default false. */
  replacement?: boolean;
  /** How many are drawn. Default: as many as there are. Without replacement, more begin another permutation. */
  numSamples?: number | undefined;
  generator?: Generator | undefined;
}

/** All indices in random order, or draws with replacement. */
export class RandomSampler extends Sampler {
  readonly replacement: boolean;
  readonly length: number;
  readonly #source: Sized;

  constructor(dataSource: Sized, options: RandomSamplerOptions = {}) {
    checkOptions('RandomSampler', options, ['replacement', 'numSamples', 'generator']);
    super(options.generator);
    this.replacement = checkFlag('replacement', options.replacement ?? false);
    this.length = checkCount('numSamples', options.numSamples ?? checkSized('RandomSampler', dataSource));
    this.#source = dataSource;
    checkCount('dataSource.length', dataSource.length);
  }

  *epoch(seed: number): Iterable<number> {
    const generator = new Generator(seed);
    const n = this.#source.length;
    if (this.replacement) {
      for (const u of drawUniform(generator, this.length)) yield Math.floor(u * n);
      return;
    }
    for (let left = this.length; left > 0; left -= n) yield* permutation(n, generator).subarray(0, Math.min(n, left));
  }
}

/** The given indices in random order. */
export class SubsetRandomSampler extends Sampler {
  readonly indices: readonly number[];

  constructor(indices: Iterable<number>, options: { generator?: Generator | undefined } = {}) {
    checkOptions('SubsetRandomSampler', options, ['generator']);
    super(options.generator);
    this.indices = Array.from(indices);
  }

  get length(): number {
    return this.indices.length;
  }

  *epoch(seed: number): Iterable<number> {
    for (const i of permutation(this.length, new Generator(seed))) yield this.indices[i];
  }
}

/** Options of {@link WeightedRandomSampler}. */
export interface WeightedRandomSamplerOptions {
  /** Whether an index may come more than once. Default true. */
  replacement?: boolean;
  generator?: Generator | undefined;
}

/**
 * Indices drawn with the given weights, which need not sum to 1: against classes of unequal sizes.
 *
 * @param weights A number from 0 for each sample. A tensor is read at once.
 * @throws ArgumentError for weights that are negative, not finite, or all 0, and if more are drawn without replacement than have a weight.
 */
export class WeightedRandomSampler extends Sampler {
  readonly weights: Float64Array;
  readonly replacement: boolean;
  readonly length: number;

  constructor(weights: ArrayLike<number> | Tensor, numSamples: number, options: WeightedRandomSamplerOptions = {}) {
    checkOptions('WeightedRandomSampler', options, ['replacement', 'generator']);
    super(options.generator);
    this.length = checkCount('numSamples', numSamples);
    this.replacement = checkFlag('replacement', options.replacement ?? true);
    this.weights = Float64Array.from(isTensor(weights) ? (weights.toArraySync() as number[]) : weights, Number);
    if (isTensor(weights) && weights.ndim !== 1)
      throw new ArgumentError(
        `weights should be a 1d sequence but given weights have shape [${weights.shape.join(', ')}]`,
      );
    const bad = this.weights.findIndex((w) => !(w >= 0 && w < Number.POSITIVE_INFINITY));
    if (bad >= 0)
      throw new ArgumentError(
        `WeightedRandomSampler: weight ${bad} is ${this.weights[bad]}; weights must be finite and not negative`,
      );
    const drawable = this.weights.filter((w) => w > 0).length;
    if (drawable === 0) throw new ArgumentError('WeightedRandomSampler: the sum of the weights must be positive');
    if (!this.replacement && numSamples > drawable) {
      throw new ArgumentError(
        `WeightedRandomSampler: cannot draw ${numSamples} samples without replacement from ${drawable} with a positive weight`,
      );
    }
  }

  epoch(seed: number): Iterable<number> {
    const generator = new Generator(seed);
    return this.replacement ? this.#withReplacement(generator) : this.#withoutReplacement(generator);
  }

  /** Where u · Σw falls among the running sums. */
  *#withReplacement(generator: Generator): Iterable<number> {
    let sum = 0;
    const sums = this.weights.map((w) => (sum += w));
    // rounding may not lead to an index beyond the last that has a weight
    const last = this.weights.findLastIndex((w) => w > 0);
    for (const u of drawUniform(generator, this.length)) yield Math.min(last, firstAbove(sums, u * sum));
  }

  /** The smallest e / w, the e drawn from the exponential distribution. */
  #withoutReplacement(generator: Generator): Iterable<number> {
    const keys = drawUniform(generator, this.weights.length).map((u, i) => -Math.log1p(-u) / this.weights[i]);
    // 0 / 0 is no key: no weight, no draw
    const order = Array.from(keys.keys()).filter((i) => this.weights[i] > 0);
    return order.sort((a, b) => keys[a] - keys[b]).slice(0, this.length);
  }
}

/** The index of the first of the rising `sums` that is greater than `x`. */
function firstAbove(sums: Float64Array, x: number): number {
  let [low, high] = [0, sums.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The indices of a sampler in batches. */
export class BatchSampler extends Sampler<number[]> {
  readonly sampler: Iterable<number>;
  readonly batchSize: number;
  readonly dropLast: boolean;

  constructor(sampler: Iterable<number>, batchSize: number, dropLast: boolean) {
    super(sampler instanceof Sampler ? sampler.generator : undefined);
    if (typeof sampler?.[Symbol.iterator] !== 'function')
      throw new ArgumentError(`BatchSampler: sampler must be iterable, got ${describe(sampler)}`);
    this.sampler = sampler;
    this.batchSize = checkCount('batchSize', batchSize);
    this.dropLast = checkFlag('dropLast', dropLast);
  }

  /** @throws ArgumentError if the sampler has no length. */
  get length(): number {
    const batches = checkSized('BatchSampler', this.sampler as unknown as Sized) / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *epoch(seed: number): Iterable<number[]> {
    let batch: number[] = [];
    for (const index of epochOf(this.sampler, seed)) {
      batch.push(index);
      if (batch.length < this.batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}

/** Options of {@link DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** How many processes share the dataset. */
  numReplicas: number;
  /** Which of them this one is, from 0. */
  rank: number;
  /** Default true. */
  shuffle?: boolean;
  /** The same on all processes. Default 0. */
  seed?: number;
  /** Whether what doesn't divide is left out, rather than some indices given twice. Default false. */
  dropLast?: boolean;
}

/**
 * The share of one of several processes; all shares have one length (https://pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler).
 * As in PyTorch the order follows from `seed` and the epoch that {@link DistributedSampler.setEpoch} tells: call it before each
 * one, one that is resumed too.
 */
export class DistributedSampler extends Sampler {
  readonly numReplicas: number;
  readonly rank: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly dropLast: boolean;
  #epoch = 0;
  readonly #source: Sized;

  constructor(dataset: Sized, options: DistributedSamplerOptions) {
    checkOptions('DistributedSampler', options, ['numReplicas', 'rank', 'shuffle', 'seed', 'dropLast']);
    super();
    checkSized('DistributedSampler', dataset);
    this.#source = dataset;
    this.numReplicas = checkCount('numReplicas', options?.numReplicas);
    this.rank = options.rank;
    if (!Number.isInteger(this.rank) || this.rank < 0 || this.rank >= this.numReplicas) {
      const last = this.numReplicas - 1;
      throw new ArgumentError(`Invalid rank ${String(this.rank)}, rank should be in the interval [0, ${last}]`);
    }
    this.shuffle = checkFlag('shuffle', options.shuffle ?? true);
    this.seed = options.seed ?? 0;
    if (!Number.isSafeInteger(this.seed) || this.seed < 0)
      throw new ArgumentError(`DistributedSampler: seed must be an integer from 0, got ${describe(options.seed)}`);
    this.dropLast = checkFlag('dropLast', options.dropLast ?? false);
  }

  get length(): number {
    const share = this.#source.length / this.numReplicas;
    return this.dropLast ? Math.floor(share) : Math.ceil(share);
  }

  /** Says which epoch comes next, so that each has another order. */
  setEpoch(epoch: number): void {
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw new ArgumentError(`setEpoch: expected an integer from 0, got ${describe(epoch)}`);
    this.#epoch = epoch;
  }

  *epoch(): Iterable<number> {
    const n = this.#source.length;
    const order = this.shuffle
      ? permutation(n, new Generator(this.seed + this.#epoch))
      : Uint32Array.from({ length: n }, (_, i) => i);
    // beyond the end the order begins again
    for (let i = 0; i < this.length; i++) yield order[(this.rank + i * this.numReplicas) % n];
  }
}
