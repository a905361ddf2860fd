/** Functions of linear layers. */
import { ArgumentError, asOne, describe, isTensor, ShapeError, type Tensor } from '@tenfold/tensor-core';

/**
 * x Wᵀ + b over the last dim (https://pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).
 *
 * @param input `[…, inFeatures]`, with any number of leading dims, also none.
 * @param weight `[outFeatures, inFeatures]`, or `[inFeatures]` for one feature whose dim is left out.
 * @param bias `[outFeatures]`.
 * @returns `[…, outFeatures]`.
 * @throws ShapeError unless the sizes fit, DTypeError unless all have one dtype.
 */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return asOne('linear', [input, weight, bias], affine);
}

function affine(input: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  for (const [name, x] of [
    ['input', input],
    ['weight', weight],
  ] as const) {
    if (!isTensor(x)) throw new ArgumentError(`linear: ${name} must be a tensor, got ${describe(x)}`);
  }
  if (weight.ndim > 2)
    throw new ShapeError(
      `linear: weight must have the shape [outFeatures, inFeatures] or [inFeatures], got ${weight.ndim} dims`,
    );
  if (bias !== null && input.ndim === 2 && weight.ndim === 2) return bias.addmm(input, weight.t());
  const product = input.matmul(weight.t());
  return bias === null ? product : product.add(bias);
}
