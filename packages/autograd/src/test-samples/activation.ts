/** Where the derivatives of activations are checked, away from their kinks. */
import {
  type ActivationOps,
  celu,
  elu,
  gelu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logsigmoid,
  mish,
  relu6,
  selu,
  silu,
  softplus,
  softshrink,
  type Tensor,
} from '@tenfold/tensor-core';
import { grad } from '../backward.ts';
import { any, type Samples, spread } from './inputs.ts';

/** On both sides of -3, 0, 3 and 6. */
const wide = (): Tensor => spread([8], -5.1, 7.3);
const backward = (fn: (x: Tensor) => Tensor) => (x: Tensor) => grad([fn(x).sum()], [x], { createGraph: true })[0];

export const activation: Samples<ActivationOps> = {
  gelu: [
    [(x) => gelu(x), any(5)],
    [(x) => gelu(x, { approximate: 'tanh' }), any(5)],
  ],
  silu: [[(x) => silu(x), any(5)]],
  mish: [[(x) => mish(x), any(5)]],
  softplus: [
    [(x) => softplus(x), any(5)],
    [(x) => softplus(x, { beta: 3, threshold: 2 }), any(6)],
  ],
  logSigmoid: [[(x) => logsigmoid(x), any(5)]],
  elu: [
    [(x) => elu(x, { alpha: 0.7 }), any(5)],
    [(x) => selu(x), any(5)],
  ],
  celu: [[(x) => celu(x, { alpha: 0.7 }), any(5)]],
  leakyRelu: [[(x) => leakyRelu(x, { negativeSlope: 0.2 }), any(5)]],
  hardtanh: [
    [(x) => hardtanh(x), any(5)],
    [(x) => relu6(x), wide()],
  ],
  hardsigmoid: [[(x) => hardsigmoid(x), wide()]],
  hardswish: [[(x) => hardswish(x), wide()]],
  hardshrink: [[(x) => hardshrink(x), any(5)]],
  softshrink: [[(x) => softshrink(x), any(5)]],
  activationBackward: [
    [backward(gelu), any(5)],
    [backward(mish), any(5)],
    [backward(softplus), any(5)],
    [backward(elu), any(5)],
    [backward(hardswish), wide()],
  ],
};
