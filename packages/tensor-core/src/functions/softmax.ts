/** Function forms of softmaxes. */
import type { SoftmaxOptions } from '../methods/softmax.ts';
import type { Tensor } from '../tensor.ts';

/** exp(x) / Σ exp(x) along `dim`, as `input.softmax(dim)`. @throws DTypeError for integers, IndexError for a dim out of range. */
export const softmax = (input: Tensor, dim: number, options?: SoftmaxOptions): Tensor => input.softmax(dim, options);

/** log(softmax(x)) along `dim`, as `input.logSoftmax(dim)`. @throws DTypeError for integers, IndexError for a dim out of range. */
export const logSoftmax = (input: Tensor, dim: number, options?: SoftmaxOptions): Tensor =>
  input.logSoftmax(dim, options);
