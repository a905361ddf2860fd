/** How activations are called. */

import type { ActivationOps, InplaceOptions, Tensor } from '@tenfold/tensor-core';
import * as core from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

/** A function whose option `inplace` is the in-place form. */
const writing = (fn: (x: Tensor, options: InplaceOptions) => Tensor): OpCase => ({
  call: ([x], args) => fn(x, args),
  inplace: ([x], args) => fn(x, { ...args, inplace: true }),
});
const plain = (fn: (x: Tensor, options: object) => Tensor): OpCase => ({ call: ([x], args) => fn(x, args) });

export const activation: Cases<ActivationOps> = {
  gelu: {
    ...plain(core.gelu),
    tolerance: { float32: { ulps: 64, of: 'element' } },
    toleranceReason: "1 is added to erf, which loses up to six bits below 0, here as in PyTorch",
  },
  silu: writing(core.silu),
  mish: writing(core.mish),
  softplus: plain(core.softplus),
  logSigmoid: { call: ([x]) => core.logsigmoid(x) },
  elu: writing(core.elu),
  celu: writing(core.celu),
  leakyRelu: writing(core.leakyRelu),
  hardtanh: writing(core.hardtanh),
  hardsigmoid: writing(core.hardsigmoid),
  hardswish: writing(core.hardswish),
  hardshrink: plain(core.hardshrink),
  softshrink: {
    ...plain(core.softshrink),
    exclude: { 'special float64': 'since PyTorch 2.6 a NaN stays one; the fixtures are of 1.13' },
  },
  activationBackward: { none: 'the gradient of an activation; sampled there' },
};

/** Functions that are one of the ops above with attributes of their own. */
export const activationMethods: { readonly [name: string]: OpCase } = {
  selu: writing(core.selu),
  relu6: writing(core.relu6),
};
