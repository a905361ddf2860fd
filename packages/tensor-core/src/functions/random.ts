/** Functions that draw random numbers (https://pytorch.org/docs/stable/torch.html#random-sampling). */
import { emptyLike, type FactoryOptions, factoryOptions, likeOptions, withGrad } from '../create.ts';
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { interpreters, transforms } from '../hooks.ts';
import { dropout as dropoutOps } from '../ops/dropout.ts';
import { random } from '../ops/random.ts';
import { randomFactories as ops } from '../ops/random-factories.ts';
import { type Generator, generatorOf } from '../random.ts';
import { checkInteger, checkShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';

/** Options of functions that make random tensors. */
export interface RandomOptions extends FactoryOptions {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

function randomAttrs(where: string, shape: Shape, options: RandomOptions) {
  return {
    shape: checkShape(shape, where),
    ...factoryOptions(where, options, undefined, ['generator']),
    generator: generatorOf(where, options.generator),
  };
}

/** Uniform numbers in [0, 1). Floats only. */
export const rand = (shape: Shape, options: RandomOptions = {}): Tensor =>
  withGrad(dispatch(random.rand, [], randomAttrs('rand', shape, options)), options);

/** Numbers from the standard normal distribution. Floats only. */
export const randn = (shape: Shape, options: RandomOptions = {}): Tensor =>
  withGrad(dispatch(ops.randn, [], randomAttrs('randn', shape, options)), options);

/**
 * Whole numbers from `low` (default 0) up to but not including `high`, int64 by default: `randint(10, [2, 3])`, `randint(5, 10, [4])`
 * (https://pytorch.org/docs/stable/generated/torch.randint.html).
 *
 * @throws ArgumentError unless low < high.
 */
export function randint(high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(a: number, b: number | Shape, c?: Shape | RandomOptions, d?: RandomOptions): Tensor {
  const [low, high, shape, options] =
    typeof b === 'number' ? [a, b, c as Shape, d ?? {}] : [0, a, b, (c as RandomOptions | undefined) ?? {}];
  checkInteger(low, 'randint: low');
  checkInteger(high, 'randint: high');
  if (low >= high)
    throw new ArgumentError(
      `random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high} in randint`,
    );
  const attrs = {
    shape: checkShape(shape, 'randint'),
    ...factoryOptions('randint', options, () => 'int64', ['generator']),
    generator: generatorOf('randint', options.generator),
  };
  return withGrad(dispatch(ops.randint, [], { ...attrs, low, high }), options);
}

/** The whole numbers from 0 to n - 1 in random order, int64 by default. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  if (checkInteger(n, 'randperm: n') < 0) throw new ArgumentError(`n must be non-negative, got ${n} in randperm`);
  const { dtype, device } = factoryOptions('randperm', options, () => 'int64', ['generator']);
  return withGrad(
    dispatch(ops.randperm, [], { n, dtype, device, generator: generatorOf('randperm', options.generator) }),
    options,
  );
}

function likeAttrs(where: string, x: Tensor, options: RandomOptions) {
  const { generator, ...rest } = options;
  return { ...likeOptions(where, x, rest), generator: generatorOf(where, generator) };
}

/** Uniform numbers in [0, 1) of the shape, dtype and device of `x`, unless the options say otherwise. */
export const randLike = (x: Tensor, options: RandomOptions = {}): Tensor =>
  withGrad(dispatch(ops.randLike, [x], likeAttrs('randLike', x, options)), options);

/** Standard normal numbers of the shape, dtype and device of `x`, unless the options say otherwise. */
export const randnLike = (x: Tensor, options: RandomOptions = {}): Tensor =>
  withGrad(dispatch(ops.randnLike, [x], likeAttrs('randnLike', x, options)), options);

/**
 * Whole numbers from `low` (default 0) up to but not including `high`, of the shape, dtype and device of `x`, unless the options say otherwise:
 * `randintLike(x, 10)`, `randintLike(x, 5, 10)`.
 *
 * @throws ArgumentError unless low < high.
 */
export function randintLike(x: Tensor, high: number, options?: RandomOptions): Tensor;
export function randintLike(x: Tensor, low: number, high: number, options?: RandomOptions): Tensor;
export function randintLike(x: Tensor, a: number, b?: number | RandomOptions, c?: RandomOptions): Tensor {
  const [low, high, options] = typeof b === 'number' ? [a, b, c ?? {}] : [0, a, b ?? {}];
  const { generator, ...rest } = options;
  likeOptions('randintLike', x, rest);
  return withGrad(emptyLike(x, { ...rest, requiresGrad: false }).random_(low, high, { generator }), rest);
}

/** Options of functions that draw by given probabilities. */
export interface DrawOptions {
  generator?: Generator | undefined;
}

/** 0 or 1 for each element, 1 with the probability that `p` holds there. */
export const bernoulli = (p: Tensor, options: DrawOptions = {}): Tensor => p.bernoulli(options);

/**
 * `input` times 0 with probability `p`, else times 1 / (1 - p), element by element: `dropout` of `@tenfold/nn` while it trains
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html). Floats only.
 *
 * @throws ArgumentError unless p is between 0 and 1.
 */
export function dropout(input: Tensor, p: number, options: DrawOptions = {}): Tensor {
  checkOptions('dropout', options, ['generator']);
  if (typeof p !== 'number' || !(p >= 0 && p <= 1))
    throw new ArgumentError(
      `dropout probability has to be between 0 and 1, but got ${typeof p === 'number' ? p : describe(p)} in dropout`,
    );
  const [result, factors] = dispatch(dropoutOps.dropout, [input], {
    p,
    generator: generatorOf('dropout', options.generator),
  });
  // what nobody has seen must not wait for the garbage collector
  if (!result.requiresGrad && transforms.length === 0 && interpreters.length === 0) factors.dispose();
  return result;
}

/** Indices of categories drawn with the probabilities that the last dim of `p` holds (they need not add up to 1). */
export const multinomial = (
  p: Tensor,
  numSamples: number,
  options: DrawOptions & { replacement?: boolean } = {},
): Tensor => p.multinomial(numSamples, options);

/**
 * Normal numbers of given means and standard deviations: tensors (which broadcast, and are floats) or numbers, of which a `shape` is then needed
 * (https://pytorch.org/docs/stable/generated/torch.normal.html). As in PyTorch no gradient flows through the draw: those of `mean` and `std` are zeros.
 * For gradients write `randnLike(mean).mul(std).add(mean)`.
 *
 * @throws ArgumentError if a standard deviation is negative (of a tensor where the device can be read at once); ShapeError if the shapes don't broadcast.
 */
export function normal(
  mean: Tensor | number,
  std: Tensor | number,
  options: RandomOptions & { shape?: Shape } = {},
): Tensor {
  const { shape, ...rest } = options;
  for (const value of [mean, std])
    if (!isTensor(value) && typeof value !== 'number')
      throw new ArgumentError(`normal: expected tensors or numbers, got ${describe(value)}`);
  if (typeof std === 'number' && !(std >= 0))
    throw new ArgumentError(`normal expects std >= 0.0, but found std ${std} in normal`);
  if (typeof mean === 'number' && typeof std === 'number') {
    if (!shape)
      throw new ArgumentError('normal: a shape is needed where mean and std are numbers, as { shape: [2, 3] }');
    return withGrad(
      randn(shape, { ...rest, requiresGrad: false })
        .mul(std)
        .add(mean),
      rest,
    );
  }
  checkOptions('normal', options, ['generator']);
  if (isTensor(std)) checkDeviations(std);
  return dispatch(ops.normalOf, [mean, std], { generator: generatorOf('normal', options.generator) });
}

function checkDeviations(std: Tensor): void {
  if (std.numel() === 0 || !std.storage.device.runtime.downloadSync || interpreters.length > 0) return;
  if (std.lt(0).any().itemSync() !== 0) throw new ArgumentError('normal expects all elements of std >= 0.0');
}
