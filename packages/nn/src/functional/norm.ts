/** Normalisations that are made of other ops; core has the rest. */
import {
  ArgumentError,
  avgPool2d,
  checkOptions,
  describe,
  dispatch,
  formatShape,
  isTensor,
  pad,
  ShapeError,
  type Sig,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkNumber, checkSize } from '../checks.ts';
import { compositeOp } from '../composite.ts';

/** Options of `localResponseNorm`. */
export interface LocalResponseNormOptions {
  /** The weight of the mean square. Default 1e-4. */
  alpha?: number;
  /** The exponent. Default 0.75. */
  beta?: number;
  /** What is added before raising. Default 1. */
  k?: number;
}

const localResponseNormOp = /* @__PURE__ */ compositeOp<
  Sig<[Tensor], { size: number } & Required<LocalResponseNormOptions>>
>('localResponseNorm', ([input], { size, alpha, beta, k }) => {
  const squares = pad(input.square().flatten(2), [0, 0, Math.floor(size / 2), Math.floor((size - 1) / 2)]);
  const means = avgPool2d(squares.unsqueeze(1), [size, 1], { stride: 1 })
    .squeeze(1)
    .view([...input.shape]);
  return input.div(means.mul(alpha).add(k).pow(beta));
});

/**
 * x / (k + α · the mean square of `size` neighbouring channels)^β
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html).
 *
 * @param input `[N, C, …]`, with a position dim at least.
 * @throws ShapeError for fewer dims, ArgumentError for a size below 1.
 */
export function localResponseNorm(input: Tensor, size: number, options?: LocalResponseNormOptions): Tensor {
  const where = 'localResponseNorm';
  checkOptions(where, options, ['alpha', 'beta', 'k']);
  if (!isTensor(input)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(input)}`);
  checkSize(`${where}: size`, size, 1);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options ?? {};
  for (const [name, value] of Object.entries({ alpha, beta, k })) checkNumber(`${where}: ${name}`, value);
  if (input.ndim < 3)
    throw new ShapeError(
      `${where}: Expected 3D or higher dimensionality input (got ${input.ndim} dimensions: ${formatShape(input.shape)})`,
    );
  if (input.numel() === 0) return input;
  return dispatch(localResponseNormOp, [input], { size, alpha, beta, k });
}
