/**
 * Activations that are one scalar expression, and the derivative of each as another one: either is one pass over memory
 * (https://pytorch.org/docs/stable/nn.functional.html#non-linear-activation-functions). Half precision computes in float32.
 */
import { type DType, isFloat } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { formatShape, sameShape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, pointwise, requireTensor } from './build.ts';
import { expressionOps } from './expression-ops.ts';

type Plain = Sig<[Tensor]>;
type Shrink = Sig<[Tensor], { readonly lambd: number }>;

/** Attributes of `gelu`. */
export interface GeluAttrs {
  readonly approximate: 'none' | 'tanh';
}

/** Attributes of `softplus`. */
export interface SoftplusAttrs {
  readonly beta: number;
  /** Where βx is above it, the result is x. */
  readonly threshold: number;
}

/** Attributes of `elu`: scale · x above 0, scale · α · (exp(x) - 1) elsewhere. */
export interface EluAttrs {
  readonly alpha: number;
  readonly scale: number;
}

/** Activations by op name. */
export interface Activations {
  gelu: Sig<[Tensor], GeluAttrs>;
  silu: Plain;
  mish: Plain;
  softplus: Sig<[Tensor], SoftplusAttrs>;
  logSigmoid: Plain;
  elu: Sig<[Tensor], EluAttrs>;
  celu: Sig<[Tensor], { readonly alpha: number }>;
  leakyRelu: Sig<[Tensor], { readonly negativeSlope: number }>;
  hardtanh: Sig<[Tensor], { readonly minVal: number; readonly maxVal: number }>;
  hardsigmoid: Plain;
  hardswish: Plain;
  hardshrink: Shrink;
  softshrink: Shrink;
}

/** Which derivative {@link ActivationOps.activationBackward} takes: that of this activation with these attributes. */
export type ActivationBackwardAttrs = {
  [K in keyof Activations]: { readonly of: K; readonly attrs: Activations[K]['attrs'] };
}[keyof Activations];

export interface ActivationOps extends Activations {
  /** Gradient and input to the gradient of the input. */
  activationBackward: Sig<[Tensor, Tensor], ActivationBackwardAttrs>;
}

/** An activation f(x); `p` are its parameters. */
interface Row<A> {
  value(x: e.Expr, p: readonly e.Expr[], attrs: A): e.Expr;
  /** f'(x). Where it is differentiated again, none of its branches may overflow: 0 · ∞ would get through. */
  slope(x: e.Expr, p: readonly e.Expr[], attrs: A): e.Expr;
  params?(attrs: A): readonly number[];
  variant?(attrs: A): string;
}

const TANH_SCALE = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/** 2Φ(x), Φ being the normal distribution. Not as erfc(-x/√2), which keeps more digits below 0, but is 20 times as slow. */
const twiceNormal = (x: e.Expr): e.Expr => e.add(e.unary('erf', e.mul(x, Math.SQRT1_2)), 1);
const tanh = (x: e.Expr): e.Expr => e.unary('tanh', x);
const sigmoid = (x: e.Expr): e.Expr => e.unary('sigmoid', x);
const log1p = (x: e.Expr): e.Expr => e.unary('log1p', x);
const expm1 = (x: e.Expr): e.Expr => e.unary('expm1', x);
const half = (x: e.Expr): e.Expr => e.mul(x, 0.5);
const above = e.gt;
/** x below 0, and 0 above. */
const negative = (x: e.Expr): e.Expr => e.select(above(x, 0), 0, x);
const within = (x: e.Expr, limit: e.Expr): e.Expr => e.le(e.abs(x), limit);

/** log(1 + exp(x)) without overflow. */
const softplus = (x: e.Expr): e.Expr => e.add(e.max(x, 0), log1p(e.exp(e.neg(e.abs(x)))));
/** √(2/π) · (x + 0.044715 x³). */
const inner = (x: e.Expr): e.Expr => e.mul(e.add(x, e.mul(e.mul(e.mul(x, x), x), CUBE)), TANH_SCALE);
/** x + 3 within 0 and 6. */
const ramp = (x: e.Expr): e.Expr => e.min(e.max(e.add(x, 3), 0), 6);

