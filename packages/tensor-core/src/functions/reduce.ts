/** Function forms of reductions: each is the method of the same name. */
import type {
  AminmaxOptions,
  CumulativeOptions,
  Dims,
  KeepdimOptions,
  MinAndMax,
  NormOptions,
  QuantileOptions,
  SumOptions,
  ValuesAndIndices,
  VarOptions,
} from '../methods/reduce.ts';
import type { Tensor } from '../tensor.ts';

/** The sum over all elements or over `dim`; see {@link Tensor.sum}. */
export const sum = (input: Tensor, dim?: Dims, options?: SumOptions): Tensor => input.sum(dim, options);

/** The mean over all elements or over `dim`; see {@link Tensor.mean}. */
export const mean = (input: Tensor, dim?: Dims, options?: SumOptions): Tensor => input.mean(dim, options);

/** The product over all elements or over `dim`; see {@link Tensor.prod}. */
export const prod = (input: Tensor, dim?: Dims, options?: SumOptions): Tensor => input.prod(dim, options);

/** The largest elements over `dim`; see {@link Tensor.amax}. */
export const amax = (input: Tensor, dim?: Dims, options?: KeepdimOptions): Tensor => input.amax(dim, options);

/** The smallest elements over `dim`; see {@link Tensor.amin}. */
export const amin = (input: Tensor, dim?: Dims, options?: KeepdimOptions): Tensor => input.amin(dim, options);

