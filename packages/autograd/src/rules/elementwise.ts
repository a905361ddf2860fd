/** Derivatives of pointwise ops; see ../rule.ts for the names in scope. `g` below is the gradient of the result. */
import {
  type AnySig,
  type ElementwiseOps,
  fullLike,
  type Operand,
  type Tensor,
  where,
  zerosLike,
} from '@tenfold/tensor-core';
import {
  type FormulaContext,
  formula,
  linear,
  noGradient,
  notImplemented,
  type Rules,
  type Wrt,
  wrt,
} from '../rule.ts';

/** Piecewise constant: the gradient is zero, not absent. */
const flat = <S extends AnySig>(): Wrt<S> => linear((c) => zerosLike(c.grad));

/** The gradient where a condition on the inputs holds, else 0: never a product, so that NaN and Inf elsewhere stay out. */
const onlyWhere = (condition: Tensor, grad: Tensor): Tensor => grad.maskedFill(condition.logicalNot(), 0);

/** d f(x) = g · slope(x). */
const fromInput = <S extends AnySig>(slope: (x: Tensor) => Tensor) =>
  formula<S>(wrt([0], (c) => c.grad.mul(slope(c.tensor(0)))));
/** d y = g · slope(y), y being the result. */
const fromOutput = <S extends AnySig>(slope: (y: Tensor) => Tensor) =>
  formula<S>(wrt(['out'], (c) => c.grad.mul(slope(c.output()))));

/** The one of two that was chosen takes the gradient, at a tie both take half, and beside NaN both take all of it. */
const chosen = <S extends AnySig>(loses: 'gt' | 'lt', self: 0 | 1): Wrt<S> =>
  wrt([0, 1], (c) => {
    const [mine, other] = operands(c, self);
    const shared = where(mine.eq(other), c.grad.mul(0.5), c.grad);
    return shared.maskedFill(mine[loses](other), 0);
  });

/** Inputs 0 and 1 as tensors, `self` first. */
function operands<S extends AnySig>(c: FormulaContext<S>, self: 0 | 1): [Tensor, Tensor] {
  const tensorOf = (i: 0 | 1): Tensor => {
    const x: Operand = c.input(i);
    return typeof x === 'object' && x !== null ? x : fullLike(c.grad, x as number);
  };
  return self === 0 ? [tensorOf(0), tensorOf(1)] : [tensorOf(1), tensorOf(0)];
}

/** fmax and fmin: the other takes the gradient where one is NaN, the first at a tie. */
const kept = <S extends AnySig>(compare: 'ge' | 'le', self: 0 | 1): Wrt<S> =>
  wrt([0, 1], (c) => {
    const [x, y] = operands(c, 0);
    const first = x[compare](y).logicalOr(y.isnan());
    return onlyWhere(self === 0 ? first : first.logicalNot(), c.grad);
  });

const times = (grad: Tensor, factor: number): Tensor => (factor === 1 ? grad : grad.mul(factor));

const LN2 = Math.LN2;
const LN10 = Math.LN10;
const ERF_SLOPE = 2 / Math.sqrt(Math.PI);

/** d xᵉ / dx = e · xᵉ⁻¹, and 0 where e is 0 (also at x = 0). */
function powBase(grad: Tensor, x: Operand, e: Operand): Tensor | null {
  if (typeof x !== 'object' || x === null) return null;
  if (typeof e === 'number') return e === 0 ? zerosLike(grad) : grad.mul(x.pow(e - 1).mul(e));
  const exponent = e as Tensor;
  return grad.mul(exponent.mul(x.pow(exponent.sub(1)))).maskedFill(exponent.eq(0), 0);
}

/** d xᵉ / de = xᵉ · ln x, and 0 where x is 0 and e ≥ 0. */
function powExponent(grad: Tensor, x: Operand, e: Tensor, y: Tensor): Tensor {
  if (typeof x === 'number') {
    const slope = grad.mul(y.mul(Math.log(x)));
    return x === 0 ? slope.maskedFill(e.ge(0), 0) : slope;
  }
  const base = x as Tensor;
  return grad.mul(y.mul(base.log())).maskedFill(base.eq(0).logicalAnd(e.ge(0)), 0);
}