const rows: { readonly [K in keyof Activations]: Row<Activations[K]['attrs']> } = {
  // x · Φ(x); Φ + x · φ
  gelu: {
    value: (x, _, { approximate }) =>
      e.mul(half(x), approximate === 'none' ? twiceNormal(x) : e.add(tanh(inner(x)), 1)),
    slope(x, _, { approximate }) {
      if (approximate === 'none') {
        const density = e.mul(e.exp(half(e.neg(e.mul(x, x)))), 1 / Math.sqrt(2 * Math.PI));
        return e.add(half(twiceNormal(x)), e.mul(x, density));
      }
      const t = tanh(inner(x));
      const innerSlope = e.mul(e.add(e.mul(e.mul(x, x), 3 * CUBE), 1), TANH_SCALE);
      return e.add(half(e.add(t, 1)), e.mul(half(x), e.mul(e.sub(1, e.mul(t, t)), innerSlope)));
    },
    variant: ({ approximate }) => approximate,
  },
  // x · σ(x); σ · (1 + x · (1 - σ))
  silu: {
    value: (x) => e.mul(x, sigmoid(x)),
    slope(x) {
      const s = sigmoid(x);
      return e.mul(s, e.add(e.mul(x, e.sub(1, s)), 1));
    },
  },
  // x · tanh(log(1 + eˣ)) = x · t; t + x · σ · (1 - t²)
  mish: {
    value: (x) => e.mul(x, tanh(softplus(x))),
    slope(x) {
      const t = tanh(softplus(x));
      return e.add(t, e.mul(e.mul(x, sigmoid(x)), e.sub(1, e.mul(t, t))));
    },
  },
  softplus: {
    value(x, [beta, threshold]) {
      const scaled = e.mul(x, beta);
      return e.select(above(scaled, threshold), x, e.div(softplus(scaled), beta));
    },
    slope(x, [beta, threshold]) {
      const scaled = e.mul(x, beta);
      return e.select(above(scaled, threshold), 1, sigmoid(scaled));
    },
    params: ({ beta, threshold }) => [beta, threshold],
  },
  logSigmoid: { value: (x) => e.neg(softplus(e.neg(x))), slope: (x) => sigmoid(e.neg(x)) },
  elu: {
    value: (x, [below, scale]) => e.select(above(x, 0), e.mul(x, scale), e.mul(expm1(x), below)),
    slope: (x, [below, scale]) => e.select(above(x, 0), scale, e.mul(e.exp(negative(x)), below)),
    params: ({ alpha, scale }) => [alpha * scale, scale],
  },
  celu: {
    value: (x, [alpha]) => e.select(above(x, 0), x, e.mul(expm1(e.div(x, alpha)), alpha)),
    slope: (x, [alpha]) => e.select(above(x, 0), 1, e.exp(e.div(negative(x), alpha))),
    params: ({ alpha }) => [alpha],
  },
  leakyRelu: {
    value: (x, [slope]) => e.select(above(x, 0), x, e.mul(x, slope)),
    slope: (x, [slope]) => e.select(above(x, 0), 1, slope),
    params: ({ negativeSlope }) => [negativeSlope],
  },
  hardtanh: {
    value: (x, [low, high]) => e.min(e.max(x, low), high),
    slope: (x, [low, high]) => e.select(e.bitAnd(above(x, low), e.lt(x, high)), e.constant(1, x.dtype), 0),
    params: ({ minVal, maxVal }) => [minVal, maxVal],
  },
  // PyTorch's sixth is one of float32
  hardsigmoid: {
    value: (x) => e.div(ramp(x), 6),
    slope: (x) => e.select(e.bitAnd(above(x, -3), e.lt(x, 3)), e.constant(Math.fround(1 / 6), x.dtype), 0),
  },
  hardswish: {
    value: (x) => e.div(e.mul(x, ramp(x)), 6),
    slope: (x) => e.select(e.lt(x, -3), 0, e.select(above(x, 3), 1, e.add(e.div(x, 3), 0.5))),
  },
  hardshrink: {
    value: (x, [limit]) => e.select(within(x, limit), 0, x),
    slope: (x, [limit]) => e.select(above(e.abs(x), limit), e.constant(1, x.dtype), 0),
    params: ({ lambd }) => [lambd],
  },
  softshrink: {
    value: (x, [limit]) =>
      e.select(above(x, limit), e.sub(x, limit), e.select(e.lt(x, e.neg(limit)), e.add(x, limit), e.mul(x, 0))),
    slope: (x, [limit]) => e.select(above(e.abs(x), limit), e.constant(1, x.dtype), 0),
    params: ({ lambd }) => [lambd],
  },
};

