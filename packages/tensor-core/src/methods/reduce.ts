/**
 * Reductions as methods. A `dim` may be negative; reductions that take several dims take an array, and reduce all dims without one
 * (https://pytorch.org/docs/stable/torch.html#reduction-ops).
 */
import { dispatch } from '../dispatch.ts';
import { checkDType, type DType, isFloat, scalarTypeName } from '../dtype.ts';
import { ArgumentError, checkOptions, DTypeError, describe } from '../errors.ts';
import { interpreters } from '../hooks.ts';
import type { ReduceAttrs } from '../ops/build.ts';
import type { Interpolation } from '../ops/order-statistics.ts';
import { type CumulativeAttrs, reduce as ops, type SumAttrs } from '../ops/reduce.ts';
import { checkInteger, normalizeDim, normalizeDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { SpecialMethods } from './special.ts';

/** The dims a reduction is over: one, several, or all. */
export type Dims = number | readonly number[] | null;

/** Options of reductions. */
export interface KeepdimOptions {
  /** Keep reduced dims as size 1. Default false. */
  keepdim?: boolean;
}

/** Options of `sum`, `mean` and `prod`. */
export interface SumOptions extends KeepdimOptions {
  /** The elements are cast to it before they are reduced. */
  dtype?: DType;
}

/** Options of `var` and `std`. */
export interface VarOptions extends KeepdimOptions {
  /** What is taken from the number of elements in the divisor: 1 (default) for a sample, 0 for a population. */
  correction?: number;
}

/** Options of `norm`. */
export interface NormOptions extends SumOptions {
  /** Order of the norm; `'fro'` is 2. Default 2. */
  p?: number | 'fro';
  /** Dims that make one vector. Default: all. */
  dim?: Dims;
}

/** Options of `cumsum` and `cumprod`. */
export interface CumulativeOptions {
  /** The elements are cast to it first. */
  dtype?: DType;
}

/** Options of `aminmax`. */
export interface AminmaxOptions extends KeepdimOptions {
  /** Default: all dims. */
  dim?: number;
}

/** What `aminmax` gives. */
export interface MinAndMax {
  readonly min: Tensor;
  readonly max: Tensor;
}

/** Options of `quantile` and `nanquantile`. */
export interface QuantileOptions extends KeepdimOptions {
  /** How to choose between two elements. Default `'linear'`. */
  interpolation?: Interpolation;
}

/** What reductions with positions give. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  /** int64 */
  readonly indices: Tensor;
}

/** Reads `keepdim` and refuses options that are not in `known`. */
function keepdimOf(
  where: string,
  options: KeepdimOptions | undefined,
  known: readonly string[] = ['keepdim'],
): boolean {
  checkOptions(where, options, known);
  const keepdim = options?.keepdim ?? false;
  if (typeof keepdim !== 'boolean')
    throw new ArgumentError(`${where}: keepdim must be true or false, got ${describe(keepdim)}`);
  return keepdim;
}

function reduceAttrs(
  where: string,
  x: Tensor,
  dim: Dims | undefined,
  options: KeepdimOptions | undefined,
): ReduceAttrs {
  return { dims: normalizeDims(dim, x.ndim, where), keepdim: keepdimOf(where, options) };
}

function sumAttrs(where: string, x: Tensor, dim: Dims | undefined, options: SumOptions | undefined): SumAttrs {
  const keepdim = keepdimOf(where, options, ['keepdim', 'dtype']);
  const dims = normalizeDims(dim, x.ndim, where);
  return options?.dtype === undefined ? { dims, keepdim } : { dims, keepdim, dtype: checkDType(options.dtype, where) };
}

function pair([values, indices]: readonly [Tensor, Tensor]): ValuesAndIndices {
  return { values, indices };
}

function correctionOf(where: string, options: VarOptions | undefined): number {
  const correction = options?.correction ?? 1;
  if (typeof correction !== 'number' || Number.isNaN(correction)) {
    throw new ArgumentError(`${where}: correction must be a number, got ${describe(correction)}`);
  }
  return correction;
}

function normOrder(p: unknown): number {
  if (p === undefined || p === 'fro') return 2;
  if (typeof p === 'number' && !Number.isNaN(p)) return p;
  throw new ArgumentError(`norm: p must be a number or 'fro', got ${describe(p)}`);
}

