/**
 * Methods that read and write elements at computed positions, and order them
 * (https://pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops).
 */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, IndexError } from '../errors.ts';
import { create } from '../ops/create.ts';
import { elementwise } from '../ops/elementwise.ts';
import { index as ops } from '../ops/index.ts';
import { broadcastShapes, checkInteger, formatShape, normalizeDim, sameShape } from '../shape.ts';
import { requireSyncRead } from '../sync-read.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { ScatterMethods } from './scatter.ts';

/** A range of positions of one dim, as Python's `start:end:step`. */
export interface IndexRange {
  start?: number | null;
  end?: number | null;
  step?: number;
}

/**
 * One entry of `x.index([…])`: integer indices, a bool mask, one position (its dim vanishes), a range, `null` for a whole dim, `'...'` for as many
 * whole dims as are left (Python's `...`), or `'newAxis'` for a new dim of size 1 (Python's `None`).
 */
export type IndexEntry = Tensor | number | IndexRange | null | '...' | 'newAxis';

/** Values in order, and where each stood. */
export interface Sorted {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Largest first. Default false. NaN counts as the largest. */
  descending?: boolean;
  /** Sorting is always stable; accepted for PyTorch's sake. */
  stable?: boolean;
}

/** Options of `topk`. */
export interface TopkOptions {
  /** Default: the last dim. */
  dim?: number;
  /** Default true; false gives the smallest. */
  largest?: boolean;
  /** The result is always in order; accepted for PyTorch's sake. */
  sorted?: boolean;
}

/** Options of `indexPut`. */
export interface IndexPutOptions {
  /** Adds to what is there; several values at one place are summed. Default false: the last one wins. */
  accumulate?: boolean;
}

/** Options of `nonzero`. */
export interface NonzeroOptions {
  /** One vector of positions for each dim, in place of a matrix. Default false. */
  asTuple?: boolean;
}

const listed = (rows: Tensor, options: NonzeroOptions | undefined): Tensor | Tensor[] =>
  options?.asTuple ? rows.unbind(1) : rows;

const isMask = (entry: IndexEntry): entry is Tensor => isTensor(entry) && entry.dtype === 'bool';

/** The positions of the non-zero elements, from their values in row-major order. */
function coordinates(mask: Tensor, values: ArrayLike<number | bigint>): Tensor {
  const rank = mask.ndim;
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (Number(values[i]) !== 0) found.push(i);
  const data = new BigInt64Array(found.length * rank);
  found.forEach((position, row) => {
    let rest = position;
    for (let d = rank - 1; d >= 0; d--) {
      data[row * rank + d] = BigInt(rest % mask.shape[d]);
      rest = Math.floor(rest / mask.shape[d]);
    }
  });
  return dispatch(create.fromData, [], { shape: [found.length, rank], dtype: 'int64', device: mask.device, data });
}

function read(base: Tensor, indices: readonly (Tensor | null)[]): Tensor {
  return indices.some((entry) => entry !== null) ? dispatch(ops.index, [base, ...indices], null) : base;
}

/** Applies numbers, ranges and new dims as views; what is left are tensors and nulls, one for each dim (a mask for several). */
function basic(self: Tensor, entries: readonly IndexEntry[]): { base: Tensor; rest: (Tensor | null)[] } {
  if (!Array.isArray(entries))
    throw new ArgumentError(`index: expected an array such as [mask] or [null, ids], got ${describe(entries)}`);
  let base: Tensor = self;
  let dim = 0;
  const rest: (Tensor | null)[] = [];
  for (const entry of withoutEllipsis(self, entries)) {
    if (typeof entry === 'number') {
      base = base.select(dim, entry);
      continue;
    }
    if (entry === 'newAxis') base = base.unsqueeze(dim);
    else if (isMask(entry)) checkMask(entry, base, dim);
    else if (!isTensor(entry) && entry !== null) {
      if (typeof entry !== 'object')
        throw new ArgumentError(
          `index: an entry must be a tensor, a number, { start, end, step }, null, '...' or 'newAxis', got ${describe(entry)}`,
        );
      checkOptions('index', entry, ['start', 'end', 'step']);
      base = base.slice(dim, entry.start ?? 0, entry.end, entry.step ?? 1);
    }
    rest.push(isTensor(entry) ? entry : null);
    dim += isMask(entry) ? entry.ndim : 1;
  }
  return { base, rest };
}

