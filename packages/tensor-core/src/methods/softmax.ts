/** Softmax and its logarithm as methods (https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html). */
import { dispatch } from '../dispatch.ts';
import { checkDType, type DType } from '../dtype.ts';
import { checkOptions } from '../errors.ts';
import { softmax as ops } from '../ops/softmax.ts';
import { normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { DecompositionMethods } from './decomposition.ts';

/** Options of `softmax` and `logSoftmax`. */
export interface SoftmaxOptions {
  /** The tensor is cast to it first, against overflow of half precision. */
  dtype?: DType;
}

function castInput(x: Tensor, where: string, options: SoftmaxOptions | undefined): Tensor {
  checkOptions(where, options, ['dtype']);
  return options?.dtype === undefined ? x : x.to(checkDType(options.dtype, where));
}

export abstract class SoftmaxMethods extends DecompositionMethods {
  /**
   * exp(x) / Σ exp(x) along `dim`: positive and summing to 1, computed without overflow.
   *
   * @example `logits.softmax(1)`
   * @throws DTypeError unless the tensor (or `dtype`) is of a float dtype, IndexError if `dim` is out of range.
   */
  softmax(dim: number, options?: SoftmaxOptions): Tensor {
    return dispatch(ops.softmax, [castInput(this.self, 'softmax', options)], {
      dim: normalizeDim(dim, this.ndim, 'softmax'),
    });
  }

  /** log(softmax(x)) along `dim`, exact where {@link softmax} would round to 0 (https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html). */
  logSoftmax(dim: number, options?: SoftmaxOptions): Tensor {
    return dispatch(ops.logSoftmax, [castInput(this.self, 'logSoftmax', options)], {
      dim: normalizeDim(dim, this.ndim, 'logSoftmax'),
    });
  }
}
