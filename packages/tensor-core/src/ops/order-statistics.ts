/** Reductions that choose by rank: median, k-th value, mode and quantiles; all from one stable sort along a dim. */
import { isFloat } from '../dtype.ts';
import { ArgumentError, DTypeError, IndexError } from '../errors.ts';
import { formatShape, numel } from '../shape.ts';
import { type Operand, OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { notImplementedFor, reducedShape, requireTensor } from './build.ts';

/** How a quantile between two elements is chosen: on the line between them, one of them, or their middle. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'nearest' | 'midpoint';

/** Attributes of ops that choose one element along a dim. */
export interface ChooseAttrs {
  readonly dim: number;
  readonly keepdim: boolean;
}

/** Attributes of `quantile` and `nanquantile`: `null` is the flattened tensor. */
export interface QuantileAttrs {
  readonly dim: number | null;
  readonly keepdim: boolean;
  readonly interpolation: Interpolation;
}

/** The chosen elements and where they stand. */
type Chosen = readonly [Tensor, Tensor];

/** By op name. `median` and `nanmedian` are over all elements, `medianDim` and `nanmedianDim` along a dim. */
export interface OrderStatisticsOps {
  median: Sig<[Tensor]>;
  nanmedian: Sig<[Tensor]>;
  medianDim: Sig<[Tensor], ChooseAttrs, Chosen>;
  nanmedianDim: Sig<[Tensor], ChooseAttrs, Chosen>;
  kthvalue: Sig<[Tensor], ChooseAttrs & { k: number }, Chosen>;
  mode: Sig<[Tensor], ChooseAttrs, Chosen>;
  quantile: Sig<[Tensor, Operand], QuantileAttrs>;
  nanquantile: Sig<[Tensor, Operand], QuantileAttrs>;
}

const interpolations: ReadonlySet<string> = new Set<Interpolation>([
  'linear',
  'lower',
  'higher',
  'nearest',
  'midpoint',
]);

/** How many NaNs each row has: int64, with the dim kept. */
const countNaNs = (x: Tensor, dim: number): Tensor => x.isnan().sum(dim, { keepdim: true });

/** The shape with `dim` as 1. */
const kept = (x: Tensor, dim: number): number[] => reducedShape(x.shape, { dims: [dim], keepdim: true });

/** The elements of rank `at` (int64, with the dim kept) in sorted order. */
function ranked(x: Tensor, dim: number, at: Tensor): Chosen {
  const { values, indices } = x.sort(dim);
  return [values.gather(dim, at), indices.gather(dim, at)];
}

const everywhere = (x: Tensor, dim: number, rank: number): Tensor => x.newFull(kept(x, dim), rank, { dtype: 'int64' });

/** The lower median; the first NaN where there is one. NaNs are sorted last. */
function lowerMedian(x: Tensor, dim: number): Chosen {
  const n = x.shape[dim];
  const middle = Math.floor((n - 1) / 2);
  if (!isFloat(x.dtype)) return ranked(x, dim, everywhere(x, dim, middle));
  const nans = countNaNs(x, dim);
  return ranked(x, dim, nans.rsub(n).where(nans.gt(0), middle));
}

/** The lower median of what is not NaN. */
function lowerNanMedian(x: Tensor, dim: number): Chosen {
  const last = countNaNs(x, dim).rsub(x.shape[dim] - 1);
  return ranked(x, dim, last.clamp(0).div(2, { roundingMode: 'floor' }));
}

/** The most frequent element, the smallest of several, at its last position: the longest run of equals in sorted order. */
function mostFrequent(x: Tensor, dim: number): Chosen {
  const { values, indices } = x.sort(dim);
  const along = x.shape.map((size, d) => (d === dim ? size : 1));
  const position = x.newOnes(along, { dtype: 'int64' }).cumsum(dim).sub(1);
  // a run goes on as long as the element before is the same; the first position is 0 in any case
  const start = position.mul(values.ne(values.roll(1, dim))).cummax(dim).values;
  const at = position.sub(start).argmax(dim, { keepdim: true });
  return [values.gather(dim, at), indices.gather(dim, at)];
}

/** An op that chooses one element along a dim. `choose` keeps the dim. */
function chooser<A extends ChooseAttrs>(
  name: string,
  choose: (x: Tensor, dim: number, attrs: A) => Chosen,
  check: (x: Tensor, attrs: A) => void = () => {},
): OpSpec<Sig<[Tensor], A, Chosen>> {
  const title = name.replace('Dim', '');
  return new OpSpec<Sig<[Tensor], A, Chosen>>({
    name,
    infer([x], attrs) {
      requireTensor(title, x);
      const dims = x.shape.length === 0 ? [] : [attrs.dim];
      if (x.shape[attrs.dim] === 0)
        throw new IndexError(
          `${title}(): Expected reduction dim ${attrs.dim} to have non-zero size. The shape is ${formatShape(x.shape)}`,
        );
      check(x, attrs);
      const shape = reducedShape(x.shape, { dims, keepdim: attrs.keepdim });
      return [
        { shape, dtype: x.dtype },
        { shape, dtype: 'int64' },
      ];
    },
    body([x], attrs) {
      const row = x.shape.length === 0;
      const [values, indices] = choose(row ? x.unsqueeze(0) : x, attrs.dim, attrs);
      return attrs.keepdim && !row ? [values, indices] : [values.squeeze(attrs.dim), indices.squeeze(attrs.dim)];
    },
  });
}

function refuseBool(name: string): (x: Tensor) => void {
  return (x) => {
    if (x.dtype === 'bool') throw notImplementedFor(name, x.dtype);
  };
}

/** The median of all elements; of none it is NaN. */
const medianOfAll = (name: 'median' | 'nanmedian', choose: (x: Tensor, dim: number) => Chosen) =>
  new OpSpec<Sig<[Tensor]>>({
    name,
    infer([x]) {
      requireTensor(name, x);
      refuseBool(name)(x);
      if (numel(x.shape) === 0 && !isFloat(x.dtype))
        throw new IndexError(`${name}(): the median of no elements is NaN, which ${x.dtype} does not have`);
      return { shape: [], dtype: x.dtype };
    },
    body: ([x]) => (numel(x.shape) === 0 ? x.newFull([], Number.NaN) : choose(x.flatten(), 0)[0].squeeze(0)),
  });

function checkRank(x: Tensor, { k, dim }: ChooseAttrs & { k: number }): void {
  refuseBool('kthvalue')(x);
  if (k >= 1 && k <= (x.shape[dim] ?? 1)) return;
  throw new ArgumentError(
    `kthvalue(): selected number k out of range for dimension ${dim}: k is ${k}, the shape ${formatShape(x.shape)}`,
  );
}

function checkQuantile(name: string, x: Tensor, q: Operand, { interpolation }: QuantileAttrs): void {
  requireTensor(name, x);
  if (numel(x.shape) === 0) throw new ArgumentError(`${name}() input tensor must be non-empty`);
  if (x.dtype !== 'float32' && x.dtype !== 'float64')
    throw new DTypeError(`${name}() input tensor must be either float or double dtype, got ${x.dtype}`);
  if (!interpolations.has(interpolation))
    throw new ArgumentError(
      `${name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${interpolation}`,
    );
  if (typeof q === 'number') {
    if (!(q >= 0 && q <= 1)) throw new ArgumentError(`${name}() q must be in the range [0, 1] but got ${q}`);
    return;
  }
  requireTensor(name, q, 1);
  if (q.shape.length > 1)
    throw new ArgumentError(`${name}() q must be a scalar or 1D tensor, got shape ${formatShape(q.shape)}`);
  if (q.dtype !== x.dtype)
    throw new DTypeError(`${name}() q tensor must be same dtype as the input tensor, got ${q.dtype} and ${x.dtype}`);
}

/** The shape of a quantile: first the dim of `q`, if it has one. */
function quantileShape(x: Tensor, q: Operand, { dim, keepdim }: QuantileAttrs): number[] {
  const dims = dim === null || x.shape.length === 0 ? x.shape.map((_, d) => d) : [dim];
  return [...(isTensor(q) ? q.shape : []), ...reducedShape(x.shape, { dims, keepdim })];
}

/** Ranks (not whole numbers) of the quantiles `q` in each sorted row; a row with NaN takes its last, which is NaN. */
function quantileRanks(x: Tensor, q: Tensor, ignoreNaN: boolean): Tensor {
  const last = x.shape[x.ndim - 1] - 1;
  const nans = countNaNs(x, -1);
  if (ignoreNaN) return q.mul(nans.rsub(last).clamp(0).to(x.dtype));
  return q
    .mul(last)
    .expand([...x.shape.slice(0, -1), q.shape[0]])
    .maskedFill(nans.gt(0), last);
}

/** How the rank of a quantile becomes that of an element, and the weight of the element after it. */
const rounded: { readonly [K in Interpolation]: (ranks: Tensor) => readonly [Tensor, Tensor | null] } = {
  lower: (ranks) => [ranks.floor(), null],
  higher: (ranks) => [ranks.ceil(), null],
  nearest: (ranks) => [ranks.round(), null],
  linear: (ranks) => [ranks.floor(), ranks.sub(ranks.floor())],
  midpoint: (ranks) => [ranks.floor(), ranks.newFull(ranks.shape, 0.5)],
};

function quantiles(x: Tensor, q: Operand, attrs: QuantileAttrs, ignoreNaN: boolean): Tensor {
  const rows = attrs.dim === null || x.ndim === 0 ? x.flatten() : x.movedim(attrs.dim, -1);
  const ranks = quantileRanks(rows, isTensor(q) ? q.reshape([-1]) : x.newFull([1], q as number), ignoreNaN);
  const sorted = rows.sort(-1).values;
  const [below, weight] = rounded[attrs.interpolation](ranks);
  const lower = sorted.gather(-1, below.to('int64'));
  const result = weight ? lower.lerp(sorted.gather(-1, ranks.ceil().to('int64')), weight) : lower;
  return result.movedim(-1, 0).reshape(quantileShape(x, q, attrs));
}

const quantileOp = (name: 'quantile' | 'nanquantile'): OpSpec<OrderStatisticsOps['quantile']> =>
  new OpSpec<OrderStatisticsOps['quantile']>({
    name,
    infer([x, q], attrs) {
      checkQuantile(name, x, q, attrs);
      return { shape: quantileShape(x, q, attrs), dtype: x.dtype };
    },
    body: ([x, q], attrs) => quantiles(x, q, attrs, name === 'nanquantile'),
  });

/** Rows by op name. */
export const orderStatistics: { readonly [K in keyof OrderStatisticsOps]: OpSpec<OrderStatisticsOps[K]> } = {
  median: medianOfAll('median', lowerMedian),
  nanmedian: medianOfAll('nanmedian', lowerNanMedian),
  medianDim: chooser('medianDim', lowerMedian, refuseBool('median')),
  nanmedianDim: chooser('nanmedianDim', lowerNanMedian, refuseBool('nanmedian')),
  kthvalue: chooser<ChooseAttrs & { k: number }>(
    'kthvalue',
    (x, dim, { k }) => ranked(x, dim, everywhere(x, dim, k - 1)),
    checkRank,
  ),
  mode: chooser('mode', mostFrequent),
  quantile: quantileOp('quantile'),
  nanquantile: quantileOp('nanquantile'),
};