/** The entries with `'...'` written out as nulls. */
function withoutEllipsis(self: Tensor, entries: readonly IndexEntry[]): readonly IndexEntry[] {
  const wanted = entries.reduce<number>((n, entry) => {
    if (entry === '...' || entry === 'newAxis') return n;
    return n + (isMask(entry) ? Math.max(entry.ndim, 1) : 1);
  }, 0);
  if (wanted > self.ndim) throw new IndexError(`too many indices for tensor of dimension ${self.ndim}: got ${wanted}`);
  const at = entries.indexOf('...');
  if (at < 0) return entries;
  if (entries.lastIndexOf('...') !== at) throw new IndexError("an index can only have a single ellipsis ('...')");
  return [...entries.slice(0, at), ...Array.from({ length: self.ndim - wanted }, () => null), ...entries.slice(at + 1)];
}

function put(
  self: Tensor,
  entries: readonly IndexEntry[],
  value: Tensor | number,
  options: IndexPutOptions,
  inPlace: boolean,
): Tensor {
  checkOptions('indexPut', options, ['accumulate']);
  const { base, rest } = basic(self, entries);
  const accumulate = options.accumulate ?? false;
  const tensors = rest.some((entry) => entry !== null);
  if (!inPlace && (base !== self || !tensors)) return self.clone().indexPut_(entries, value, options);
  if (!tensors) {
    if (accumulate) base.add_(value);
    else if (isTensor(value)) base.copy_(value);
    else base.fill_(value);
    return self;
  }
  if (base !== self) {
    base.indexPut_(rest, value, options);
    return self;
  }
  const [mask] = rest;
  if (rest.length === 1 && mask !== null && isMask(mask)) {
    const masked = putMasked(self, mask, value, accumulate, inPlace);
    if (masked) return masked;
  }
  const indices = rest.flatMap((entry) => (entry !== null && isMask(entry) ? entry.nonzero().unbind(1) : entry));
  return dispatch(inPlace ? ops.indexPut.inplaceTwin : ops.indexPut, [self, value, ...indices], { accumulate });
}

/** Writing one mask over the leading dims needs no reading, if the value is the same for all places or the device can't be read. */
function putMasked(
  self: Tensor,
  mask: Tensor,
  value: Tensor | number,
  accumulate: boolean,
  inPlace: boolean,
): Tensor | null {
  const trailing = self.shape.slice(mask.ndim);
  const wide = trailing.reduce<Tensor>((m) => m.unsqueeze(-1), mask);
  const write = (result: Tensor): Tensor => (inPlace ? self.copy_(result) : result);
  if (typeof value === 'number' || value.ndim === 0) {
    if (accumulate) return write(self.where(wide.logicalNot(), self.add(value)));
    const spec = inPlace ? elementwise.maskedFill.inplaceTwin : elementwise.maskedFill;
    return dispatch(spec, [self, wide, value], null);
  }
  if (value.dtype !== self.dtype) return null;
  const constant = value.ndim <= trailing.length || (value.ndim === trailing.length + 1 && value.shape[0] === 1);
  if (constant) {
    const values = value.ndim > trailing.length ? value.squeeze(0) : value;
    if (!sameShape(broadcastShapes([values.shape, trailing], 'indexPut'), trailing)) return null;
    return write(self.where(wide.logicalNot(), accumulate ? self.add(values) : values));
  }
  if (self.storage.device.runtime.downloadSync || accumulate) return null;
  return write(self.maskedScatter(wide.expandAs(self), value));
}

