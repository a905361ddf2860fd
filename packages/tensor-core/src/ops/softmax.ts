/** Softmax and its logarithm along one dim. */
import { isFloat } from '../dtype.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';

/** Attributes of `softmax` and `logSoftmax`: the dim, non-negative. */
export interface SoftmaxAttrs {
  readonly dim: number;
}

/** Softmaxes by op name. */
export interface SoftmaxForwardOps {
  softmax: Sig<[Tensor], SoftmaxAttrs>;
  logSoftmax: Sig<[Tensor], SoftmaxAttrs>;
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

/** Rows by op name. */
export const softmax: { readonly [K in keyof SoftmaxForwardOps]: OpSpec<SoftmaxForwardOps[K]> } = {
  softmax: softmaxOp('softmax', (x, dim) => {
    const exps = x.sub(x.amax(dim, { keepdim: true })).exp();
    return exps.div(exps.sum(dim, { keepdim: true }));
  }),
  logSoftmax: softmaxOp('logSoftmax', (x, dim) => {
    const shifted = x.sub(x.amax(dim, { keepdim: true }));
    return shifted.sub(shifted.exp().sum(dim, { keepdim: true }).log());
  }),
};
