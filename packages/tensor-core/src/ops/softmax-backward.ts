/** Gradients of softmax and its logarithm, which only autograd calls: a page without it doesn't ship them. */
import { isFloat } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import type { SoftmaxAttrs, SoftmaxForwardOps } from './softmax.ts';

interface SoftmaxBackwardOps {
  /** From the gradient and the result. */
  softmaxBackward: Sig<[Tensor, Tensor], SoftmaxAttrs>;
  logSoftmaxBackward: Sig<[Tensor, Tensor], SoftmaxAttrs>;
}

/** Softmax, its logarithm and their gradients by op name. */
export interface SoftmaxOps extends SoftmaxForwardOps, SoftmaxBackwardOps {}

type Backward = Sig<[Tensor, Tensor], SoftmaxAttrs>;

const backwardOp = (name: string, body: (grad: Tensor, y: Tensor, dim: number) => Tensor): OpSpec<Backward> =>
  new OpSpec<Backward>({
    name,
    infer([grad, y]) {
      requireTensor(name, grad);
      requireTensor(name, y, 1);
      if (!isFloat(y.dtype)) throw notImplementedFor(name, y.dtype);
      if (!sameShape(grad.shape, y.shape))
        throw new ShapeError(
          `${name}: gradient and result must have one shape, got ${formatShape(grad.shape)} and ${formatShape(y.shape)}`,
        );
      return { shape: y.shape, dtype: y.dtype };
    },
    body: ([grad, y], { dim }) => body(grad.dtype === y.dtype ? grad : grad.to(y.dtype), y, dim),
  });

/** Rows by op name. */
export const softmaxBackward: { readonly [K in keyof SoftmaxBackwardOps]: OpSpec<SoftmaxBackwardOps[K]> } = {
  // y = softmax(x):  dx = y · (g - Σ g·y)
  softmaxBackward: backwardOp('softmaxBackward', (grad, y, dim) =>
    y.mul(grad.sub(grad.mul(y).sum(dim, { keepdim: true }))),
  ),
  // y = log softmax(x):  dx = g - exp(y) · Σ g
  logSoftmaxBackward: backwardOp('logSoftmaxBackward', (grad, y, dim) =>
    grad.sub(y.exp().mul(grad.sum(dim, { keepdim: true }))),
  ),
};