/** The largest element, those along `dim` with their positions, or the larger of two tensors; see {@link Tensor.max}. */
export function max(input: Tensor): Tensor;
export function max(input: Tensor, other: Tensor): Tensor;
export function max(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export function max(input: Tensor, arg?: number | Tensor, options?: KeepdimOptions): Tensor | ValuesAndIndices {
  // the overloads of the method are one call at run time
  return input.max(arg as number, options);
}

/** The smallest element, those along `dim` with their positions, or the smaller of two tensors; see {@link Tensor.min}. */
export function min(input: Tensor): Tensor;
export function min(input: Tensor, other: Tensor): Tensor;
export function min(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export function min(input: Tensor, arg?: number | Tensor, options?: KeepdimOptions): Tensor | ValuesAndIndices {
  return input.min(arg as number, options);
}

/** Positions of the largest elements; see {@link Tensor.argmax}. */
export const argmax = (input: Tensor, dim?: number | null, options?: KeepdimOptions): Tensor =>
  input.argmax(dim, options);

/** Positions of the smallest elements; see {@link Tensor.argmin}. */
export const argmin = (input: Tensor, dim?: number | null, options?: KeepdimOptions): Tensor =>
  input.argmin(dim, options);

/** Whether any element is not zero; see {@link Tensor.any}. */
export const any = (input: Tensor, dim?: Dims, options?: KeepdimOptions): Tensor => input.any(dim, options);

/** Whether all elements are not zero; see {@link Tensor.all}. */
export const all = (input: Tensor, dim?: Dims, options?: KeepdimOptions): Tensor => input.all(dim, options);

/** The standard deviation; see {@link Tensor.std}. */
export const std = (input: Tensor, dim?: Dims, options?: VarOptions): Tensor => input.std(dim, options);

const variance = (input: Tensor, dim?: Dims, options?: VarOptions): Tensor => input.var(dim, options);

/** The variance; see {@link Tensor.var}. `import { var as variance }`, as `var` is a reserved word. */
export { variance as var };

/** The p-norm; see {@link Tensor.norm}. */
export const norm = (input: Tensor, options?: NormOptions): Tensor => input.norm(options);

/** log Σ exp; see {@link Tensor.logsumexp}. */
export const logsumexp = (input: Tensor, dim: Dims, options?: KeepdimOptions): Tensor => input.logsumexp(dim, options);

/** How many elements are not zero; see {@link Tensor.countNonzero}. */
export const countNonzero = (input: Tensor, dim?: Dims): Tensor => input.countNonzero(dim);

/** The running sum; see {@link Tensor.cumsum}. */
export const cumsum = (input: Tensor, dim: number, options?: CumulativeOptions): Tensor => input.cumsum(dim, options);

/** The running product; see {@link Tensor.cumprod}. */
export const cumprod = (input: Tensor, dim: number, options?: CumulativeOptions): Tensor => input.cumprod(dim, options);

/** The running largest element and its position; see {@link Tensor.cummax}. */
export const cummax = (input: Tensor, dim: number): ValuesAndIndices => input.cummax(dim);

/** The running smallest element and its position; see {@link Tensor.cummin}. */
export const cummin = (input: Tensor, dim: number): ValuesAndIndices => input.cummin(dim);

/** The running log Σ exp; see {@link Tensor.logcumsumexp}. */
export const logcumsumexp = (input: Tensor, dim: number): Tensor => input.logcumsumexp(dim);

/** The sum with NaN taken for 0; see {@link Tensor.nansum}. */
export const nansum = (input: Tensor, dim?: Dims, options?: SumOptions): Tensor => input.nansum(dim, options);

/** The mean of what is not NaN; see {@link Tensor.nanmean}. */
export const nanmean = (input: Tensor, dim?: Dims, options?: SumOptions): Tensor => input.nanmean(dim, options);

/** The smallest and the largest elements; see {@link Tensor.aminmax}. */
export const aminmax = (input: Tensor, options?: AminmaxOptions): MinAndMax => input.aminmax(options);

/** The median, or those along `dim` with their positions; see {@link Tensor.median}. */
export function median(input: Tensor): Tensor;
export function median(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export function median(input: Tensor, dim?: number, options?: KeepdimOptions): Tensor | ValuesAndIndices {
  return input.median(dim as number, options);
}

/** The median of what is not NaN; see {@link Tensor.nanmedian}. */
export function nanmedian(input: Tensor): Tensor;
export function nanmedian(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export function nanmedian(input: Tensor, dim?: number, options?: KeepdimOptions): Tensor | ValuesAndIndices {
  return input.nanmedian(dim as number, options);
}

/** The k-th smallest element and its position; see {@link Tensor.kthvalue}. */
export const kthvalue = (input: Tensor, k: number, dim?: number, options?: KeepdimOptions): ValuesAndIndices =>
  input.kthvalue(k, dim, options);

/** The most frequent element and its position; see {@link Tensor.mode}. */
export const mode = (input: Tensor, dim?: number, options?: KeepdimOptions): ValuesAndIndices =>
  input.mode(dim, options);

/** The q-th quantiles; see {@link Tensor.quantile}. */
export const quantile = (input: Tensor, q: Tensor | number, dim?: number | null, options?: QuantileOptions): Tensor =>
  input.quantile(q, dim, options);

/** The q-th quantiles of what is not NaN; see {@link Tensor.nanquantile}. */
export const nanquantile = (
  input: Tensor,
  q: Tensor | number,
  dim?: number | null,
  options?: QuantileOptions,
): Tensor => input.nanquantile(q, dim, options);

/**
 * Variance and mean over all elements or over `dim` (https://pytorch.org/docs/stable/generated/torch.var_mean.html).
 *
 * @example `const [variance, mean] = varMean(x, 0)`
 * @throws DTypeError unless the tensor is of a float dtype.
 */
export const varMean = (input: Tensor, dim?: Dims, options?: VarOptions): readonly [Tensor, Tensor] => [
  input.var(dim, options),
  input.mean(dim, { keepdim: options?.keepdim ?? false }),
];

/** Standard deviation and mean (https://pytorch.org/docs/stable/generated/torch.std_mean.html); see {@link varMean}. */
export const stdMean = (input: Tensor, dim?: Dims, options?: VarOptions): readonly [Tensor, Tensor] => [
  input.std(dim, options),
  input.mean(dim, { keepdim: options?.keepdim ?? false }),
];
