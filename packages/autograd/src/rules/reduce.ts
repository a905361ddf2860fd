/** Derivatives of reductions: a gradient of the result is spread over what was reduced. */
import { builtinOps, dispatch, gradMode, numel, type ReduceOps, type Shape, type Tensor } from '@tenfold/tensor-core';
import { type FormulaContext, formula, linear, noGradient, type Rule, type Rules, viaBody, wrt } from '../rule.ts';

interface Reduced {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
}

/** A result with its reduced dims back, as size 1. */
function restored(x: Tensor, { dims, keepdim }: Reduced): Tensor {
  return keepdim ? x : dims.reduce((y, dim) => y.unsqueeze(dim), x);
}

const count = (shape: Shape, dims: readonly number[]): number => numel(dims.map((d) => shape[d]));

/** A gradient repeated over the reduced dims. */
const spread = (grad: Tensor, shape: Shape, attrs: Reduced): Tensor => restored(grad, attrs).expand(shape);

/** Elements equal to the extreme share its gradient evenly. */
const sharedByEquals = <S extends ReduceOps['amax']>(): Rule<S> =>
  formula(
    wrt([0, 'out'], (c: FormulaContext<S>) => {
      const equal = c.tensor(0).eq(restored(c.output(), c.attrs));
      return restored(c.grad, c.attrs)
        .mul(equal)
        .div(equal.sum(c.attrs.dims, { keepdim: true }));
    }),
  );

/** As {@link sharedByEquals}; where the result is NaN the NaNs share. */
const sharedByAll: Rule<ReduceOps['max']> = formula(
  wrt([0, 'out'], (c) => {
    const nans = c.tensor(0).isnan().logicalAnd(c.output().isnan());
    const equal = c.tensor(0).eq(c.output()).logicalOr(nans);
    return c.grad.div(equal.sum()).mul(equal);
  }),
);

/** The gradient goes to the element that was chosen. */
const toChosenOf = <S extends ReduceOps['maxDim'] | ReduceOps['kthvalue']>(): Rule<S> =>
  formula(
    wrt(['out1'], (c: FormulaContext<S>) => {
      const shape = c.shape(0);
      if (shape.length === 0) return c.grad;
      const { dim, keepdim } = c.attrs;
      const reduced = { dims: [dim], keepdim };
      return c.grad.newZeros(shape).scatter(dim, restored(c.output(1), reduced), restored(c.grad, reduced));
    }),
  );
const toChosen = toChosenOf<ReduceOps['maxDim']>();

/** Each element collects the gradients of the positions at which it was the extreme. */
const toRunning: Rule<ReduceOps['cummax']> = formula(
  wrt(['out1'], (c) => {
    const shape = c.shape(0);
    return shape.length === 0 ? c.grad : c.grad.newZeros(shape).scatterAdd(c.attrs.dim, c.output(1), c.grad);
  }),
);

const cumsum = (x: Tensor, dim: number, reverse: boolean): Tensor => dispatch(builtinOps.cumsum, [x], { dim, reverse });
const cumprod = (x: Tensor, dim: number, reverse: boolean): Tensor =>
  dispatch(builtinOps.cumprod, [x], { dim, reverse });

/** Along `dim`, the product of all elements before each one (after it, if `reverse`). */
function productBefore(x: Tensor, dim: number, reverse: boolean): Tensor {
  const n = x.shape[dim];
  const one = x.newOnes(x.shape.map((size, d) => (d === dim ? 1 : size)));
  const rest = x.narrow(dim, reverse ? 1 : 0, n - 1);
  return cumprod(dispatch(builtinOps.cat, reverse ? [rest, one] : [one, rest], { dim }), dim, reverse);
}

/** Along `dim`, the product of all other elements: defined where elements are 0. */
function productOfOthers(x: Tensor, dim: number): Tensor {
  if (x.numel() === 0) return x;
  const others = productBefore(x, dim, false).mul(productBefore(x, dim, true));
  // as the result over the element would be
  return others.maskedFill(x.isnan(), Number.NaN);
}

/** {@link productOfOthers} over several dims at once. */
function productOfOthersOver(x: Tensor, dims: readonly number[]): Tensor {
  if (dims.length === 0) return x.newOnes(x.shape);
  if (dims.length === 1) return productOfOthers(x, dims[0]);
  const order = [...x.shape.map((_, d) => d).filter((d) => !dims.includes(d)), ...dims];
  const back = order.map((_, d) => order.indexOf(d));
  const y = x.permute(order);
  const kept = y.shape.slice(0, x.ndim - dims.length);
  return productOfOthers(y.reshape([...kept, count(x.shape, dims)]), kept.length)
    .reshape(y.shape)
    .permute(back);
}