const runningInput = (x: Tensor, where: string, options: CumulativeOptions | undefined): Tensor => {
  checkOptions(where, options, ['dtype']);
  const dtype = options?.dtype === undefined ? undefined : checkDType(options.dtype, where);
  const wanted = dtype ?? (isFloat(x.dtype) ? x.dtype : 'int64');
  return x.dtype === wanted ? x : x.to(wanted);
};

const forward = (dim: number, x: Tensor, where: string): CumulativeAttrs => ({
  dim: normalizeDim(dim, x.ndim, where),
  reverse: false,
});

/** Quantiles outside of [0, 1] are refused where the values can be read now; elsewhere their ranks are out of the range of `gather`. */
function checkProbabilities(where: string, q: Tensor | number): void {
  if (!isTensor(q) || !q.storage.device.runtime.downloadSync || interpreters.length > 0) return;
  if (q.ge(0).logicalAnd(q.le(1)).all().itemSync() === 0)
    throw new ArgumentError(`${where}() q values must be in the range [0, 1]`);
}

function argAttrs(self: Tensor, where: string, dim: number | null | undefined, options: KeepdimOptions | undefined) {
  const keepdim = keepdimOf(where, options);
  return { dim: dim === undefined || dim === null ? null : normalizeDim(dim, self.ndim, where), keepdim };
}

function varAttrs(self: Tensor, where: string, dim: Dims | undefined, options: VarOptions | undefined) {
  const keepdim = keepdimOf(where, options, ['correction', 'keepdim']);
  return { dims: normalizeDims(dim, self.ndim, where), keepdim, correction: correctionOf(where, options) };
}

function chooseAttrs(self: Tensor, where: string, dim: number, options: KeepdimOptions | undefined) {
  return { dim: normalizeDim(dim, self.ndim, where), keepdim: keepdimOf(where, options) };
}

function quantileAttrs(
  self: Tensor,
  where: string,
  q: Tensor | number,
  dim: number | null | undefined,
  options: QuantileOptions | undefined,
) {
  const keepdim = keepdimOf(where, options, ['keepdim', 'interpolation']);
  checkProbabilities(where, q);
  return {
    dim: dim === undefined || dim === null ? null : normalizeDim(dim, self.ndim, where),
    keepdim,
    interpolation: options?.interpolation ?? ('linear' as const),
  };
}

export abstract class ReduceMethods extends SpecialMethods {
  /**
   * The sum over all elements or over `dim`. Integers and bools sum to int64 (https://pytorch.org/docs/stable/generated/torch.sum.html).
   *
   * @example `x.sum()`, `x.sum(1, { keepdim: true })`, `x.sum([0, 2])`
   * @throws IndexError if a dim is out of range.
   */
  sum(dim?: Dims, options?: SumOptions): Tensor {
    return dispatch(ops.sum, [this.self], sumAttrs('sum', this.self, dim, options));
  }

  /**
   * The mean over all elements or over `dim`; of no elements it is NaN (https://pytorch.org/docs/stable/generated/torch.mean.html).
   *
   * @throws DTypeError for integers and bools, unless `dtype` asks for a float.
   */
  mean(dim?: Dims, options?: SumOptions): Tensor {
    return dispatch(ops.mean, [this.self], sumAttrs('mean', this.self, dim, options));
  }

  /** The product over all elements or over one dim. Integers give int64 (https://pytorch.org/docs/stable/generated/torch.prod.html). */
  prod(dim?: Dims, options?: SumOptions): Tensor {
    return dispatch(ops.prod, [this.self], sumAttrs('prod', this.self, dim, options));
  }

  /**
   * The largest elements over `dim` (all dims without one); equal ones share the gradient evenly, NaN wins
   * (https://pytorch.org/docs/stable/generated/torch.amax.html).
   *
   * @throws IndexError if a reduced dim has size 0.
   */
  amax(dim?: Dims, options?: KeepdimOptions): Tensor {
    return dispatch(ops.amax, [this.self], reduceAttrs('amax', this.self, dim, options));
  }

