/** Derivative of attention: one op, from the inputs and both outputs. */
import { type AttentionOps, builtinOps, dispatch, type Tensor } from '@tenfold/tensor-core';
import { joint, type Rule, type Rules, viaBody } from '../rule.ts';

const scaledDotProductAttention: Rule<AttentionOps['scaledDotProductAttention']> = joint(
  [0, 1, 2, 3, 'out', 'out1'],
  (c) => {
    const wanted = [c.needs(0), c.needs(1), c.needs(2), c.needs(3)] as const;
    const [query, key, value, mask] = [c.tensor(0), c.tensor(1), c.tensor(2), c.input(3)];
    const rest: Tensor[] = [
      ...dispatch(
        builtinOps.scaledDotProductAttentionBackward,
        [c.grad, c.grads[1] ?? null, query, key, value, mask, c.output(), c.output(1)],
        { ...c.attrs, wanted },
      ),
    ];
    return wanted.map((want) => (want ? (rest.shift() ?? null) : null));
  },
);

export const attention: Rules<AttentionOps> = {
  scaledDotProductAttention,
  scaledDotProductAttentionBackward: viaBody,
};
