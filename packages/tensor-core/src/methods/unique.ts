/**
 * Methods that find and count equal elements. Those whose result has a shape that depends on values read the tensor, and have an `…Async` twin for devices
 * that can't be read at once.
 */
import { dispatch } from '../dispatch.ts';
import { isFloat, isInteger, promoteTypes } from '../dtype.ts';
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { interpreters } from '../hooks.ts';
import { notImplementedFor, requireTensor } from '../ops/build.ts';
import { create } from '../ops/create.ts';
import { index as ops } from '../ops/index.ts';
import { movement } from '../ops/movement.ts';
import { checkInteger, formatShape, normalizeDim } from '../shape.ts';
import { requireSyncRead } from '../sync-read.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { IndexMethods } from './index.ts';

/** Options of `uniqueConsecutive`. */
export interface UniqueConsecutiveOptions {
  /** Also say at which place of the result each element stands. Default false. */
  returnInverse?: boolean;
  /** Also say how often each element of the result occurs. Default false. */
  returnCounts?: boolean;
  /** Compare the slices along this dim. Default: the elements of the flattened tensor. */
  dim?: number;
}

/** Options of `unique`. */
export interface UniqueOptions extends UniqueConsecutiveOptions {
  /** The result is always in ascending order; accepted for PyTorch's sake. */
  sorted?: boolean;
}

/** What `unique` gives if it is asked for more than the elements. */
export interface UniqueResult {
  readonly values: Tensor;
  /** int64, in the shape of the tensor, or a vector along `dim`; `null` unless asked for. */
  readonly inverseIndices: Tensor | null;
  /** int64; `null` unless asked for. */
  readonly counts: Tensor | null;
}

/** Asks for the elements alone. */
export interface ValuesOnly {
  returnInverse?: false;
  returnCounts?: false;
}

/** Asks for more than the elements. */
export type MoreThanValues = { returnInverse: true } | { returnCounts: true };

/** Options of `bincount`. */
export interface BincountOptions {
  /** What each element counts for, one for each. Default: 1. */
  weights?: Tensor;
  /** The least number of bins. Default 0. */
  minlength?: number;
}

/** Options of `histc`. */
export interface HistcOptions {
  /** The number of bins. Default 100. */
  bins?: number;
  /** The range. Where both are equal (default 0), that of the elements. */
  min?: number;
  max?: number;
}

/** Options of `isin`. */
export interface IsinOptions {
  /** Whether both tensors hold no element twice; accepted for PyTorch's sake. */
  assumeUnique?: boolean;
  /** True where an element is not among the others. Default false. */
  invert?: boolean;
}

const positions = (n: number, device: string): Tensor =>
  dispatch(create.arange, [], { start: 0, end: n, step: 1, dtype: 'int64', device });

const numberTensor = (value: number, dtype: 'int64' | 'bool', device: string): Tensor =>
  dispatch(create.full, [], { shape: [1], value, dtype, device });

const cat = (tensors: readonly Tensor[]): Tensor => dispatch(movement.cat, tensors, { dim: 0 });

/** Rows in which equal ones are neighbours, where each stood before, and whether each begins a run. */
interface Runs {
  readonly rows: Tensor;
  readonly order: Tensor | null;
  readonly starts: Tensor;
  readonly dim: number | null;
}

/** Whether each row differs from the one before it. NaN differs from everything, itself too. */
function runStarts(rows: Tensor): Tensor {
  const n = rows.shape[0];
  if (n === 0) return rows.detach().newZeros([0], { dtype: 'bool' });
  const differs = rows.slice(0, 1).ne(rows.slice(0, 0, n - 1));
  return cat([numberTensor(1, 'bool', rows.device), differs.ndim > 1 ? differs.flatten(1).any(1) : differs]);
}

/** The order in which the rows stand when sorted: by the last column first, since sorting is stable. */
function rowOrder(rows: Tensor): Tensor {
  const flat = rows.flatten(1);
  let order = positions(rows.shape[0], rows.device);
  for (let column = flat.shape[1] - 1; column >= 0; column--) {
    const keys = flat.select(1, column).indexSelect(0, order);
    order = order.indexSelect(0, keys.sort(0).indices);
  }
  return order;
}

