/** Activations, and what is taken along an axis: softmax and its relatives. */
import { softsign } from '@tenfold/nn/functional';
import {
  activationOps,
  celu,
  dispatch,
  elu,
  gelu,
  hardsigmoid,
  hardswish,
  leakyRelu,
  mish,
  oneHot,
  silu,
  softplus,
  type Tensor,
  threshold,
  where,
  zerosLike,
} from '@tenfold/tensor-core';
import type { NodeContext, Row, Rows } from '../context.ts';

/** log(1 + exp(x)); above the threshold the dtype can't tell it from x. */
export const softPlus = (x: Tensor): Tensor => softplus(x, { threshold: x.dtype === 'float64' ? 40 : 20 });

/** γ · (x above 0, α · (exp(x) - 1) elsewhere). The factors of the paper were rounded otherwise in the first version. */
function selu(c: NodeContext): Tensor {
  const [alpha, gamma] = c.opset < 6 ? [1.6732, 1.0507] : [1.67326319217681884765625, 1.05070102214813232421875];
  return dispatch(activationOps.elu, [c.x()], { alpha: c.float('alpha', alpha), scale: c.float('gamma', gamma) });
}

function hardSigmoid(c: NodeContext): Tensor {
  const [alpha, beta] = [c.float('alpha', Math.fround(0.2)), c.float('beta', 0.5)];
  if (alpha === Math.fround(1 / 6) && beta === 0.5) return hardsigmoid(c.x());
  return c.x().mul(alpha).add(beta).clamp(0, 1);
}

/** Before opset 7 the slopes of channels stand in a vector, since then they broadcast. */
function prelu(c: NodeContext): Tensor {
  const [x, slope] = [c.x(0), c.x(1)];
  const ofChannels = c.opset < 7 && slope.ndim === 1 && slope.numel() > 1 && x.ndim > 2;
  const slopes = ofChannels ? slope.reshape([-1, ...new Array<number>(x.ndim - 2).fill(1)]) : slope;
  return where(x.lt(0), x.mul(slopes), x);
}

function geluOf(c: NodeContext): Tensor {
  const approximate = c.string('approximate', 'none');
  if (approximate !== 'none' && approximate !== 'tanh')
    throw c.error(`approximate must be none or tanh, got '${approximate}'`);
  return gelu(c.x(), { approximate });
}

/** x + bias below -λ, x - bias above λ, 0 between. */
function shrink(c: NodeContext): Tensor {
  const x = c.x();
  const [bias, lambd] = [c.float('bias', 0), c.float('lambd', 0.5)];
  const shrunk = where(x.lt(-lambd), x.add(bias), where(x.gt(lambd), x.sub(bias), zerosLike(x)));
  return shrunk.dtype === x.dtype ? shrunk : shrunk.to(x.dtype);
}

/** x · σ(αx). */
function swish(c: NodeContext): Tensor {
  const alpha = c.float('alpha', 1);
  return alpha === 1 ? silu(c.x()) : c.x().mul(c.x().mul(alpha).sigmoid());
}

/** Along one axis; before opset 13 along all dims from the axis on, as if they were one. */
const alongAxis =
  (fn: (x: Tensor, dim: number) => Tensor): Row =>
  (c) => {
    const x = c.x();
    if (c.opset >= 13) return fn(x, c.int('axis', -1));
    const axis = c.int('axis', 1);
    const from = axis < 0 ? axis + x.ndim : axis;
    if (from === x.ndim - 1) return fn(x, from);
    const rows = x.shape.slice(0, from).reduce((n, size) => n * size, 1);
    return fn(x.reshape([rows, -1]), 1).reshape(x.shape);
  };

/** 1 at the first of the largest, 0 elsewhere. */
const hardmax = (x: Tensor, dim: number): Tensor => oneHot(x.argmax(dim), x.size(dim)).movedim(-1, dim).to(x.dtype);

/** Rows by op type. */
export const activation: Rows = {
  Celu: (c) => celu(c.x(), { alpha: c.float('alpha', 1) }),
  Elu: (c) => elu(c.x(), { alpha: c.float('alpha', 1) }),
  Gelu: geluOf,
  HardSigmoid: hardSigmoid,
  HardSwish: (c) => hardswish(c.x()),
  Hardmax: alongAxis(hardmax),
  LeakyRelu: (c) => leakyRelu(c.x(), { negativeSlope: c.float('alpha', Math.fround(0.01)) }),
  LogSoftmax: alongAxis((x, dim) => x.logSoftmax(dim)),
  Mish: (c) => mish(c.x()),
  PRelu: prelu,
  Relu: (c) => c.x().relu(),
  Selu: selu,
  Shrink: shrink,
  Softmax: alongAxis((x, dim) => x.softmax(dim)),
  Softplus: (c) => softPlus(c.x()),
  Softsign: (c) => softsign(c.x()),
  Swish: swish,
  ThresholdedRelu: (c) => threshold(c.x(), c.float('alpha', 1), 0),
};