const none: readonly number[] = [];

/** The row of any activation: its attributes are typed where it is called. */
const rowOf = (of: keyof Activations): Row<object | null> => rows[of] as Row<object | null>;

const floatsOnly =
  (name: string) =>
  (dtype: DType): void => {
    if (!isFloat(dtype)) throw notImplementedFor(name, dtype);
  };

const activationOp = <K extends keyof Activations>(name: K): OpSpec<Activations[K]> => {
  const { value, params, variant } = rowOf(name);
  return pointwise<Sig<[Tensor], object | null>>(name, {
    promote: 'common',
    wide: true,
    formula: ([x], p, attrs) => value(x, p, attrs),
    params: (attrs) => params?.(attrs) ?? none,
    variant: (attrs) => variant?.(attrs) ?? '',
    check: floatsOnly(name),
  }) as unknown as OpSpec<Activations[K]>;
};

const backwardName = 'activationBackward';

/** grad · f'(x) in one pass. */
const backward = pointwise<ActivationOps['activationBackward']>(backwardName, {
  promote: 'common',
  wide: true,
  formula: ([grad, x], p, { of, attrs }) => e.mul(grad, rowOf(of).slope(x, p, attrs)),
  params: ({ of, attrs }) => rowOf(of).params?.(attrs) ?? none,
  variant: ({ of, attrs }) => `${of} ${rowOf(of).variant?.(attrs) ?? ''}`,
  check: (dtype, { of }, [grad, x]) => {
    requireTensor(backwardName, grad);
    requireTensor(backwardName, x, 1);
    floatsOnly(of)(dtype);
    if (!sameShape(grad.shape, x.shape))
      throw new ShapeError(
        `${backwardName}: expected a gradient of the input's shape ${formatShape(x.shape)}, got ${formatShape(grad.shape)}`,
      );
  },
  inplace: false,
});

/** The same of ops that record themselves. */
function backwardBody(grad: Tensor, x: Tensor, { of, attrs }: ActivationBackwardAttrs): Tensor {
  const { slope, params } = rowOf(of);
  const wide = x.dtype === 'float16' || x.dtype === 'bfloat16';
  const input = wide ? x.to('float32') : x;
  const p = params?.(attrs) ?? none;
  const formula = slope(
    e.input(0, input.dtype),
    p.map((_, i) => e.param(i, input.dtype)),
    attrs,
  );
  const result = grad.mul(expressionOps(formula, [input], p));
  return wide ? result.to(x.dtype) : result;
}

/** Rows by op name. */
export const activation: { readonly [K in keyof ActivationOps]: OpSpec<ActivationOps[K]> } = {
  gelu: activationOp('gelu'),
  silu: activationOp('silu'),
  mish: activationOp('mish'),
  softplus: activationOp('softplus'),
  logSigmoid: activationOp('logSigmoid'),
  elu: activationOp('elu'),
  celu: activationOp('celu'),
  leakyRelu: activationOp('leakyRelu'),
  hardtanh: activationOp('hardtanh'),
  hardsigmoid: activationOp('hardsigmoid'),
  hardswish: activationOp('hardswish'),
  hardshrink: activationOp('hardshrink'),
  softshrink: activationOp('softshrink'),
  activationBackward: new OpSpec<ActivationOps['activationBackward']>({
    name: backwardName,
    infer: backward.infer ?? undefined,
    kernel: backward.kernel ?? undefined,
    body: ([grad, x], attrs) => backwardBody(grad, x, attrs),
  }),
};