function rowsAlong(where: string, x: Tensor, dim: number): Tensor {
  if (x.ndim === 0) throw new ShapeError(`${where}: a 0-dimensional tensor has no dim ${dim}`);
  if (x.shape.some((size, d) => size === 0 && d !== dim))
    throw new ShapeError(
      `There are 0 sized dimensions, and they aren't selected, so ${where} cannot be applied to shape ${formatShape(x.shape)}`,
    );
  return x.movedim(dim, 0);
}

/** Refuses bad input and reads the length that the counts need. */
function checkBincount(x: Tensor, { weights, minlength }: BincountOptions): void {
  if (!isInteger(x.dtype) || x.ndim !== 1)
    throw new ArgumentError(
      `bincount only supports 1-d non-negative integral inputs, got ${x.dtype} of shape ${formatShape(x.shape)}`,
    );
  if (minlength !== undefined && checkInteger(minlength, 'bincount: minlength') < 0)
    throw new ArgumentError(`minlength should be >= 0, got ${minlength} in bincount`);
  if (weights === undefined) return;
  requireTensor('bincount', weights, 1);
  if (weights.ndim !== 1 || weights.shape[0] !== x.shape[0])
    throw new ShapeError(
      `weights should be 1-d and have the same length as input, got ${formatShape(weights.shape)} for ${formatShape(x.shape)} in bincount`,
    );
}

function binned(x: Tensor, options: BincountOptions, low: number, high: number): Tensor {
  if (low < 0) throw new ArgumentError(`bincount only supports 1-d non-negative integral inputs, got ${low}`);
  const { weights, minlength = 0 } = options;
  const dtype = weights === undefined ? 'int64' : weights.dtype === 'float32' ? 'float32' : 'float64';
  const values = weights === undefined ? x.newOnes([x.numel()], { dtype }) : weights.to(dtype);
  return x.newZeros([Math.max(minlength, high + 1)], { dtype }).indexAdd(0, x.to('int64'), values);
}

/** Whether each element is in `row`, which has some and no NaN. */
function contains(row: Tensor, elements: Tensor): Tensor {
  const sorted = row.sort(0).values;
  const at = dispatch(ops.searchsorted, [sorted, elements], { right: false }).clamp(0, sorted.numel() - 1);
  return sorted.take(at).eq(elements);
}

function sortedRuns(self: Tensor, options: UniqueOptions): Runs {
  checkOptions('unique', options, ['sorted', 'returnInverse', 'returnCounts', 'dim']);
  if (options.dim === undefined) {
    const { values, indices } = self.flatten().sort(0);
    return { rows: values, order: indices, starts: runStarts(values), dim: null };
  }
  const dim = normalizeDim(options.dim, self.ndim, 'unique');
  const rows = rowsAlong('unique', self, dim);
  const order = rowOrder(rows);
  const sorted = rows.indexSelect(0, order);
  return { rows: sorted, order, starts: runStarts(sorted), dim };
}

function standingRuns(self: Tensor, options: UniqueConsecutiveOptions): Runs {
  checkOptions('uniqueConsecutive', options, ['returnInverse', 'returnCounts', 'dim']);
  const dim = options.dim === undefined ? null : normalizeDim(options.dim, self.ndim, 'uniqueConsecutive');
  const rows = dim === null ? self.flatten() : rowsAlong('uniqueConsecutive', self, dim);
  return { rows, order: null, starts: runStarts(rows), dim };
}

function unique(
  self: Tensor,
  { rows, order, starts, dim }: Runs,
  at: Tensor,
  { returnInverse = false, returnCounts = false }: UniqueConsecutiveOptions,
): UniqueResult | Tensor {
  const kept = dispatch(ops.uniqueRows, [rows, at], null);
  const values = dim === null ? kept : kept.movedim(0, dim);
  if (!returnInverse && !returnCounts) return values;
  const n = rows.shape[0];
  let inverseIndices: Tensor | null = null;
  if (returnInverse) {
    const run = starts.cumsum(0).sub(1);
    const placed = order ? run.newZeros([n]).indexCopy(0, order, run) : run;
    inverseIndices = dim === null ? placed.view(self.shape) : placed;
  }
  const ends = n === 0 ? at : cat([at.slice(0, 1), numberTensor(n, 'int64', at.device)]);
  return { values, inverseIndices, counts: returnCounts ? ends.sub(at) : null };
}

