/** Activations in ONNX: its own operator where runtimes have it for the dtype, else what that stands for. */
import type { ActivationOps, DType, EluAttrs, GeluAttrs, SoftplusAttrs } from '@tenfold/tensor-core';
import type { Attributes, Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { abs, add, div, exp, expm1, extreme, log1p, lt, mul, neg, number, sub } from './elementwise-nodes.ts';
import { erf } from './special.ts';
import { type Symbols, viaBody } from './symbol.ts';

type Row = (g: OpContext) => Ref;
type Write = (g: OpContext, x: Ref) => Ref;

/** ONNX's operator from opset `since` on; runtimes have most of them in float64 not. */
const standard =
  (type: string, since: number, attributes: Attributes | ((g: OpContext) => Attributes), made: Write): Row =>
  (g) => {
    if (g.opset < since || g.outDType() === 'float64') return made(g, g.x());
    return g.op(type, [g.x()], typeof attributes === 'function' ? attributes(g) : attributes);
  };

const attrsOf = <A>(g: OpContext): A => g.attrs as A;
const half = (g: OpContext, x: Ref): Ref => mul(g, x, number(g, 0.5, x));
const tanh = (g: OpContext, x: Ref): Ref => g.op('Tanh', [x]);
const positive = (g: OpContext, x: Ref): Ref => lt(g, number(g, 0, x), x);

/** x/2 · (1 + erf(x/√2)), or with tanh(√(2/π) · (x + 0.044715 x³)) for the error function. */
function gelu(g: OpContext, x: Ref): Ref {
  if (attrsOf<GeluAttrs>(g).approximate === 'none')
    return mul(g, half(g, x), add(g, erf(g, mul(g, x, number(g, Math.SQRT1_2, x))), number(g, 1, x)));
  const cube = mul(g, mul(g, mul(g, x, x), x), number(g, 0.044715, x));
  const inner = mul(g, add(g, x, cube), number(g, Math.sqrt(2 / Math.PI), x));
  return mul(g, half(g, x), add(g, tanh(g, inner), number(g, 1, x)));
}

/** log(1 + exp(x)) without overflow. */
function softplus(g: OpContext, x: Ref): Ref {
  if (x.dtype === 'float32') return g.op('Softplus', [x]);
  // runtimes expand it to log(exp(x) + 1), which overflows in halves
  if (x.dtype !== 'float64') return g.cast(g.op('Softplus', [g.cast(x, 'float32')]), x.dtype as DType);
  return add(g, extreme(g, 'Max', x, number(g, 0, x)), log1p(g, exp(g, neg(g, abs(g, x)))));
}

/** x + 3 within 0 and 6. */
const ramp = (g: OpContext, x: Ref): Ref =>
  extreme(g, 'Min', extreme(g, 'Max', add(g, x, number(g, 3, x)), number(g, 0, x)), number(g, 6, x));

const lambdOf = (g: OpContext): number => attrsOf<{ lambd: number }>(g).lambd;

/** Rows by op name. */
export const activation: Symbols<ActivationOps> = {
  gelu: standard('Gelu', 20, (g) => ({ approximate_s: attrsOf<GeluAttrs>(g).approximate }), gelu),
  silu(g) {
    const x = g.x();
    // onnxruntime fuses x · Sigmoid(x) into an operator that it has for float32 only
    if (x.dtype === 'float64') return div(g, x, add(g, exp(g, neg(g, x)), number(g, 1, x)));
    return mul(g, x, g.op('Sigmoid', [x]));
  },
  mish: standard('Mish', 18, {}, (g, x) => mul(g, x, tanh(g, softplus(g, x)))),
  softplus(g) {
    const { beta, threshold } = attrsOf<SoftplusAttrs>(g);
    const x = g.x();
    const scaled = beta === 1 ? x : mul(g, x, number(g, beta, x));
    const soft = beta === 1 ? softplus(g, x) : div(g, softplus(g, scaled), number(g, beta, x));
    // above 20, float32 can't tell them apart
    if (threshold >= 20 && x.dtype !== 'float64') return soft;
    return g.where(lt(g, number(g, threshold, x), scaled), x, soft);
  },
  logSigmoid: (g) => neg(g, softplus(g, neg(g, g.x()))),
  elu(g) {
    const { alpha, scale } = attrsOf<EluAttrs>(g);
    const made: Write = (_, x) =>
      g.where(positive(g, x), mul(g, x, number(g, scale, x)), mul(g, expm1(g, x), number(g, alpha * scale, x)));
    if (scale === 1) return standard('Elu', 6, { alpha_f: alpha }, made)(g);
    return standard('Selu', 6, { alpha_f: alpha, gamma_f: scale }, made)(g);
  },
  celu: standard(
    'Celu',
    12,
    (g) => ({ alpha_f: attrsOf<{ alpha: number }>(g).alpha }),
    (g, x) => {
      const alpha = number(g, attrsOf<{ alpha: number }>(g).alpha, x);
      return g.where(positive(g, x), x, mul(g, expm1(g, div(g, x, alpha)), alpha));
    },
  ),
  leakyRelu: standard(
    'LeakyRelu',
    6,
    (g) => ({ alpha_f: attrsOf<{ negativeSlope: number }>(g).negativeSlope }),
    (g, x) => g.where(positive(g, x), x, mul(g, x, number(g, attrsOf<{ negativeSlope: number }>(g).negativeSlope, x))),
  ),
  hardtanh(g) {
    const { minVal, maxVal } = attrsOf<{ minVal: number; maxVal: number }>(g);
    const x = g.x();
    const [low, high] = [number(g, minVal, x), number(g, maxVal, x)];
    // before opset 12 runtimes have Clip for float32 alone
    if (x.dtype === 'float32' || g.opset >= 12) return g.op('Clip', [x, low, high]);
    return extreme(g, 'Min', extreme(g, 'Max', x, low), high);
  },
  hardsigmoid: standard('HardSigmoid', 6, { alpha_f: 1 / 6, beta_f: 0.5 }, (g, x) =>
    div(g, ramp(g, x), number(g, 6, x)),
  ),
  hardswish: standard('HardSwish', 14, {}, (g, x) => div(g, mul(g, x, ramp(g, x)), number(g, 6, x))),
  // not Shrink, which makes 0 of NaN
  hardshrink(g) {
    const x = g.x();
    const kept = g.op('Or', [lt(g, number(g, lambdOf(g), x), abs(g, x)), g.op('IsNaN', [x])]);
    return g.where(kept, x, number(g, 0, x));
  },
  softshrink(g) {
    const x = g.x();
    const limit = number(g, lambdOf(g), x);
    const below = g.where(lt(g, x, neg(g, limit)), add(g, x, limit), mul(g, x, number(g, 0, x)));
    return g.where(lt(g, limit, x), sub(g, x, limit), below);
  },
  activationBackward: viaBody,
};
