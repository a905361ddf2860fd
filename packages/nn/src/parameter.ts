/** `Parameter`: a leaf tensor that a module owns and an optimiser changes. */
// installs gradients: parameters are of no use without
import '@tenfold/autograd';
import { ArgumentError, checkOptions, describe, isTensor, keep, Tensor } from '@tenfold/tensor-core';

/** Options of {@link Parameter}. */
export interface ParameterOptions {
  /** Whether gradients are accumulated in `grad`. Default true. */
  requiresGrad?: boolean;
}

/**
 * A tensor that counts as a parameter of the module whose property it is
 * (https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html). It shares the memory of `data`, is a leaf, and is never disposed by `tidy`.
 *
 * @throws ArgumentError unless `data` is a tensor, AutogradError if it is of a dtype without gradients and `requiresGrad` is not false.
 * @example
 * this.weight = new Parameter(randn([outFeatures, inFeatures]));
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, options?: ParameterOptions) {
    if (!isTensor(data))
      throw new ArgumentError(`Parameter: expected a tensor such as randn([2, 3]), got ${describe(data)}`);
    checkOptions('Parameter', options, ['requiresGrad']);
    super(data.storage, data.dtype, data.shape, data.strides, data.offset, data.versionCounter, null);
    keep(this);
    if (options?.requiresGrad ?? true) this.requiresGrad_(true);
  }

  /** PyTorch's text: `Parameter containing:` and the tensor. */
  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}
