/** Activations that are made of other ops; core has the rest. */
import * as core from '@tenfold/tensor-core';
import {
  ArgumentError,
  checkOptions,
  describe,
  dispatch,
  type Generator,
  type InplaceOptions,
  isTensor,
  ShapeError,
  type Sig,
  type Tensor,
  where,
} from '@tenfold/tensor-core';
import { checkBounds, checkFlag, checkNumber } from '../checks.ts';
import { compositeOp } from '../composite.ts';

function requireInput(name: string, input: unknown): asserts input is Tensor {
  if (!isTensor(input)) throw new ArgumentError(`${name}: expected a tensor, got ${describe(input)}`);
}

/** The larger of x and 0 (https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html). */
export function relu(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('relu', options, ['inplace']);
  requireInput('relu', input);
  return options?.inplace ? input.relu_() : input.relu();
}

/** 1 / (1 + exp(-x)) (https://pytorch.org/docs/stable/generated/torch.nn.functional.sigmoid.html). */
export const sigmoid = (input: Tensor): Tensor => core.sigmoid(input);

/** The hyperbolic tangent (https://pytorch.org/docs/stable/generated/torch.nn.functional.tanh.html). */
export const tanh = (input: Tensor): Tensor => core.tanh(input);

/** x / (1 + |x|) (https://pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html). */
export function softsign(input: Tensor): Tensor {
  requireInput('softsign', input);
  return input.div(input.abs().add(1));
}

/** x - tanh(x) (https://pytorch.org/docs/stable/generated/torch.nn.functional.tanhshrink.html). */
export function tanhshrink(input: Tensor): Tensor {
  requireInput('tanhshrink', input);
  return input.sub(input.tanh());
}

/** softmax(-x) along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html). */
export function softmin(input: Tensor, dim: number): Tensor {
  requireInput('softmin', input);
  return input.neg().softmax(dim);
}

const preluOp = /* @__PURE__ */ compositeOp<Sig<[Tensor, Tensor]>>('prelu', ([input, weight]) => {
  const count = weight.numel();
  const slopes = weight.reshape(count === 1 ? [] : [count, ...new Array<number>(input.ndim - 2).fill(1)]);
  // x above 0 is kept out of the product, so that an infinite one gives the weight no gradient
  return where(input.gt(0), input, input.clamp(null, 0).mul(slopes));
});

/**
 * x where it is above 0, weight · x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html).
 *
 * @param input `[N, C, …]`, or of any shape for one weight.
 * @param weight `[1]`, or `[C]`.
 * @throws ShapeError for another number of weights.
 */
export function prelu(input: Tensor, weight: Tensor): Tensor {
  requireInput('prelu', input);
  if (!isTensor(weight)) throw new ArgumentError(`prelu: weight must be a tensor, got ${describe(weight)}`);
  const count = weight.numel();
  if (count !== 1) {
    if (input.ndim === 0) throw new ShapeError('prelu: Not allow zero-dim input tensor.');
    const channels = input.ndim > 1 ? input.shape[1] : 1;
    if (channels !== count)
      throw new ShapeError(
        `prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = ${count} and channel size = ${channels}.`,
      );
  }
  return dispatch(preluOp, [input, weight], null);
}

/** Options of {@link rrelu}. */
export interface RreluOptions extends InplaceOptions {
  /** The least slope below 0. Default 1/8. */
  lower?: number;
  /** The largest slope below 0. Default 1/3. */
  upper?: number;
  /** Whether slopes are drawn; else all are the middle one. Default false. */
  training?: boolean;
  /** Default: the generator of `manualSeed`. */
  generator?: Generator;
}

/**
 * x where it is above 0, r · x elsewhere, r being drawn between `lower` and `upper` for each element
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html).
 *
 * @throws ArgumentError if `lower` is above `upper`.
 */
export function rrelu(input: Tensor, options?: RreluOptions): Tensor {
  checkOptions('rrelu', options, ['lower', 'upper', 'training', 'inplace', 'generator']);
  requireInput('rrelu', input);
  const { lower = 1 / 8, upper = 1 / 3, training = false, inplace = false, generator } = options ?? {};
  checkBounds('rrelu', lower, upper);
  if (!checkFlag('rrelu: training', training))
    return core.leakyRelu(input, { negativeSlope: (lower + upper) / 2, inplace });
  const slopes = core.emptyLike(input).uniform_(lower, upper, { generator });
  const factors = slopes.maskedFill(input.gt(0), 1);
  return checkFlag('rrelu: inplace', inplace) ? input.mul_(factors) : input.mul(factors);
}

/**
 * a · σ(b), a and b being the halves of the input along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.functional.glu.html).
 *
 * @throws ShapeError for a size that can't be halved.
 */
export function glu(input: Tensor, dim = -1): Tensor {
  requireInput('glu', input);
  if (input.ndim === 0) throw new ShapeError('glu does not support scalars because halving size must be even');
  const axis = core.normalizeDim(dim, input.ndim, 'glu');
  const size = input.shape[axis];
  if (size % 2 !== 0)
    throw new ShapeError(`glu: Halving dimension must be even, but dimension ${axis} is size ${size}`);
  const [value, gate] = input.chunk(2, axis);
  return value.mul(gate.sigmoid());
}

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** The temperature, above 0: the lower, the nearer to one-hot. Default 1. */
  tau?: number;
  /** Whether the result is one-hot, with the gradient of the soft one. Default false. */
  hard?: boolean;
  /** Along which a sample is drawn. Default -1. */
  dim?: number;
  /** Default: the generator of `manualSeed`. */
  generator?: Generator;
}

/**
 * Samples of the Gumbel-softmax distribution (https://pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html).
 *
 * @param logits log-probabilities, not normalised, of any shape.
 */
export function gumbelSoftmax(logits: Tensor, options?: GumbelSoftmaxOptions): Tensor {
  const name = 'gumbelSoftmax';
  checkOptions(name, options, ['tau', 'hard', 'dim', 'generator']);
  requireInput(name, logits);
  const { tau = 1, hard = false, dim = -1, generator } = options ?? {};
  checkNumber(`${name}: tau`, tau);
  // -log of an exponential number is one of the Gumbel distribution
  const noise = core.emptyLike(logits).exponential_(1, { generator }).log();
  const soft = logits.sub(noise).div(tau).softmax(dim);
  if (!checkFlag(`${name}: hard`, hard)) return soft;
  const index = soft.detach().argmax(dim, { keepdim: true });
  const oneHot = core.zerosLike(soft).scatter(dim, index, 1);
  return oneHot.sub(soft.detach()).add(soft);
}