  /** The smallest elements over `dim`; see {@link amax}. */
  amin(dim?: Dims, options?: KeepdimOptions): Tensor {
    return dispatch(ops.amin, [this.self], reduceAttrs('amin', this.self, dim, options));
  }

  /**
   * The largest element; with `dim` the largest elements along it and their int64 positions (the first of equals, NaN wins); with a tensor
   * the elementwise {@link maximum} (https://pytorch.org/docs/stable/generated/torch.max.html).
   *
   * @throws IndexError if there are no elements to choose from.
   */
  max(): Tensor;
  max(other: Tensor): Tensor;
  max(dim: number, options?: KeepdimOptions): ValuesAndIndices;
  max(arg?: number | Tensor, options?: KeepdimOptions): Tensor | ValuesAndIndices {
    if (arg === undefined) return dispatch(ops.max, [this.self], null);
    if (isTensor(arg)) return this.maximum(arg);
    const keepdim = keepdimOf('max', options);
    return pair(dispatch(ops.maxDim, [this.self], { dim: normalizeDim(arg, this.ndim, 'max'), keepdim }));
  }

  /** The smallest element, the smallest along `dim` with their positions, or the elementwise {@link minimum}; see {@link max}. */
  min(): Tensor;
  min(other: Tensor): Tensor;
  min(dim: number, options?: KeepdimOptions): ValuesAndIndices;
  min(arg?: number | Tensor, options?: KeepdimOptions): Tensor | ValuesAndIndices {
    if (arg === undefined) return dispatch(ops.min, [this.self], null);
    if (isTensor(arg)) return this.minimum(arg);
    const keepdim = keepdimOf('min', options);
    return pair(dispatch(ops.minDim, [this.self], { dim: normalizeDim(arg, this.ndim, 'min'), keepdim }));
  }

  /**
   * Positions (int64) of the largest elements along `dim`, or in the flattened tensor; the first of equals, NaN wins
   * (https://pytorch.org/docs/stable/generated/torch.argmax.html).
   *
   * @throws DTypeError for bool, IndexError if there are no elements to choose from.
   */
  argmax(dim?: number | null, options?: KeepdimOptions): Tensor {
    return dispatch(ops.argmax, [this.self], argAttrs(this.self, 'argmax', dim, options));
  }

  /** Positions of the smallest elements; see {@link argmax}. */
  argmin(dim?: number | null, options?: KeepdimOptions): Tensor {
    return dispatch(ops.argmin, [this.self], argAttrs(this.self, 'argmin', dim, options));
  }

  /** Whether any element is not zero: bool, but uint8 for uint8, as in PyTorch (https://pytorch.org/docs/stable/generated/torch.any.html). */
  any(dim?: Dims, options?: KeepdimOptions): Tensor {
    const result = dispatch(ops.any, [this.self], reduceAttrs('any', this.self, dim, options));
    return this.dtype === 'uint8' ? result.to('uint8') : result;
  }

  /** Whether all elements are not zero; see {@link any}. */
  all(dim?: Dims, options?: KeepdimOptions): Tensor {
    const result = dispatch(ops.all, [this.self], reduceAttrs('all', this.self, dim, options));
    return this.dtype === 'uint8' ? result.to('uint8') : result;
  }

  /**
   * The variance over `dim`: the sum of squared distances from the mean over `n - correction` (https://pytorch.org/docs/stable/generated/torch.var.html).
   *
   * @throws DTypeError unless the tensor is of a float dtype.
   */
  var(dim?: Dims, options?: VarOptions): Tensor {
    return dispatch(ops.var, [this.self], varAttrs(this.self, 'var', dim, options));
  }

  /** The standard deviation: the square root of {@link var}. */
  std(dim?: Dims, options?: VarOptions): Tensor {
    return dispatch(ops.std, [this.self], varAttrs(this.self, 'std', dim, options));
  }