/** Both ends as 0-d tensors, never equal. */
function histogramRange(x: Tensor, min: number, max: number): readonly [Tensor, Tensor] {
  if (min !== max) return [x.newFull([], min), x.newFull([], max)];
  const [low, high] = x.numel() > 0 ? [x.min(), x.max()] : [x.newFull([], min), x.newFull([], max)];
  if (x.storage.device.runtime.downloadSync && interpreters.length === 0) {
    const ends = [low.itemSync(), high.itemSync()];
    if (!ends.every(Number.isFinite)) throw new ArgumentError(`histc: range of [${ends.join(', ')}] is not finite`);
  }
  const widen = low.eq(high).to(x.dtype);
  return [low.sub(widen), high.add(widen)];
}

function among(self: Tensor, others: Tensor): Tensor {
  if (others.device !== self.device)
    throw new ArgumentError(`isin: both tensors must be on one device, got ${self.device} and ${others.device}`);
  if (self.dtype === 'bool' || others.dtype === 'bool')
    throw new DTypeError(`isin: Unsupported input type encountered, got ${self.dtype} and ${others.dtype}`);
  if (others.numel() === 0)
    return dispatch(create.fullLike, [self.detach()], { value: 0, dtype: 'bool', device: self.device });
  const dtype = promoteTypes(self.dtype, others.dtype);
  const elements = self.detach().to(dtype);
  const flat = others.detach().to(dtype).flatten();
  if (!isFloat(dtype)) return contains(flat, elements);
  // a search has no place for NaN: as infinities they stand at the end, and infinities are looked for by themselves
  const infinite = flat.eq(Number.POSITIVE_INFINITY).any();
  const found = contains(flat.where(flat.eq(flat), Number.POSITIVE_INFINITY), elements);
  return found.logicalAnd(elements.ne(Number.POSITIVE_INFINITY).logicalOr(infinite));
}

export abstract class UniqueMethods extends IndexMethods {
  /**
   * The distinct elements in ascending order, or with `dim` the distinct slices in lexicographic order
   * (https://pytorch.org/docs/stable/generated/torch.unique.html). NaN equals nothing, so each is kept. Asked for inverse or counts, it gives an object.
   * It has no derivative.
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link uniqueAsync}.
   * @example
   * tensor([3, 1, 3]).unique(); // [1, 3]
   * const { values, counts } = tensor([3, 1, 3]).unique({ returnCounts: true }); // [1, 3] and [1, 2]
   */
  unique(options?: UniqueOptions & ValuesOnly): Tensor;
  unique(options: UniqueOptions & MoreThanValues): UniqueResult;
  unique(options?: UniqueOptions): UniqueResult | Tensor;
  unique(options: UniqueOptions = {}): UniqueResult | Tensor {
    requireSyncRead('unique', this.self);
    const runs = sortedRuns(this.self, options);
    return unique(this.self, runs, runs.starts.nonzero().flatten(), options);
  }

  /** {@link unique} on devices that can only be read asynchronously; works on all of them. */
  async uniqueAsync(options?: UniqueOptions & ValuesOnly): Promise<Tensor>;
  async uniqueAsync(options: UniqueOptions & MoreThanValues): Promise<UniqueResult>;
  async uniqueAsync(options?: UniqueOptions): Promise<UniqueResult | Tensor>;
  async uniqueAsync(options: UniqueOptions = {}): Promise<UniqueResult | Tensor> {
    const runs = sortedRuns(this.self, options);
    return unique(this.self, runs, (await runs.starts.nonzeroAsync()).flatten(), options);
  }

  /**
   * The elements (or slices along `dim`) without those that equal the one before them, in the order they stand
   * (https://pytorch.org/docs/stable/generated/torch.unique_consecutive.html). It has no derivative.
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link uniqueConsecutiveAsync}.
   */
  uniqueConsecutive(options?: UniqueConsecutiveOptions & ValuesOnly): Tensor;
  uniqueConsecutive(options: UniqueConsecutiveOptions & MoreThanValues): UniqueResult;
  uniqueConsecutive(options?: UniqueConsecutiveOptions): UniqueResult | Tensor;
  uniqueConsecutive(options: UniqueConsecutiveOptions = {}): UniqueResult | Tensor {
    requireSyncRead('uniqueConsecutive', this.self);
    const runs = standingRuns(this.self, options);
    return unique(this.self, runs, runs.starts.nonzero().flatten(), options);
  }

