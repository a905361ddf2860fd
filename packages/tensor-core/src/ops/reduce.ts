/** Reductions (sum, max, var, norm …), positions of extremes, and running results along a dim. */
import type { ArgReduceKind, ScanKind, TensorView } from '../backend.ts';
import { dispatch } from '../dispatch.ts';
import { type DType, getDefaultDType, isFloat, scalarTypeName } from '../dtype.ts';
import { DTypeError, IndexError } from '../errors.ts';
import { cast, input, isNaNExpr, Program, select } from '../expr.ts';
import { formatShape, numel, type Shape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import {
  keptView,
  notImplementedFor,
  type ReduceAttrs,
  reducedCount,
  reducedShape,
  reduction,
  requireTensor,
  sumDType,
} from './build.ts';
import { movement } from './movement.ts';
import { type OrderStatisticsOps, orderStatistics } from './order-statistics.ts';

/** Attributes of `sum`, `mean` and `prod`: `dtype` is the one asked for. */
export interface SumAttrs extends ReduceAttrs {
  readonly dtype?: DType;
}

/** Attributes of `var` and `std`: the sum of squares is divided by the number of elements less `correction`. */
export interface VarAttrs extends ReduceAttrs {
  readonly correction: number;
}

/** Attributes of `norm`: the order of the norm, 0, ±Infinity or any other number. */
export interface NormAttrs extends ReduceAttrs {
  readonly p: number;
}

/** Attributes of `argmax` and `argmin`: `null` is the position in the flattened tensor. */
export interface ArgReduceAttrs {
  readonly dim: number | null;
  readonly keepdim: boolean;
}

/** Attributes of `maxDim` and `minDim`. */
export interface MaxDimAttrs {
  readonly dim: number;
  readonly keepdim: boolean;
}

/** Attributes of the running sums and products: `reverse` runs from the end of the dim. */
export interface CumulativeAttrs {
  readonly dim: number;
  readonly reverse: boolean;
}

/** Reductions by op name. `max` and `min` are over all elements; `maxDim` and `minDim` give values and indices along one dim. */
export interface ReduceOps extends OrderStatisticsOps {
  sum: Sig<[Tensor], SumAttrs>;
  nansum: Sig<[Tensor], SumAttrs>;
  mean: Sig<[Tensor], SumAttrs>;
  prod: Sig<[Tensor], SumAttrs>;
  amax: Sig<[Tensor], ReduceAttrs>;
  amin: Sig<[Tensor], ReduceAttrs>;
  max: Sig<[Tensor]>;
  min: Sig<[Tensor]>;
  maxDim: Sig<[Tensor], MaxDimAttrs, readonly [Tensor, Tensor]>;
  minDim: Sig<[Tensor], MaxDimAttrs, readonly [Tensor, Tensor]>;
  argmax: Sig<[Tensor], ArgReduceAttrs>;
  argmin: Sig<[Tensor], ArgReduceAttrs>;
  any: Sig<[Tensor], ReduceAttrs>;
  all: Sig<[Tensor], ReduceAttrs>;
  var: Sig<[Tensor], VarAttrs>;
  std: Sig<[Tensor], VarAttrs>;
  norm: Sig<[Tensor], NormAttrs>;
  logsumexp: Sig<[Tensor], ReduceAttrs>;
  countNonzero: Sig<[Tensor], ReduceAttrs>;
  cumsum: Sig<[Tensor], CumulativeAttrs>;
  cumprod: Sig<[Tensor], CumulativeAttrs>;
  logcumsumexp: Sig<[Tensor], CumulativeAttrs>;
  cummax: Sig<[Tensor], { dim: number }, readonly [Tensor, Tensor]>;
  cummin: Sig<[Tensor], { dim: number }, readonly [Tensor, Tensor]>;
}

const everyDim = (shape: Shape): number[] => shape.map((_, d) => d);

/** A 0-d tensor has no dim to reduce or run along. */
const axesOf = (shape: Shape, dim: number | null): number[] => {
  if (shape.length === 0) return [];
  return dim === null ? everyDim(shape) : [dim];
};

function refuseBoolSum(name: string, dtype: DType | undefined): void {
  if (dtype === 'bool')
    throw new DTypeError(
      `${name}: dtype 'bool' is not taken; use ${name === 'sum' ? 'any()' : 'all()'} on a bool tensor`,
    );
}

/** The dtype of a mean, in which only floats can be. */
function meanDType(dtype: DType, asked: DType | undefined): DType {
  if (asked !== undefined && !isFloat(asked)) {
    throw new DTypeError(
      `mean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. Got: ${scalarTypeName[asked]}`,
    );
  }
  if (asked === undefined && !isFloat(dtype)) {
    throw new DTypeError(
      `mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${scalarTypeName[dtype]} (${dtype}); pass { dtype: 'float32' }`,
    );
  }
  return asked ?? dtype;
}

/** The largest of nothing is not defined: PyTorch's sentences for all dims (`dims` null) and for some. */
function checkElements(name: string, shape: Shape, dims: readonly number[] | null): void {
  if (dims === null) {
    if (numel(shape) > 0) return;
    throw new IndexError(
      `${name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument. ` +
        `The shape is ${formatShape(shape)}`,
    );
  }
  const empty = dims.find((d) => shape[d] === 0);
  if (empty === undefined) return;
  throw new IndexError(
    `${name}(): Expected reduction dim ${empty} to have non-zero size. The shape is ${formatShape(shape)}`,
  );
}

const sameDTypePrograms = new Map<DType, Program>();

/** The program that hands elements on as they are. */
function identityProgram(dtype: DType): Program {
  let program = sameDTypePrograms.get(dtype);
  if (!program) sameDTypePrograms.set(dtype, (program = new Program([input(0, dtype)], [dtype])));
  return program;
}

/** The largest or smallest element; of bools the or and the and. */
function extreme<A extends object | null>(
  name: string,
  kind: 'max' | 'min',
  attrsOf: (attrs: A, shape: Shape) => ReduceAttrs,
): OpSpec<Sig<[Tensor], A>> {
  return new OpSpec<Sig<[Tensor], A>>({
    name,
    infer([x], attrs) {
      requireTensor(name, x);
      const reduce = attrsOf(attrs, x.shape);
      checkElements(name, x.shape, attrs === null ? null : reduce.dims);
      return { shape: reducedShape(x.shape, reduce), dtype: x.dtype };
    },
    kernel(runtime, [out], [x], attrs) {
      const boolKind = kind === 'max' ? 'any' : 'all';
      const view = keptView(out, x.shape, attrsOf(attrs, x.shape));
      runtime.reduce(x.dtype === 'bool' ? boolKind : kind, view, [x], identityProgram(x.dtype), []);
    },
  });
}

/** An extreme over some dims. */
const extremeOver = (name: string, kind: 'max' | 'min') => extreme<ReduceAttrs>(name, kind, (attrs) => attrs);
/** An extreme over all elements. */
const extremeOfAll = (name: 'max' | 'min') =>
  extreme<null>(name, name, (_, shape) => ({ dims: everyDim(shape), keepdim: false }));

function argReduced(name: string, x: Tensor, { dim, keepdim }: ArgReduceAttrs): TensorMeta {
  requireTensor(name, x);
  if (x.dtype === 'bool') throw notImplementedFor(name, x.dtype);
  const dims = axesOf(x.shape, dim);
  checkElements(name, x.shape, dim === null ? null : dims);
  return { shape: reducedShape(x.shape, { dims, keepdim }), dtype: 'int64' };
}

const argReduction = (name: ArgReduceKind): OpSpec<Sig<[Tensor], ArgReduceAttrs>> =>
  new OpSpec<Sig<[Tensor], ArgReduceAttrs>>({
    name,
    infer: ([x], attrs) => argReduced(name, x, attrs),
    kernel(runtime, [out], [x], { dim, keepdim }) {
      const axes = axesOf(x.shape, dim);
      runtime.argReduce(name, keptView(out, x.shape, { dims: axes, keepdim }), x, axes);
    },
  });

/** A 0-d view as one of a single element, for kernel families that work along an axis. */
const atLeast1d = (x: TensorView): TensorView =>
  x.shape.length > 0 ? x : { dtype: x.dtype, shape: [1], strides: [1], offset: x.offset, storage: x.storage };

/** Values and indices of the extremes along one dim: the indices by `argReduce`, the values gathered there. */
const extremeWithIndex = (name: string, kind: ArgReduceKind): OpSpec<ReduceOps['maxDim']> =>
  new OpSpec<ReduceOps['maxDim']>({
    name,
    infer([x], { dim, keepdim }) {
      requireTensor(name, x);
      const dims = axesOf(x.shape, dim);
      checkElements(name.slice(0, 3), x.shape, dims);
      const shape = reducedShape(x.shape, { dims, keepdim });
      return [
        { shape, dtype: x.dtype },
        { shape, dtype: 'int64' },
      ];
    },
    kernel(runtime, [values, indices], [x], { dim, keepdim }) {
      const dims = axesOf(x.shape, dim);
      const at = keptView(indices, x.shape, { dims, keepdim });
      runtime.argReduce(kind, at, x, dims);
      runtime.gather(atLeast1d(keptView(values, x.shape, { dims, keepdim })), atLeast1d(x), atLeast1d(at), dim);
    },
  });

const truthReduction = (name: 'any' | 'all'): OpSpec<Sig<[Tensor], ReduceAttrs>> =>
  reduction(name, { kind: name, dtype: () => 'bool' });

function floatOnly(name: string, x: Tensor): void {
  requireTensor(name, x);
  if (!isFloat(x.dtype))
    throw new DTypeError(`${name}: only floating point dtypes are supported, got ${scalarTypeName[x.dtype]}`);
}

const countPrograms = new Map<DType, Program>();

/** Running sums and products. The dtype is that of the input: callers cast first, as `cumsum` of integers gives int64. */
const cumulative = (name: 'cumsum' | 'cumprod'): OpSpec<Sig<[Tensor], CumulativeAttrs>> =>
  new OpSpec<Sig<[Tensor], CumulativeAttrs>>({
    name,
    infer([x]) {
      requireTensor(name, x);
      if (x.dtype === 'bool') throw notImplementedFor(name, x.dtype);
      return { shape: x.shape, dtype: x.dtype };
    },
    kernel(runtime, [out], [x], { dim, reverse }) {
      runtime.scan(name, [atLeast1d(out)], atLeast1d(x), dim, reverse);
    },
    inplace: { writes: [0], how: 'copy' },
  });

/** Running extremes with their indices. */
const cumulativeExtreme = (name: ScanKind): OpSpec<ReduceOps['cummax']> =>
  new OpSpec<ReduceOps['cummax']>({
    name,
    infer([x]) {
      requireTensor(name, x);
      return [
        { shape: x.shape, dtype: x.dtype },
        { shape: x.shape, dtype: 'int64' },
      ];
    },
    kernel(runtime, [values, indices], [x], { dim }) {
      runtime.scan(name, [atLeast1d(values), atLeast1d(indices)], atLeast1d(x), dim, false);
    },
  });

/** The mean squared distance from the mean, in two passes. */
function variance(x: Tensor, { dims, keepdim, correction }: VarAttrs): Tensor {
  const centred = x.sub(dispatch(reduce.mean, [x], { dims, keepdim: true }));
  const squares = dispatch(reduce.sum, [centred.square()], { dims, keepdim });
  return squares.div(Math.max(0, reducedCount(x.shape, dims) - correction));
}

/** (Σ |x|ᵖ)^(1/p), and the limits of it. */
function pNorm(x: Tensor, { p, dims, keepdim }: NormAttrs): Tensor {
  const sum = (y: Tensor): Tensor => dispatch(reduce.sum, [y], { dims, keepdim });
  if (p === 0) return dispatch(reduce.sum, [x.ne(0)], { dims, keepdim, dtype: x.dtype });
  if (p === 1) return sum(x.abs());
  if (p === 2) return sum(x.square()).sqrt();
  if (p === Number.POSITIVE_INFINITY) return dispatch(reduce.amax, [x.abs()], { dims, keepdim });
  if (p === Number.NEGATIVE_INFINITY) return dispatch(reduce.amin, [x.abs()], { dims, keepdim });
  return sum(x.abs().pow(p)).pow(1 / p);
}

/** log Σ exp(x), shifted by the largest element so that nothing overflows; an infinite one is not a shift. */
function logSumExp(x: Tensor, { dims, keepdim }: ReduceAttrs): Tensor {
  const y = isFloat(x.dtype) ? x : x.to(getDefaultDType());
  if (numel(y.shape) === 0) return dispatch(reduce.sum, [y.exp()], { dims, keepdim }).log();
  const most = dispatch(reduce.amax, [y], { dims, keepdim: true });
  const shift = most.maskedFill(most.abs().eq(Number.POSITIVE_INFINITY), 0);
  const log = dispatch(reduce.sum, [y.sub(shift).exp()], { dims, keepdim: true })
    .log()
    .add(shift);
  return keepdim ? log : log.reshape(reducedShape(x.shape, { dims, keepdim }));
}

/** Running log Σ exp: each step doubles how far an element has looked, so that all of it is stable additions of logarithms. */
function logCumSumExp(x: Tensor, { dim, reverse }: CumulativeAttrs): Tensor {
  const n = x.shape[dim] ?? 1;
  if (n <= 1) return x.clone();
  let y = x;
  for (let step = 1; step < n; step *= 2) {
    const [early, late] = [y.narrow(dim, 0, n - step), y.narrow(dim, step, n - step)];
    const sums = early.logaddexp(late);
    // the elements at the start have nothing more before them
    const done = y.narrow(dim, reverse ? n - step : 0, step);
    y = dispatch(movement.cat, reverse ? [sums, done] : [done, sums], { dim });
  }
  return y;
}

/** Rows by op name. */
export const reduce: { readonly [K in keyof ReduceOps]: OpSpec<ReduceOps[K]> } = {
  sum: reduction<SumAttrs>('sum', {
    kind: 'sum',
    dtype: (dtype, attrs) => {
      refuseBoolSum('sum', attrs.dtype);
      return sumDType(dtype, attrs.dtype);
    },
  }),
  nansum: reduction<SumAttrs>('nansum', {
    kind: 'sum',
    dtype: (dtype, attrs) => {
      if (attrs.dtype === 'bool') throw notImplementedFor('nansum', attrs.dtype);
      return sumDType(dtype, attrs.dtype);
    },
    formula: (x) => (isFloat(x.dtype) ? select(isNaNExpr(x), 0, x) : x),
  }),
  // an op of its own, so that a graph holds the meaning and not the number of elements
  mean: new OpSpec<ReduceOps['mean']>({
    name: 'mean',
    infer([x], attrs) {
      requireTensor('mean', x);
      return { shape: reducedShape(x.shape, attrs), dtype: meanDType(x.dtype, attrs.dtype) };
    },
    body([x], attrs) {
      const dtype = meanDType(x.dtype, attrs.dtype);
      const { dims, keepdim } = attrs;
      return dispatch(reduce.sum, [x], { dims, keepdim, dtype }).div(reducedCount(x.shape, dims));
    },
  }),
  prod: reduction<SumAttrs>('prod', {
    kind: 'prod',
    dtype: (dtype, attrs) => {
      refuseBoolSum('prod', attrs.dtype);
      return sumDType(dtype, attrs.dtype);
    },
  }),
  amax: extremeOver('amax', 'max'),
  amin: extremeOver('amin', 'min'),
  max: extremeOfAll('max'),
  min: extremeOfAll('min'),
  maxDim: extremeWithIndex('maxDim', 'argmax'),
  minDim: extremeWithIndex('minDim', 'argmin'),
  argmax: argReduction('argmax'),
  argmin: argReduction('argmin'),
  any: truthReduction('any'),
  all: truthReduction('all'),
  var: new OpSpec<ReduceOps['var']>({
    name: 'var',
    infer([x], attrs) {
      floatOnly('var', x);
      return { shape: reducedShape(x.shape, attrs), dtype: x.dtype };
    },
    body: ([x], attrs) => variance(x, attrs),
  }),
  std: new OpSpec<ReduceOps['std']>({
    name: 'std',
    infer([x], attrs) {
      floatOnly('std', x);
      return { shape: reducedShape(x.shape, attrs), dtype: x.dtype };
    },
    body: ([x], attrs) => variance(x, attrs).sqrt(),
  }),
  norm: new OpSpec<ReduceOps['norm']>({
    name: 'norm',
    infer([x], attrs) {
      floatOnly('norm', x);
      if (Math.abs(attrs.p) === Number.POSITIVE_INFINITY) checkElements('norm', x.shape, attrs.dims);
      return { shape: reducedShape(x.shape, attrs), dtype: x.dtype };
    },
    body: ([x], attrs) => pNorm(x, attrs),
  }),
  logsumexp: new OpSpec<ReduceOps['logsumexp']>({
    name: 'logsumexp',
    infer([x], attrs) {
      requireTensor('logsumexp', x);
      return { shape: reducedShape(x.shape, attrs), dtype: isFloat(x.dtype) ? x.dtype : getDefaultDType() };
    },
    body: ([x], attrs) => logSumExp(x, attrs),
  }),
  countNonzero: new OpSpec<ReduceOps['countNonzero']>({
    name: 'countNonzero',
    infer([x], attrs) {
      requireTensor('countNonzero', x);
      return { shape: reducedShape(x.shape, attrs), dtype: 'int64' };
    },
    kernel(runtime, [out], [x], attrs) {
      let program = countPrograms.get(x.dtype);
      if (!program) {
        program = new Program([cast(cast(input(0, x.dtype), 'bool'), 'int64')], [x.dtype]);
        countPrograms.set(x.dtype, program);
      }
      runtime.reduce('sum', keptView(out, x.shape, attrs), [x], program, []);
    },
  }),
  cumsum: cumulative('cumsum'),
  cumprod: cumulative('cumprod'),
  logcumsumexp: new OpSpec<ReduceOps['logcumsumexp']>({
    name: 'logcumsumexp',
    infer([x]) {
      requireTensor('logcumsumexp', x);
      if (!isFloat(x.dtype)) throw notImplementedFor('logcumsumexp', x.dtype);
      return { shape: x.shape, dtype: x.dtype };
    },
    body: ([x], attrs) => logCumSumExp(x, attrs),
  }),
  cummax: cumulativeExtreme('cummax'),
  cummin: cumulativeExtreme('cummin'),
  ...orderStatistics,
};