  /**
   * The p-norm of the elements over `dim`, as of one vector (https://pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html).
   *
   * @example `x.norm()`, `x.norm({ p: 1, dim: 0 })`, `x.norm({ p: Infinity })`
   * @throws DTypeError unless the tensor is of a float dtype.
   */
  norm(options?: NormOptions): Tensor {
    const keepdim = keepdimOf('norm', options, ['p', 'dim', 'keepdim', 'dtype']);
    const x = options?.dtype === undefined ? this.self : this.self.to(checkDType(options.dtype, 'norm'));
    return dispatch(ops.norm, [x], {
      p: normOrder(options?.p),
      dims: normalizeDims(options?.dim, this.ndim, 'norm'),
      keepdim,
    });
  }

  /** log Σ exp over `dim`, without overflow. Integers become floats (https://pytorch.org/docs/stable/generated/torch.logsumexp.html). */
  logsumexp(dim: Dims, options?: KeepdimOptions): Tensor {
    return dispatch(ops.logsumexp, [this.self], reduceAttrs('logsumexp', this.self, dim, options));
  }

  /** How many elements are not zero, over all or over `dim`; int64 (https://pytorch.org/docs/stable/generated/torch.count_nonzero.html). */
  countNonzero(dim?: Dims): Tensor {
    return dispatch(ops.countNonzero, [this.self], reduceAttrs('countNonzero', this.self, dim, undefined));
  }

  /** The running sum along `dim`. Integers give int64 (https://pytorch.org/docs/stable/generated/torch.cumsum.html). */
  cumsum(dim: number, options?: CumulativeOptions): Tensor {
    return dispatch(ops.cumsum, [runningInput(this.self, 'cumsum', options)], forward(dim, this.self, 'cumsum'));
  }

  /** In-place {@link cumsum}. */
  cumsum_(dim: number): Tensor {
    return dispatch(ops.cumsum.inplaceTwin, [this.self], forward(dim, this.self, 'cumsum_'));
  }

  /** The running product along `dim`. Integers give int64 (https://pytorch.org/docs/stable/generated/torch.cumprod.html). */
  cumprod(dim: number, options?: CumulativeOptions): Tensor {
    return dispatch(ops.cumprod, [runningInput(this.self, 'cumprod', options)], forward(dim, this.self, 'cumprod'));
  }

  /** In-place {@link cumprod}. */
  cumprod_(dim: number): Tensor {
    return dispatch(ops.cumprod.inplaceTwin, [this.self], forward(dim, this.self, 'cumprod_'));
  }

  /** The largest element so far along `dim` and its position, the latest of equals (https://pytorch.org/docs/stable/generated/torch.cummax.html). */
  cummax(dim: number): ValuesAndIndices {
    return pair(dispatch(ops.cummax, [this.self], { dim: normalizeDim(dim, this.ndim, 'cummax') }));
  }

  /** The smallest element so far along `dim` and its position; see {@link cummax}. */
  cummin(dim: number): ValuesAndIndices {
    return pair(dispatch(ops.cummin, [this.self], { dim: normalizeDim(dim, this.ndim, 'cummin') }));
  }

  /**
   * The running log Σ exp along `dim`, without overflow. Floats only (https://pytorch.org/docs/stable/generated/torch.logcumsumexp.html).
   *
   * @example `logProbabilities.logcumsumexp(-1)`
   * @throws DTypeError for integers and bools.
   */
  logcumsumexp(dim: number): Tensor {
    return dispatch(ops.logcumsumexp, [this.self], forward(dim, this.self, 'logcumsumexp'));
  }

  /** {@link sum} with NaN taken for 0 (https://pytorch.org/docs/stable/generated/torch.nansum.html). */
  nansum(dim?: Dims, options?: SumOptions): Tensor {
    return dispatch(ops.nansum, [this.self], sumAttrs('nansum', this.self, dim, options));
  }

  /**
   * The {@link mean} of what is not NaN; NaN where nothing else is (https://pytorch.org/docs/stable/generated/torch.nanmean.html).
   *
   * @throws DTypeError for integers and bools.
   */
  nanmean(dim?: Dims, options?: SumOptions): Tensor {
    if (!isFloat(this.dtype))
      throw new DTypeError(
        `nanmean(): expected input to have floating point dtype but got ${scalarTypeName[this.dtype]}`,
      );
    const count = this.isnan()
      .logicalNot()
      .sum(dim, { keepdim: options?.keepdim ?? false });
    return this.nansum(dim, options).div(count);
  }

