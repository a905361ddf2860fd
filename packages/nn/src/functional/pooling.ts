/** Pooling that tensor-core has no op for. */
import {
  ArgumentError,
  arange,
  checkOptions,
  describe,
  formatShape,
  type Generator,
  isTensor,
  type MaxPooled,
  numel,
  type PerDim,
  perDim,
  rand,
  ShapeError,
  type Tensor,
  where,
} from '@tenfold/tensor-core';
import { checkFlag } from '../checks.ts';
import { perDimFrom } from '../windows.ts';

/** Options of {@link fractionalMaxPool2d} and {@link fractionalMaxPool3d}: either `outputSize` or `outputRatio`. */
export interface FractionalMaxPoolOptions {
  /** The spatial sizes of the result. */
  outputSize?: PerDim | null;
  /** The spatial sizes of the result as parts of the input's, between 0 and 1. */
  outputRatio?: PerDim | null;
  /** Whether to give the positions of the maxima in the flattened spatial dims as well. Default false. */
  returnIndices?: boolean;
  /** Uniform numbers in [0, 1) that decide where windows begin: `[N, C, 2]`, or `[N, C, 3]` of volumes. Default: they are drawn. */
  randomSamples?: Tensor | null;
  /** Draws where windows begin. Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/** One of each for each dim, checked: ratios of windows between 0 and 1. */
export function checkRatio(name: string, n: number, ratio: unknown): number[] {
  const list: readonly unknown[] = Array.isArray(ratio) ? ratio : new Array(n).fill(ratio);
  const bad = list.find((x) => !(typeof x === 'number' && x > 0 && x < 1));
  if (list.length === n && bad === undefined) return list as number[];
  throw new ArgumentError(
    `outputRatio must be between 0 and 1 (got ${bad === undefined ? describe(ratio) : String(bad)}) in ${name}`,
  );
}

/**
 * Where the windows of one dim begin, `[N, C, output]`: each a step of about α = (size - kernel) / (output - 1) on, by whole numbers that sample u in
 * [0, 1) decides: ⌊(i + u)·α⌋ - ⌊u·α⌋ for window i, and the end for the last.
 */
function begins(u: Tensor, size: number, kernel: number, output: number): Tensor {
  const { dtype, device } = u;
  const windows = arange(output, { dtype, device });
  const last = windows.ge(output - 1);
  const step = output > 1 ? (size - kernel) / (output - 1) : 0;
  const sample = u.unsqueeze(-1);
  const at = sample.add(windows).mul(step).floor().sub(sample.mul(step).floor());
  return where(last, size - kernel, at).to('int64');
}

/** Positions in the flattened spatial dims: `[N, C, windows, elements]`. */
function windowElements(
  samples: Tensor,
  sizes: readonly number[],
  kernel: readonly number[],
  output: readonly number[],
) {
  const n = sizes.length;
  let positions: Tensor | null = null;
  for (let d = 0; d < n; d++) {
    // PyTorch takes those of images in the order x, y, those of volumes z, y, x
    const u = samples.select(-1, n === 2 ? 1 - d : d);
    const elements = arange(kernel[d], { dtype: 'int64', device: samples.device });
    const at = begins(u, sizes[d], kernel[d], output[d]).unsqueeze(-1).add(elements);
    const shape = new Array<number>(2 * n).fill(1);
    [shape[d], shape[n + d]] = [output[d], kernel[d]];
    const part = at.reshape([...u.shape, ...shape]).mul(numel(sizes.slice(d + 1)));
    positions = positions === null ? part : positions.add(part);
  }
  return (positions as Tensor).reshape([...samples.shape.slice(0, 2), numel(output), numel(kernel)]);
}

type FractionalMaxPool = {
  (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions & { returnIndices: true }): MaxPooled;
  (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions & { returnIndices?: false }): Tensor;
};

const sides = ['time', 'height', 'width'];

const fractional = (n: number): FractionalMaxPool =>
  ((input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions): Tensor | MaxPooled => {
    const name = `fractionalMaxPool${n}d`;
    checkOptions(name, options, ['outputSize', 'outputRatio', 'returnIndices', 'randomSamples', 'generator']);
    if (!isTensor(input)) throw new ArgumentError(`${name}: expected a tensor, got ${describe(input)}`);
    if ((input.ndim !== n + 1 && input.ndim !== n + 2) || numel(input.shape.slice(-n - 1)) === 0)
      throw new ShapeError(
        `${name}: Expected ${n + 1}D or ${n + 2}D (batch mode) tensor with non-zero size for non-batch dimensions, but got: ${formatShape(input.shape)}`,
      );
    const { outputSize = null, outputRatio = null, returnIndices = false, randomSamples = null, generator } = options;
    if ((outputSize === null) === (outputRatio === null))
      throw new ArgumentError(`${name} requires specifying either an outputSize or an outputRatio`);
    const kernel = perDimFrom(1, 'kernel size should be greater than zero', name, 'kernelSize', kernelSize, n);
    const sizes = input.shape.slice(-n);
    const output =
      outputSize === null
        ? checkRatio(name, n, outputRatio).map((ratio, d) => Math.floor(sizes[d] * ratio))
        : perDim(name, 'outputSize', outputSize, n);
    sizes.forEach((size, d) => {
      if (output[d] >= 1 && output[d] + kernel[d] - 1 <= size) return;
      throw new ArgumentError(
        `${name}(): pool ${sides[d + 3 - n]} ${kernel[d]} too large relative to input ${sides[d + 3 - n]} ${size} for an output of ${output[d]}`,
      );
    });
    const both = checkFlag(`${name}: returnIndices`, returnIndices);

    const batch = input.ndim === n + 2 ? input : input.unsqueeze(0);
    const lead = batch.shape.slice(0, 2);
    const dtype = input.dtype === 'float64' ? 'float64' : 'float32';
    const samples = randomSamples ?? rand([...lead, n], { dtype, device: input.device, generator });
    if (!isTensor(samples) || formatShape(samples.shape) !== formatShape([...lead, n]))
      throw new ShapeError(
        `${name}: expected randomSamples of shape ${formatShape([...lead, n])}, got ${isTensor(samples) ? formatShape(samples.shape) : describe(samples)}`,
      );
    const positions = windowElements(samples, sizes, kernel, output);
    const elements = batch.flatten(2).gather(2, positions.flatten(2)).reshape(positions.shape);
    const { values, indices } = elements.max(-1);
    const shape = [...input.shape.slice(0, -n), ...output];
    if (!both) return values.reshape(shape);
    const chosen = positions.gather(-1, indices.unsqueeze(-1));
    return { values: values.reshape(shape), indices: chosen.reshape(shape) };
  }) as FractionalMaxPool;

/**
 * Maxima of windows that begin at random, about evenly spread, so that the result has any size asked for
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html; Graham, "Fractional Max-Pooling", 2014).
 *
 * @param input `[N, C, H, W]` or `[C, H, W]`.
 * @param kernelSize How large windows are; neighbours may overlap.
 * @returns `[N, C, …outputSize]`, or `{ values, indices }` with `returnIndices: true`.
 * @throws ArgumentError for both or neither of `outputSize` and `outputRatio`, or windows that don't fit; ShapeError for other numbers of dims.
 * @example `fractionalMaxPool2d(x, 3, { outputRatio: 0.7 })`
 */
export const fractionalMaxPool2d: FractionalMaxPool = /* @__PURE__ */ fractional(2);
/** {@link fractionalMaxPool2d} over three dims: `[N, C, D, H, W]` or `[C, D, H, W]`. */
export const fractionalMaxPool3d: FractionalMaxPool = /* @__PURE__ */ fractional(3);