/**
 * y_i = Π_{j≤i} x_j:  dx_k = Σ_{i≥k} g_i y_i / x_k before the first 0; at it the same with that 0 taken for 1; nothing behind it.
 */
function cumprodLinear(x: Tensor, y: Tensor, grad: Tensor, dim: number, reverse: boolean): Tensor {
  const zero = x.eq(0);
  const zeros = cumsum(zero.to('int64'), dim, reverse);
  const first = zero.logicalAnd(zeros.eq(1));
  const before = cumsum(grad.mul(y), dim, !reverse).div(x.maskedFill(zero, 1));
  const atFirst = cumsum(grad.mul(cumprod(x.maskedFill(first, 1), dim, reverse)), dim, !reverse);
  return before.where(zeros.eq(0), atFirst.mul(first));
}

/** The same in differentiable products alone, in quadratic memory: dx_k = Π_{j<k} x_j · Σ_{i≥k} g_i Π_{k<j≤i} x_j. */
function cumprodQuadratic(x: Tensor, grad: Tensor, dim: number, reverse: boolean): Tensor {
  if (reverse) return cumprodQuadratic(x.flip([dim]), grad.flip([dim]), dim, false).flip([dim]);
  const n = x.shape[dim];
  const row = x.movedim(dim, -1).unsqueeze(-2);
  const grid = row.expand([...row.shape.slice(0, -2), n, n]);
  const upper = x.newOnes([n, n]).triu();
  const between = grid
    .maskedFill(x.newOnes([n, n]).tril().ne(0), 1)
    .cumprod(-1)
    .mul(upper);
  const sums = grad.movedim(dim, -1).unsqueeze(-2).mul(between).sum(-1);
  return productBefore(x, dim, false).mul(sums.movedim(-1, dim));
}

const logcumsumexp = (x: Tensor, dim: number, reverse: boolean): Tensor =>
  dispatch(builtinOps.logcumsumexp, [x], { dim, reverse });

/** y_i = log Σ_{k≤i} exp x_k:  dx_k = Σ_{i≥k} g_i exp(x_k - y_i), in logarithms so that nothing overflows; a g < 0 has none, so it goes apart. */
function logcumsumexpLinear(x: Tensor, y: Tensor, grad: Tensor, dim: number, reverse: boolean): Tensor {
  const part = (g: Tensor): Tensor => {
    const log = g.clamp(0).log();
    return logcumsumexp(log.sub(y), dim, !reverse).add(x).exp();
  };
  return part(grad).sub(part(grad.neg()));
}

/** The same as one sum, in quadratic memory, whose derivatives are those of exp. */
function logcumsumexpQuadratic(x: Tensor, y: Tensor, grad: Tensor, dim: number, reverse: boolean): Tensor {
  const n = x.shape[dim];
  const [rows, columns] = [x.movedim(dim, -1).unsqueeze(-1), y.movedim(dim, -1).unsqueeze(-2)];
  // row k, column i: i ≥ k takes part, or i ≤ k from the other end
  const square = x.newOnes([n, n]);
  const outside = (reverse ? square.tril() : square.triu()).eq(0);
  const weights = rows.sub(columns).maskedFill(outside, Number.NEGATIVE_INFINITY).exp();
  return grad.movedim(dim, -1).unsqueeze(-2).mul(weights).sum(-1).movedim(-1, dim);
}

/** d‖x‖ for each order p. */
function normGradient(x: Tensor, norm: Tensor, grad: Tensor, p: number, dims: readonly number[]): Tensor {
  if (p === 0) return x.newZeros(x.shape);
  if (p === 1) return x.sign().mul(grad);
  // 0 where the norm is 0; masked before dividing too, so that the transpose of this is 0 there and not 0/0
  const zero = norm.eq(0);
  if (p === 2) return x.mul(grad.div(norm.maskedFill(zero, 1)).maskedFill(zero, 0));
  if (Math.abs(p) === Number.POSITIVE_INFINITY) {
    const equal = x.abs().eq(norm).logicalOr(x.isnan());
    return x.sign().mul(grad.div(equal.sum(dims, { keepdim: true })).mul(equal));
  }
  // sign(x) |x|^(p-1) / ‖x‖^(p-1)
  if (p < 1)
    return x
      .sign()
      .mul(
        x
          .abs()
          .pow(p - 1)
          .maskedFill(x.eq(0), 0),
      )
      .mul(grad)
      .mul(norm.pow(1 - p));
  const scale = grad.div(norm.maskedFill(zero, 1).pow(p - 1)).maskedFill(zero, 0);
  return p < 2
    ? x
        .sign()
        .mul(x.abs().pow(p - 1))
        .mul(scale)
    : x.mul(x.abs().pow(p - 2)).mul(scale);
}

