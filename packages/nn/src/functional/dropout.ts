/** Functions that drop elements, or whole channels, at random. */
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  describe,
  dropout as dropElements,
  empty,
  emptyLike,
  type Generator,
  isFloat,
  isTensor,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkFlag } from '../checks.ts';

/** Options of the functions that drop. */
export interface DropoutOptions {
  /** Whether anything is dropped; else the input is given back. Default true. */
  training?: boolean;
  /** Whether the input itself is changed. Default false. */
  inplace?: boolean;
  /** Draws what is dropped. Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/** Returns `p` if it is a probability, else throws. */
export function checkProbability(where: string, p: unknown): number {
  if (typeof p === 'number' && p >= 0 && p <= 1) return p;
  throw new ArgumentError(
    `dropout probability has to be between 0 and 1, but got ${typeof p === 'number' ? p : describe(p)} in ${where}`,
  );
}

/** What elements are multiplied by, and what is added to them, once they are kept or dropped. */
interface Dropped {
  readonly factor: Tensor;
  readonly offset: Tensor | null;
}

/** 0 with probability p, else 1 / (1 - p): the mean stays. */
function zeroed(kept: Tensor, p: number): Dropped {
  return { factor: kept.mul_(1 / (1 - p)), offset: null };
}

/** λα of SELU, which tends to -λα at -∞. */
const saturation = 1.7580993408473766;

/** The saturated value with probability p, then scaled and shifted so that mean 0 and variance 1 stay. */
function saturated(kept: Tensor, p: number): Dropped {
  const scale = 1 / Math.sqrt((saturation ** 2 * p + 1) * (1 - p));
  // kept or not: x·a + s·a·p, or -s·a + s·a·p
  const offset = kept
    .sub(1)
    .mul_(saturation * scale)
    .add_(saturation * scale * p);
  return { factor: kept.mul_(scale), offset };
}

/** Draws 1 with probability 1 - p for each element of `noiseShape` (that of the input if it is `null`), and applies what `drop` makes of it. */
function dropped(
  where: string,
  input: Tensor,
  p: number,
  options: DropoutOptions,
  drop: (kept: Tensor, p: number) => Dropped,
  noiseShape: (input: Tensor) => Shape | null,
): Tensor {
  checkOptions(where, options, ['training', 'inplace', 'generator']);
  if (!isTensor(input)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(input)}`);
  const { training = true, inplace = false, generator } = options;
  checkProbability(where, p);
  checkFlag(`${where}: inplace`, inplace);
  if (!checkFlag(`${where}: training`, training) || p === 0 || input.numel() === 0) return input;
  if (!isFloat(input.dtype)) throw new DTypeError(`${where}: expected a float tensor, got ${input.dtype}`);
  if (p === 1) return inplace ? input.mul_(0) : input.mul(0);
  const shape = noiseShape(input);
  if (shape === null && drop === zeroed && !inplace) return dropElements(input, p, { generator });
  const { dtype, device } = input;
  const noise = shape === null ? emptyLike(input) : empty(shape, { dtype, device });
  const { factor, offset } = drop(noise.bernoulli_(1 - p, { generator }), p);
  const scaled = inplace ? input.mul_(factor) : input.mul(factor);
  if (offset === null) return scaled;
  return inplace ? scaled.add_(offset) : scaled.add(offset);
}

const elements = (): null => null;

/** `[N, C, 1, …]`: one decision for each channel of each sample. */
function channels(input: Tensor): Shape {
  if (input.ndim < 2)
    throw new ShapeError(
      `Feature dropout requires at least 2 dimensions in the input, got shape [${input.shape.join(', ')}]`,
    );
  return input.shape.map((size, d) => (d < 2 ? size : 1));
}

/**
 * Zeros each element with probability `p`, and scales the others by 1 / (1 - p) (https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html).
 *
 * @param input Floats of any shape.
 * @returns A tensor of the input's shape and dtype; the input itself if nothing is dropped.
 * @throws ArgumentError unless p is between 0 and 1, DTypeError unless floats.
 * @example `dropout(x, 0.2, { training: this.training })`
 */
export const dropout = (input: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor =>
  dropped('dropout', input, p, options, zeroed, elements);

/**
 * Zeros whole channels of `[N, C, L]`, or `[C, L]` for one sample, with probability `p`, and scales the others by 1 / (1 - p)
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html).
 *
 * @throws ArgumentError unless p is between 0 and 1, DTypeError unless floats, ShapeError for another number of dims.
 */
export function dropout1d(input: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor {
  if (isTensor(input) && input.ndim !== 2 && input.ndim !== 3)
    throw new ShapeError(
      `dropout1d: Expected 2D or 3D input, but received a ${input.ndim}D input: it takes [N, C, L] or [C, L]`,
    );
  return dropped('dropout1d', input, p, options, zeroed, ({ shape }) => [...shape.slice(0, -1), 1]);
}

/**
 * Zeros whole channels of `[N, C, H, W]` with probability `p`, and scales the others by 1 / (1 - p)
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html). As in PyTorch, three dims are `[N, C, L]`, not one sample.
 *
 * @throws ArgumentError unless p is between 0 and 1, DTypeError unless floats, ShapeError for fewer than two dims.
 */
export const dropout2d = (input: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor =>
  dropped('dropout2d', input, p, options, zeroed, channels);

/**
 * Zeros whole channels of `[N, C, D, H, W]`, or `[C, D, H, W]` for one sample, with probability `p`, and scales the others by 1 / (1 - p)
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html).
 *
 * @throws ArgumentError unless p is between 0 and 1, DTypeError unless floats, ShapeError for another number of dims.
 */
export function dropout3d(input: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor {
  if (isTensor(input) && input.ndim !== 4 && input.ndim !== 5)
    throw new ShapeError(
      `dropout3d: Expected 4D or 5D input, but received a ${input.ndim}D input: it takes [N, C, D, H, W] or [C, D, H, W]`,
    );
  return dropped('dropout3d', input, p, options, zeroed, ({ shape }) => [...shape.slice(0, -3), 1, 1, 1]);
}

/**
 * Sets each element with probability `p` to what SELU tends to at -∞, then scales and shifts all, so that a mean of 0 and a variance of 1 stay
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html). As in PyTorch a p of 1 gives zeros.
 *
 * @param p Default 0.5.
 * @param options As in PyTorch `training` is false by default for the alpha dropouts.
 * @throws ArgumentError unless p is between 0 and 1, DTypeError unless floats.
 */
export const alphaDropout = (input: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor =>
  dropped('alphaDropout', input, p, { training: false, ...options }, saturated, elements);

/**
 * {@link alphaDropout} of whole channels of `[N, C, …]` (https://pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html).
 *
 * @throws ArgumentError unless p is between 0 and 1, DTypeError unless floats, ShapeError for fewer than two dims.
 */
export const featureAlphaDropout = (input: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor =>
  dropped('featureAlphaDropout', input, p, { training: false, ...options }, saturated, channels);
