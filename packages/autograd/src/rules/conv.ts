/**
 * Derivatives of convolutions. All three are linear in each operand, and each is a partial adjoint of the others. With C = convolution,
 * T = convolutionTranspose, W = convolutionWeight:
 *
 *     y = C(x, w):  dx = T(g, w),  dw = W(g, x)
 *     x = T(y, w):  dy = C(g, w),  dw = W(y, g)
 *     w = W(y, x):  dy = C(x, g),  dx = T(y, g)
 */
import { builtinOps, type ConvAttrs, type ConvOps, dispatch, exactFit, type Tensor } from '@tenfold/tensor-core';
import { formula, linear, type Rules, wrt } from '../rule.ts';

const { convolution, convolutionTranspose, convolutionWeight } = builtinOps;

/** The bias was added at every position. */
const biasGrad = (grad: Tensor): Tensor => grad.sum(grad.shape.flatMap((_, d) => (d === 1 ? [] : [d])));

interface Called {
  readonly grad: Tensor;
  readonly attrs: ConvAttrs;
  shape(i: number): readonly number[];
}

/** A convolution may have passed over its last elements; its gradients must not. */
const fit = (c: Called): ConvAttrs => exactFit(c.shape(0), c.shape(1), c.grad.shape, c.attrs);

export const conv: Rules<ConvOps> = {
  convolution: formula(
    wrt([1], (c) => dispatch(convolutionTranspose, [c.grad, c.tensor(1), null], fit(c))),
    wrt([0], (c) => dispatch(convolutionWeight, [c.grad, c.tensor(0)], fit(c))),
    linear((c) => biasGrad(c.grad)),
  ),
  convolutionTranspose: formula(
    wrt([1], (c) => dispatch(convolution, [c.grad, c.tensor(1), null], c.attrs)),
    wrt([0], (c) => dispatch(convolutionWeight, [c.tensor(0), c.grad], c.attrs)),
    linear((c) => biasGrad(c.grad)),
  ),
  convolutionWeight: formula(
    wrt([1], (c) => dispatch(convolution, [c.tensor(1), c.grad, null], c.attrs)),
    wrt([0], (c) => dispatch(convolutionTranspose, [c.tensor(0), c.grad, null], c.attrs)),
  ),
};