/** d var = 2 (x - mean) / (n - correction). */
function varGradient(x: Tensor, grad: Tensor, dims: readonly number[], correction: number): Tensor {
  return x.sub(x.mean(dims, { keepdim: true })).mul(grad.mul(2 / (count(x.shape, dims) - correction)));
}

export const reduce: Rules<ReduceOps> = {
  sum: formula(linear((c) => spread(c.grad, c.shape(0), c.attrs))),
  // a NaN has passed as 0; as a product, so that a NaN gradient stays one
  nansum: formula(wrt([0], (c) => spread(c.grad, c.shape(0), c.attrs).mul(c.tensor(0).isnan().logicalNot()))),
  mean: formula(linear((c) => spread(c.grad.div(count(c.shape(0), c.attrs.dims)), c.shape(0), c.attrs))),
  // d Π x = Π of the others
  prod: formula(wrt([0], (c) => restored(c.grad, c.attrs).mul(productOfOthersOver(c.tensor(0), c.attrs.dims)))),
  amax: sharedByEquals(),
  amin: sharedByEquals(),
  max: sharedByAll,
  min: sharedByAll,
  maxDim: toChosen,
  minDim: toChosen,
  argmax: noGradient,
  argmin: noGradient,
  any: noGradient,
  all: noGradient,
  var: formula(wrt([0], (c) => varGradient(c.tensor(0), restored(c.grad, c.attrs), c.attrs.dims, c.attrs.correction))),
  // s = √var:  ds = d var / (2 s), 0 where s is 0
  std: formula(
    wrt([0, 'out'], (c) => {
      const grad = c.grad.div(c.output().mul(2)).maskedFill(c.output().eq(0), 0);
      return varGradient(c.tensor(0), restored(grad, c.attrs), c.attrs.dims, c.attrs.correction);
    }),
  ),
  norm: formula(
    wrt([0, 'out'], (c) => {
      const { p, dims } = c.attrs;
      return normGradient(c.tensor(0), restored(c.output(), c.attrs), restored(c.grad, c.attrs), p, dims);
    }),
  ),
  // d log Σ exp(x) = exp(x - y)
  logsumexp: formula(
    wrt([0, 'out'], (c) => restored(c.grad, c.attrs).mul(c.tensor(0).sub(restored(c.output(), c.attrs)).exp())),
  ),
  countNonzero: noGradient,
  // the running sum from the other end
  cumsum: formula(linear((c) => cumsum(c.grad, c.attrs.dim, !c.attrs.reverse))),
  cumprod: formula(
    wrt([0, 'out'], (c) => {
      const x = c.tensor(0);
      const { dim, reverse } = c.attrs;
      if (x.ndim === 0 || x.numel() === 0) return c.grad;
      return gradMode.enabled
        ? cumprodQuadratic(x, c.grad, dim, reverse)
        : cumprodLinear(x, c.output(), c.grad, dim, reverse);
    }),
  ),
  logcumsumexp: formula(
    wrt([0, 'out'], (c) => {
      const x = c.tensor(0);
      if (x.ndim === 0 || x.numel() === 0) return c.grad;
      const { dim, reverse } = c.attrs;
      return gradMode.enabled
        ? logcumsumexpQuadratic(x, c.output(), c.grad, dim, reverse)
        : logcumsumexpLinear(x, c.output(), c.grad, dim, reverse);
    }),
  ),
  median: sharedByAll,
  nanmedian: sharedByAll,
  medianDim: toChosen,
  nanmedianDim: toChosen,
  kthvalue: toChosenOf(),
  mode: toChosen,
  // through the sort, the gather and the interpolation
  quantile: viaBody,
  nanquantile: viaBody,
  cummax: toRunning,
  cummin: toRunning,
};