function masked(self: Tensor, mask: Tensor): { base: Tensor; wide: Tensor } {
  if (!isTensor(mask) || mask.dtype !== 'bool') {
    throw new ArgumentError(
      `masked_select: expected BoolTensor for mask, got ${isTensor(mask) ? mask.dtype : describe(mask)}`,
    );
  }
  const shape = broadcastShapes([self.shape, mask.shape], 'maskedSelect');
  const flat = shape.length === 0;
  return { base: flat ? self.view([1]) : self.expand(shape), wide: flat ? mask.view([1]) : mask.expand(shape) };
}

function nonzeroMask(self: Tensor, options: NonzeroOptions | undefined): Tensor {
  const mask = self.ne(0);
  return options?.asTuple && mask.ndim === 0 ? mask.view([1]) : mask;
}

export abstract class IndexMethods extends ScatterMethods {
  /**
   * `x[…]` of Python: `x.index([mask])`, `x.index([null, ids])`, `x.index([0, { start: 1 }])`, `x.index(['...', -1, 'newAxis'])`. Without tensors it is a view;
   * tensors give a copy:
   * integer tensors broadcast together, negative indices count from the end, and a bool mask takes as many dims as it has
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html, https://numpy.org/doc/stable/user/basics.indexing.html).
   *
   * @throws IndexError if an index is out of range or a mask doesn't fit; DeviceError for a mask where the device can't be read synchronously: use {@link indexAsync}.
   */
  index(entries: readonly IndexEntry[]): Tensor {
    const { base, rest } = basic(this.self, entries);
    const indices = rest.flatMap((entry) => (isMask(entry) ? entry.nonzero().unbind(1) : entry));
    return read(base, indices);
  }

  /** {@link index} with masks, on devices that can only be read asynchronously; works on all of them. */
  async indexAsync(entries: readonly IndexEntry[]): Promise<Tensor> {
    const { base, rest } = basic(this.self, entries);
    const found = await Promise.all(
      rest.map(async (entry) => (isMask(entry) ? (await entry.nonzeroAsync()).unbind(1) : [entry])),
    );
    return read(base, found.flat());
  }

  /**
   * A copy with `value` written at `indices`, as {@link index} reads them (https://pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html).
   *
   * @throws IndexError if an index is out of range; ShapeError if the value doesn't broadcast to what is indexed.
   */
  indexPut(indices: readonly IndexEntry[], value: Tensor | number, options: IndexPutOptions = {}): Tensor {
    return put(this.self, indices, value, options, false);
  }

  /** In-place {@link indexPut}: `x.indexPut_([x.lt(0)], 0)`, `x.indexPut_([0, { start: 1 }], value)` for Python's `x[0, 1:] = value`. */
  indexPut_(indices: readonly IndexEntry[], value: Tensor | number, options: IndexPutOptions = {}): Tensor {
    return put(this.self, indices, value, options, true);
  }

  /**
   * The elements where `mask` (bool, broadcast with the tensor) is true, as a vector.
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link maskedSelectAsync}.
   */
  maskedSelect(mask: Tensor): Tensor {
    const { base, wide } = masked(this.self, mask);
    requireSyncRead('maskedSelect', this.self);
    return base.index([wide]);
  }

  /** {@link maskedSelect} on devices that can only be read asynchronously; works on all of them. */
  async maskedSelectAsync(mask: Tensor): Promise<Tensor> {
    const { base, wide } = masked(this.self, mask);
    return base.indexAsync([wide]);
  }

  /** A copy in which the places where `mask` (bool, broadcast) is true take the elements of `source` in order. @throws IndexError if the source has too few. */
  maskedScatter(mask: Tensor, source: Tensor): Tensor {
    return dispatch(ops.maskedScatter, [this.self, mask, source], null);
  }

