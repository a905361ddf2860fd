/** Softmax and its logarithm along one dim. */
import { isFloat } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';

/** Attributes of `softmax` and `logSoftmax`: the dim, non-negative. */
export interface SoftmaxAttrs {
  readonly dim: number;
}

/** Softmaxes by op name. */
export interface SoftmaxOps {
  softmax: Sig<[Tensor], SoftmaxAttrs>;
  logSoftmax: Sig<[Tensor], SoftmaxAttrs>;
  /** From the gradient and the result. */
  softmaxBackward: Sig<[Tensor, Tensor], SoftmaxAttrs>;
  logSoftmaxBackward: Sig<[Tensor, Tensor], SoftmaxAttrs>;
}

const softmaxOp = (name: string, body: (x: Tensor, dim: number) => Tensor): OpSpec<Sig<[Tensor], SoftmaxAttrs>> =>
  new OpSpec<Sig<[Tensor], SoftmaxAttrs>>({
    name,
    infer([x]) {
      requireTensor(name, x);
      if (!isFloat(x.dtype)) throw notImplementedFor(name, x.dtype);
      return { shape: x.shape, dtype: x.dtype };
    },
    body([x], { dim }) {
      if (!isFloat(x.dtype)) throw notImplementedFor(name, x.dtype);
      // the largest of no elements is not defined
      return x.numel() === 0 ? x.clone() : body(x, dim);
    },
  });

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
export const softmax: { readonly [K in keyof SoftmaxOps]: OpSpec<SoftmaxOps[K]> } = {
  softmax: softmaxOp('softmax', (x, dim) => {
    const exps = x.sub(x.amax(dim, { keepdim: true })).exp();
    return exps.div(exps.sum(dim, { keepdim: true }));
  }),
  logSoftmax: softmaxOp('logSoftmax', (x, dim) => {
    const shifted = x.sub(x.amax(dim, { keepdim: true }));
    return shifted.sub(shifted.exp().sum(dim, { keepdim: true }).log());
  }),
  // y = softmax(x):  dx = y · (g - Σ g·y)
  softmaxBackward: backwardOp('softmaxBackward', (grad, y, dim) =>
    y.mul(grad.sub(grad.mul(y).sum(dim, { keepdim: true }))),
  ),
  // y = log softmax(x):  dx = g - exp(y) · Σ g
  logSoftmaxBackward: backwardOp('logSoftmaxBackward', (grad, y, dim) =>
    grad.sub(y.exp().mul(grad.sum(dim, { keepdim: true }))),
  ),
};