  /** {@link uniqueConsecutive} on devices that can only be read asynchronously; works on all of them. */
  async uniqueConsecutiveAsync(options?: UniqueConsecutiveOptions & ValuesOnly): Promise<Tensor>;
  async uniqueConsecutiveAsync(options: UniqueConsecutiveOptions & MoreThanValues): Promise<UniqueResult>;
  async uniqueConsecutiveAsync(options?: UniqueConsecutiveOptions): Promise<UniqueResult | Tensor>;
  async uniqueConsecutiveAsync(options: UniqueConsecutiveOptions = {}): Promise<UniqueResult | Tensor> {
    const runs = standingRuns(this.self, options);
    return unique(this.self, runs, (await runs.starts.nonzeroAsync()).flatten(), options);
  }

  /**
   * How often each number from 0 on occurs in this vector of non-negative integers, or the sum of the weights of its places
   * (https://pytorch.org/docs/stable/generated/torch.bincount.html): int64, or the weights' float dtype (float64 if they are integers).
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link bincountAsync}.
   */
  bincount(options: BincountOptions = {}): Tensor {
    checkOptions('bincount', options, ['weights', 'minlength']);
    requireSyncRead('bincount', this.self);
    checkBincount(this.self, options);
    if (this.numel() === 0) return binned(this.self, options, 0, -1);
    return binned(this.self, options, this.min().itemSync(), this.max().itemSync());
  }

  /** {@link bincount} on devices that can only be read asynchronously; works on all of them. */
  async bincountAsync(options: BincountOptions = {}): Promise<Tensor> {
    checkOptions('bincount', options, ['weights', 'minlength']);
    checkBincount(this.self, options);
    if (this.numel() === 0) return binned(this.self, options, 0, -1);
    return binned(this.self, options, await this.min().item(), await this.max().item());
  }

  /**
   * How many elements fall into each of `bins` equal parts of the range from `min` to `max`, in this tensor's float dtype. The last part holds its end; what lies
   * outside and NaN is left out (https://pytorch.org/docs/stable/generated/torch.histc.html).
   *
   * @throws ArgumentError unless `bins > 0` and `min <= max`, or for a range that is not finite.
   */
  histc(options: HistcOptions = {}): Tensor {
    checkOptions('histc', options, ['bins', 'min', 'max']);
    const { bins = 100, min = 0, max = 0 } = options;
    if (!isFloat(this.dtype)) throw notImplementedFor('histc', this.dtype);
    if (checkInteger(bins, 'histc: bins') <= 0) throw new ArgumentError(`histc: bins must be > 0, got ${bins}`);
    if (!Number.isFinite(min) || !Number.isFinite(max))
      throw new ArgumentError(`histc: range of [${min}, ${max}] is not finite`);
    if (min > max) throw new ArgumentError(`histc: max must be larger than min, got [${min}, ${max}]`);
    const x = this.detach().flatten();
    const [low, high] = histogramRange(x, min, max);
    const inside = x.ge(low).logicalAnd(x.le(high));
    const place = x
      .where(inside, low)
      .sub(low)
      .div(high.sub(low))
      .mul(bins)
      .to('int64')
      .clamp(0, bins - 1);
    return x.newZeros([bins]).indexAdd(0, place, inside.to(this.dtype));
  }

  /**
   * Whether each element is among those of `testElements` (a tensor or a number): bool, in the shape of this tensor
   * (https://pytorch.org/docs/stable/generated/torch.isin.html). NaN is among nothing.
   */
  isin(testElements: Tensor | number, options: IsinOptions = {}): Tensor {
    checkOptions('isin', options, ['assumeUnique', 'invert']);
    if (!isTensor(testElements) && typeof testElements !== 'number')
      throw new ArgumentError(`isin: expected a tensor or a number, got ${describe(testElements)}`);
    const found = isTensor(testElements) ? among(this.self, testElements) : this.eq(testElements);
    return options.invert ? found.logicalNot() : found;
  }
}