  /** In-place {@link maskedScatter}. */
  maskedScatter_(mask: Tensor, source: Tensor): Tensor {
    return dispatch(ops.maskedScatter.inplaceTwin, [this.self, mask, source], null);
  }

  /**
   * The positions of the elements that are not 0, one row each: int64 of shape `[count, ndim]`. With `asTuple` one vector for each dim instead, as
   * {@link index} takes them; a 0-d tensor then counts as one of shape `[1]` (https://pytorch.org/docs/stable/generated/torch.nonzero.html).
   *
   * @throws DeviceError where the device can't be read synchronously: use {@link nonzeroAsync}.
   */
  nonzero(options?: { asTuple?: false }): Tensor;
  nonzero(options: { asTuple: true }): Tensor[];
  nonzero(options?: NonzeroOptions): Tensor | Tensor[];
  nonzero(options?: NonzeroOptions): Tensor | Tensor[] {
    checkOptions('nonzero', options, ['asTuple']);
    requireSyncRead('nonzero', this.self);
    const mask = nonzeroMask(this.self, options);
    return listed(coordinates(mask, mask.toTypedArraySync()), options);
  }

  /** {@link nonzero} on devices that can only be read asynchronously; works on all of them. */
  async nonzeroAsync(options?: { asTuple?: false }): Promise<Tensor>;
  async nonzeroAsync(options: { asTuple: true }): Promise<Tensor[]>;
  async nonzeroAsync(options?: NonzeroOptions): Promise<Tensor | Tensor[]> {
    checkOptions('nonzero', options, ['asTuple']);
    const mask = nonzeroMask(this.self, options);
    return listed(coordinates(mask, await mask.toTypedArray()), options);
  }

  /** {@link nonzero} under NumPy's name. */
  argwhere(): Tensor {
    return this.nonzero();
  }

  /** {@link nonzeroAsync} under NumPy's name. */
  argwhereAsync(): Promise<Tensor> {
    return this.nonzeroAsync();
  }

  /** The elements in order along `dim`, and where they stood (https://pytorch.org/docs/stable/generated/torch.sort.html). Stable; NaN counts as the largest. */
  sort(dim = -1, options: SortOptions = {}): Sorted {
    checkOptions('sort', options, ['descending', 'stable']);
    const attrs = { dim: normalizeDim(dim, this.ndim, 'sort'), descending: options.descending ?? false };
    const [values, indices] = dispatch(ops.sort, [this.self], attrs);
    return { values, indices };
  }

  /** The elements in order along dim 0. */
  msort(): Tensor {
    return this.ndim === 0 ? this.clone() : this.sort(0).values;
  }

  /** Where the elements stood that {@link sort} puts in order: int64. */
  argsort(dim = -1, options: SortOptions = {}): Tensor {
    return this.sort(dim, options).indices;
  }

  /** The `k` largest (or smallest) elements along a dim, in order, and where they stood. @throws ArgumentError if there are fewer. */
  topk(k: number, options: TopkOptions = {}): Sorted {
    checkOptions('topk', options, ['dim', 'largest', 'sorted']);
    if (checkInteger(k, 'topk: k') < 0) throw new ArgumentError(`selected index k out of range in topk: k is ${k}`);
    const attrs = { k, dim: normalizeDim(options.dim ?? -1, this.ndim, 'topk'), largest: options.largest ?? true };
    const [values, indices] = dispatch(ops.topk, [this.self], attrs);
    return { values, indices };
  }
}

function checkMask(mask: Tensor, x: Tensor, dim: number): void {
  if (mask.ndim === 0)
    throw new IndexError('index: a mask must have at least one dim; use where() for a 0-d condition');
  mask.shape.forEach((size, d) => {
    if (size === x.shape[dim + d]) return;
    throw new IndexError(
      `The shape of the mask ${formatShape(mask.shape)} at index ${d} does not match the shape of the indexed tensor ${formatShape(x.shape)} at index ${dim + d}`,
    );
  });
}