  /**
   * The smallest and the largest elements, over all dims or one; equal ones share the gradient evenly
   * (https://pytorch.org/docs/stable/generated/torch.aminmax.html).
   *
   * @example `const { min, max } = x.aminmax({ dim: 0 })`
   * @throws IndexError if there are no elements to choose from.
   */
  aminmax(options?: AminmaxOptions): MinAndMax {
    const keepdim = keepdimOf('aminmax', options, ['dim', 'keepdim']);
    if (options?.dim !== undefined) normalizeDim(options.dim, this.ndim, 'aminmax');
    return { min: this.amin(options?.dim, { keepdim }), max: this.amax(options?.dim, { keepdim }) };
  }

  /**
   * The median: of an even number of elements the lower one. NaN where there is one. With `dim`, along it and with positions
   * (https://pytorch.org/docs/stable/generated/torch.median.html).
   *
   * @example `x.median()`, `x.median(0, { keepdim: true }).values`
   * @throws DTypeError for bool, IndexError if `dim` has size 0.
   */
  median(): Tensor;
  median(dim: number, options?: KeepdimOptions): ValuesAndIndices;
  median(dim?: number, options?: KeepdimOptions): Tensor | ValuesAndIndices {
    if (dim === undefined) return dispatch(ops.median, [this.self], null);
    return pair(dispatch(ops.medianDim, [this.self], chooseAttrs(this.self, 'median', dim, options)));
  }

  /** The {@link median} of what is not NaN (https://pytorch.org/docs/stable/generated/torch.nanmedian.html). */
  nanmedian(): Tensor;
  nanmedian(dim: number, options?: KeepdimOptions): ValuesAndIndices;
  nanmedian(dim?: number, options?: KeepdimOptions): Tensor | ValuesAndIndices {
    if (dim === undefined) return dispatch(ops.nanmedian, [this.self], null);
    return pair(dispatch(ops.nanmedianDim, [this.self], chooseAttrs(this.self, 'nanmedian', dim, options)));
  }

  /**
   * The k-th smallest element along `dim`, counted from 1, and its position
   * (https://pytorch.org/docs/stable/generated/torch.kthvalue.html).
   *
   * @example `x.kthvalue(2, 0).values`
   * @throws ArgumentError if there are fewer than `k` elements.
   */
  kthvalue(k: number, dim = -1, options?: KeepdimOptions): ValuesAndIndices {
    const attrs = { ...chooseAttrs(this.self, 'kthvalue', dim, options), k: checkInteger(k, 'kthvalue: k') };
    return pair(dispatch(ops.kthvalue, [this.self], attrs));
  }

  /**
   * The most frequent element along `dim` (the smallest of several) and one of its positions, the last
   * (https://pytorch.org/docs/stable/generated/torch.mode.html).
   *
   * @example `labels.mode(1).values`
   */
  mode(dim = -1, options?: KeepdimOptions): ValuesAndIndices {
    return pair(dispatch(ops.mode, [this.self], chooseAttrs(this.self, 'mode', dim, options)));
  }

  /**
   * The q-th quantiles of all elements or along `dim`; NaN where there is one. `q` is a number or a tensor (0-d or 1-D, of the same dtype),
   * whose dim comes first in the result (https://pytorch.org/docs/stable/generated/torch.quantile.html).
   *
   * @example `x.quantile(0.5)`, `x.quantile(tensor([0.25, 0.75]), 1, { interpolation: 'nearest' })`
   * @throws DTypeError unless float32 or float64; ArgumentError for an empty tensor and for a `q` outside of [0, 1].
   */
  quantile(q: Tensor | number, dim?: number | null, options?: QuantileOptions): Tensor {
    const attrs = quantileAttrs(this.self, 'quantile', q, dim, options);
    return dispatch(ops.quantile, [this.self, q], attrs);
  }

  /** The {@link quantile}s of what is not NaN (https://pytorch.org/docs/stable/generated/torch.nanquantile.html). */
  nanquantile(q: Tensor | number, dim?: number | null, options?: QuantileOptions): Tensor {
    const attrs = quantileAttrs(this.self, 'nanquantile', q, dim, options);
    return dispatch(ops.nanquantile, [this.self, q], attrs);
  }
}
