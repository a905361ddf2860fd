/** Derivatives of activations: each is one op, whose body gives those of higher order. */
import {
  type ActivationBackwardAttrs,
  type ActivationOps,
  type Activations,
  builtinOps,
  dispatch,
} from '@tenfold/tensor-core';
import { formula, type Rule, type Rules, viaBody, wrt } from '../rule.ts';

/** g · f'(x). */
const slope = <K extends keyof Activations>(of: K): Rule<Activations[K]> =>
  formula(
    wrt([0], (c) =>
      // `of` and its attributes belong together, which a union can't say of a parameter
      dispatch(builtinOps.activationBackward, [c.grad, c.tensor(0)], { of, attrs: c.attrs } as ActivationBackwardAttrs),
    ),
  );

export const activation: Rules<ActivationOps> = {
  gelu: slope('gelu'),
  silu: slope('silu'),
  mish: slope('mish'),
  softplus: slope('softplus'),
  logSigmoid: slope('logSigmoid'),
  elu: slope('elu'),
  celu: slope('celu'),
  leakyRelu: slope('leakyRelu'),
  hardtanh: slope('hardtanh'),
  hardsigmoid: slope('hardsigmoid'),
  hardswish: slope('hardswish'),
  hardshrink: slope('hardshrink'),
  softshrink: slope('softshrink'),
  activationBackward: viaBody,
};
