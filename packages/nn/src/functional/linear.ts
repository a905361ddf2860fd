/** Functions of linear layers. */
import { ArgumentError, asOne, describe, formatShape, isTensor, ShapeError, type Tensor } from '@tenfold/tensor-core';

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

/**
 * x₁ᵀ A x₂ + b over the last dims (https://pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html).
 *
 * @param input1 `[…, in1Features]`.
 * @param input2 `[…, in2Features]`, with the same dims in front.
 * @param weight `[outFeatures, in1Features, in2Features]`.
 * @param bias `[outFeatures]`.
 * @returns `[…, outFeatures]`.
 * @throws ShapeError unless the sizes fit, DTypeError unless all have one dtype.
 */
export function bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  for (const [name, x] of Object.entries({ input1, input2, weight, ...(bias === null ? {} : { bias }) }))
    if (!isTensor(x)) throw new ArgumentError(`bilinear: ${name} must be a tensor, got ${describe(x)}`);
  if (input1.ndim === 0 || input1.ndim !== input2.ndim)
    throw new ShapeError(`bilinear(): input dimensions do not match: got ${input1.ndim} and ${input2.ndim}`);
  input1.shape.slice(0, -1).forEach((size, d) => {
    if (size !== input2.shape[d])
      throw new ShapeError(
        `bilinear(): input batch dimensions do not match at dim ${d}: got ${size} and ${input2.shape[d]}`,
      );
  });
  if (weight.ndim !== 3)
    throw new ShapeError(
      `bilinear(): weight must have the shape [outFeatures, in1Features, in2Features], got ${weight.ndim} dims`,
    );
  const [features, ...sizes] = weight.shape;
  [input1, input2].forEach((x, i) => {
    const size = x.shape[x.ndim - 1];
    if (size !== sizes[i])
      throw new ShapeError(
        `bilinear(): input${i + 1} size does not match weight size: got ${size} but expected ${sizes[i]}`,
      );
  });
  if (bias !== null && (bias.ndim !== 1 || bias.shape[0] !== features))
    throw new ShapeError(
      `bilinear(): bias size does not match weight size: got ${formatShape(bias.shape)} but expected ${formatShape([features])}`,
    );
  // […, out · in2] by […, in2, 1]
  const first = input1.matmul(weight.permute([1, 0, 2]).flatten(1)).unflatten(-1, [features, sizes[1]]);
  const product = first.matmul(input2.unsqueeze(-1)).squeeze(-1);
  return bias === null ? product : product.add(bias);
}