/** Where an element lies within its bounds. */
function inBounds(x: Tensor, low: Operand, high: Operand): Tensor {
  const above = low === null ? null : x.ge(low);
  const below = high === null ? null : x.le(high);
  if (above && below) return above.logicalAnd(below);
  return (above ?? below) as Tensor;
}

export const elementwise: Rules<ElementwiseOps> = {
  // sign(0) = 0 is the subgradient that PyTorch chooses
  abs: fromInput((x) => x.sign()),
  neg: formula(linear((c) => c.grad.neg())),
  sign: formula(flat()),
  floor: formula(flat()),
  ceil: formula(flat()),
  round: formula(flat()),
  trunc: formula(flat()),
  frac: formula(linear((c) => c.grad)),
  square: fromInput((x) => x.mul(2)),

  exp: fromOutput((y) => y),
  exp2: fromOutput((y) => y.mul(LN2)),
  expm1: fromOutput((y) => y.add(1)),
  log: formula(wrt([0], (c) => c.grad.div(c.tensor(0)))),
  log2: formula(wrt([0], (c) => c.grad.div(c.tensor(0).mul(LN2)))),
  log10: formula(wrt([0], (c) => c.grad.div(c.tensor(0).mul(LN10)))),
  log1p: formula(wrt([0], (c) => c.grad.div(c.tensor(0).add(1)))),
  sqrt: formula(wrt(['out'], (c) => c.grad.div(c.output().mul(2)))),
  // d x^(-1/2) = -½ y³
  rsqrt: fromOutput((y) => y.pow(3).mul(-0.5)),
  // d (1/x) = -y²
  reciprocal: fromOutput((y) => y.square().neg()),

  sin: fromInput((x) => x.cos()),
  cos: fromInput((x) => x.sin().neg()),
  // d tan = 1 + y²
  tan: fromOutput((y) => y.square().add(1)),
  asin: fromInput((x) => x.square().rsub(1).rsqrt()),
  acos: fromInput((x) => x.square().rsub(1).rsqrt().neg()),
  atan: fromInput((x) => x.square().add(1).reciprocal()),
  sinh: fromInput((x) => x.cosh()),
  cosh: fromInput((x) => x.sinh()),
  tanh: fromOutput((y) => y.square().rsub(1)),
  asinh: fromInput((x) => x.square().add(1).rsqrt()),
  // as a product of two roots: (x² - 1) would lose the digits near 1
  acosh: fromInput((x) => x.square().sub(1).rsqrt()),
  atanh: fromInput((x) => x.square().rsub(1).reciprocal()),
  sigmoid: fromOutput((y) => y.mul(y.rsub(1))),
  // 0 at 0
  relu: formula(wrt(['out'], (c) => c.grad.maskedFill(c.output().le(0), 0))),
  erf: fromInput((x) => x.square().neg().exp().mul(ERF_SLOPE)),
  erfc: fromInput((x) => x.square().neg().exp().mul(-ERF_SLOPE)),
  // d erf⁻¹ = √π/2 · exp(y²)
  erfinv: fromOutput((y) =>
    y
      .square()
      .exp()
      .mul(1 / ERF_SLOPE),
  ),
  lgamma: fromInput((x) => x.digamma()),
  digamma: fromInput((x) => x.polygamma(1)),
  polygamma: formula(wrt([0], (c) => c.grad.mul(c.tensor(0).polygamma(c.attrs.n + 1)))),
  // 1 / (x·(1 - x)): 0 where eps has cut, NaN outside of [0, 1] without it
  logit: formula(
    wrt([0], (c) => {
      const x = c.tensor(0);
      const { eps } = c.attrs;
      const low = eps ?? 0;
      const outside = x.lt(low).logicalOr(x.gt(1 - low));
      return c.grad.div(x.mul(x.rsub(1))).maskedFill(outside, eps === null ? Number.NaN : 0);
    }),
  ),
  // (πx·cos πx - sin πx) / (πx²), 0 at 0
  sinc: fromInput((x) => {
    const angle = x.mul(Math.PI);
    const zero = x.eq(0);
    const slope = angle.mul(angle.cos()).sub(angle.sin()).div(angle.mul(x).maskedFill(zero, 1));
    return slope.maskedFill(zero, 0);
  }),
  deg2rad: formula(linear((c) => c.grad.mul(Math.PI / 180))),
  rad2deg: formula(linear((c) => c.grad.mul(180 / Math.PI))),
  roundDecimals: formula(flat()),
  nanToNum: formula(wrt([0], (c) => onlyWhere(c.tensor(0).isfinite(), c.grad))),
  signbit: noGradient,
  isposinf: noGradient,
  isneginf: noGradient,
  isnan: noGradient,
  isinf: noGradient,
  isfinite: noGradient,

  // an element at a bound passes its gradient on; a bound takes it where it cut, the upper one where both did
  clamp: formula(
    wrt([0, 1, 2], (c) => onlyWhere(inBounds(c.tensor(0), c.input(1), c.input(2)), c.grad)),
    wrt([0, 1, 2], (c) => {
      const low = c.tensor(1);
      const high = c.input(2);
      const cut = c.tensor(0).lt(low);
      return onlyWhere(high === null ? cut : cut.logicalAnd(low.lt(high)), c.grad);
    }),
    wrt([0, 1, 2], (c) => {
      const [low, high] = [c.input(1), c.tensor(2)];
      const cut = c.tensor(0).gt(high);
      return onlyWhere(low === null ? cut : cut.logicalOr(high.lt(low)), c.grad);
    }),
  ),
  threshold: formula(wrt([0], (c) => onlyWhere(c.tensor(0).gt(c.attrs.threshold), c.grad))),

  add: formula(
    linear((c) => c.grad),
    linear((c) => times(c.grad, c.attrs.alpha)),
  ),
  sub: formula(
    linear((c) => c.grad),
    linear((c) => times(c.grad, c.attrs.alpha).neg()),
  ),
  // y - α·x
  rsub: formula(
    linear((c) => times(c.grad, c.attrs.alpha).neg()),
    linear((c) => c.grad),
  ),
  // d(x·y) = y·dx + x·dy
  mul: formula(
    wrt([1], (c) => c.grad.mul(c.input(1) as Tensor | number)),
    wrt([0], (c) => c.grad.mul(c.input(0))),
  ),
  // d(x/y) = dx/y - x/y² dy; rounded: 0
  div: formula(
    wrt([1], (c) => (c.attrs.roundingMode === null ? c.grad.div(c.input(1) as Tensor | number) : zerosLike(c.grad))),
    wrt([0, 1], (c) => {
      const y = c.tensor(1);
      return c.attrs.roundingMode === null ? c.grad.neg().mul(c.tensor(0).div(y).div(y)) : zerosLike(c.grad);
    }),
  ),
  // x - y·⌊x/y⌋
  remainder: formula(
    linear((c) => c.grad),
    wrt([0, 1], (c) => c.grad.neg().mul(c.tensor(0).div(c.tensor(1), { roundingMode: 'floor' }))),
  ),
  // x - y·trunc(x/y)
  fmod: formula(
    linear((c) => c.grad),
    wrt([0, 1], (c) => c.grad.neg().mul(c.tensor(0).div(c.tensor(1), { roundingMode: 'trunc' }))),
  ),
  pow: formula(
    wrt([0, 1], (c) => powBase(c.grad, c.input(0), c.input(1))),
    wrt([0, 1, 'out'], (c) => powExponent(c.grad, c.input(0), c.tensor(1), c.output())),
  ),
  // d atan2(y, x) = (x dy - y dx) / (x² + y²), 0 at the origin
  atan2: formula(
    wrt([0, 1], (c) => {
      const [y, x] = operands(c, 0);
      return c.grad.mul(x.div(radiusSquared(y, x)));
    }),
    wrt([0, 1], (c) => {
      const [y, x] = operands(c, 0);
      return c.grad.mul(y.neg().div(radiusSquared(y, x)));
    }),
  ),
  // dx·x/r
  hypot: formula(
    wrt([0, 'out'], (c) => c.grad.mul(c.tensor(0).div(c.output()))),
    wrt([1, 'out'], (c) => c.grad.mul(c.tensor(1).div(c.output()))),
  ),
  maximum: formula(chosen('lt', 0), chosen('lt', 1)),
  minimum: formula(chosen('gt', 0), chosen('gt', 1)),
  fmax: formula(kept('ge', 0), kept('ge', 1)),
  fmin: formula(kept('le', 0), kept('le', 1)),
  // d log(eˣ + eʸ) = dx / (1 + e^(y-x)) + …
  logaddexp: formula(
    wrt([0, 1], (c) => {
      const [x, y] = operands(c, 0);
      return c.grad.div(y.sub(x).exp().add(1));
    }),
    wrt([0, 1], (c) => {
      const [y, x] = operands(c, 1);
      return c.grad.div(x.sub(y).exp().add(1));
    }),
  ),
  // d log2(2ˣ + 2ʸ) = dx / (1 + 2^(y-x)) + …
  logaddexp2: formula(
    wrt([0, 1], (c) => {
      const [x, y] = operands(c, 0);
      return c.grad.div(y.sub(x).exp2().add(1));
    }),
    wrt([0, 1], (c) => {
      const [y, x] = operands(c, 1);
      return c.grad.div(x.sub(y).exp2().add(1));
    }),
  ),
  // PyTorch has none either
  heaviside: notImplemented('the step has no useful derivative; PyTorch has none either'),
  // x·ln y: 0 where x is 0, unless y is NaN
  xlogy: formula(
    wrt([0, 1], (c) => {
      const [x, y] = operands(c, 0);
      return c.grad.mul(y.log()).maskedFill(x.eq(0).logicalAnd(y.le(0)), 0);
    }),
    wrt([0, 1], (c) => c.grad.mul(c.tensor(0)).div(c.tensor(1))),
  ),
  // |x|·sign(y): 0 at x = 0
  copysign: formula(
    wrt([0, 'out'], (c) => {
      const x = c.tensor(0);
      return c.grad.mul(c.output().div(x)).maskedFill(x.eq(0), 0);
    }),
    flat(),
  ),
  // s + w·(e - s)
  lerp: formula(
    wrt([2], (c) => {
      const w = c.input(2);
      return c.grad.mul(typeof w === 'number' ? 1 - w : (w as Tensor).rsub(1));
    }),
    wrt([2], (c) => c.grad.mul(c.input(2) as Tensor | number)),
    wrt([0, 1], (c) => c.grad.mul((c.input(1) as Tensor).sub(c.tensor(0)))),
  ),
  // x + v·y·z
  addcmul: formula(
    linear((c) => c.grad),
    wrt([2], (c) => c.grad.mul(times(c.tensor(2), c.attrs.value))),
    wrt([1], (c) => c.grad.mul(times(c.tensor(1), c.attrs.value))),
  ),
  // x + v·y/z
  addcdiv: formula(
    linear((c) => c.grad),
    wrt([2], (c) => times(c.grad, c.attrs.value).div(c.tensor(2))),
    wrt([1, 2], (c) =>
      times(c.grad, c.attrs.value)
        .neg()
        .mul(c.tensor(1).div(c.tensor(2).square())),
    ),
  ),

  eq: noGradient,
  ne: noGradient,
  lt: noGradient,
  le: noGradient,
  gt: noGradient,
  ge: noGradient,
  logicalAnd: noGradient,
  logicalOr: noGradient,
  logicalXor: noGradient,
  logicalNot: noGradient,
  bitwiseAnd: noGradient,
  bitwiseOr: noGradient,
  bitwiseXor: noGradient,
  bitwiseNot: noGradient,
  bitwiseLeftShift: noGradient,
  bitwiseRightShift: noGradient,
  where: formula(
    null,
    wrt([0], (c) => onlyWhere(c.tensor(0), c.grad)),
    wrt([0], (c) => c.grad.maskedFill(c.tensor(0), 0)),
  ),
  maskedFill: formula(
    wrt([1], (c) => c.grad.maskedFill(c.tensor(1), 0)),
    null,
    wrt([1], (c) => onlyWhere(c.tensor(1), c.grad)),
  ),
};

/** x² + y², and infinity at the origin: the gradient there is 0. */
const radiusSquared = (y: Tensor, x: Tensor): Tensor => {
  const squared = x.square().add(y.square());
  return squared.maskedFill(squared.eq(0), Number.POSITIVE_INFINITY);
};
