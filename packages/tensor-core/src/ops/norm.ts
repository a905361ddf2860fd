/**
 * Normalisations: (x - mean) / √(variance + ε), scaled and shifted, over trailing dims, groups of channels or samples
 * (https://pytorch.org/docs/stable/nn.functional.html#normalization-functions). Each op also gives the statistics that its backward op takes, so that a
 * backend can run either as one kernel. The variance is the mean of squared deviations, in two passes; statistics of half precision are in float32.
 */
import { type DType, isFloat } from '../dtype.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { formatShape, numel, type Shape, sameShape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';

/** What is added to a variance before its root is taken. */
export interface EpsAttrs {
  readonly eps: number;
}

/** Attributes of `layerNorm` and `rmsNorm`: how many trailing dims are normalised together, at least one. */
export interface LayerNormAttrs extends EpsAttrs {
  readonly dims: number;
}

/** Attributes of `groupNorm`. */
export interface GroupNormAttrs extends EpsAttrs {
  readonly groups: number;
}

/** Attributes of every backward op: which gradients it gives, of the input, the weight and the bias. */
export interface NormBackwardAttrs {
  readonly wanted: readonly [input: boolean, weight: boolean, bias: boolean];
}

/** An input, a weight and a bias. */
type Affine = [Tensor, Tensor | null, Tensor | null];
/** A gradient, the input, its mean and the reciprocal of its deviation, and the weight. */
type Backward = [Tensor, Tensor, Tensor, Tensor, Tensor | null];

/** Normalisations by op name. Weights and biases may be absent; backward ops give the gradients that are wanted, in the order of the inputs. */
export interface NormOps {
  /** To the result, and mean and 1/√(variance + ε) with the normalised dims as size 1. */
  layerNorm: Sig<Affine, LayerNormAttrs, readonly [Tensor, Tensor, Tensor]>;
  layerNormBackward: Sig<Backward, NormBackwardAttrs & { readonly dims: number }, readonly Tensor[]>;
  /** `[N, C, …]` to the result, and mean and 1/√(variance + ε) as `[N, groups]`. */
  groupNorm: Sig<Affine, GroupNormAttrs, readonly [Tensor, Tensor, Tensor]>;
  groupNormBackward: Sig<Backward, NormBackwardAttrs & { readonly groups: number }, readonly Tensor[]>;
  /** `[N, C, …]` to the result, and mean, 1/√(variance + ε) and variance as `[C]`. */
  batchNorm: Sig<Affine, EpsAttrs, readonly [Tensor, Tensor, Tensor, Tensor]>;
  /** `batchNorm` by a given mean and variance: input, mean, variance, weight, bias. */
  batchNormInference: Sig<[Tensor, Tensor, Tensor, Tensor | null, Tensor | null], EpsAttrs>;
  /** Of both; `training` says whether the statistics are those of the input. */
  batchNormBackward: Sig<Backward, NormBackwardAttrs & { readonly training: boolean }, readonly Tensor[]>;
  /** x / √(mean of squares + ε), to the result and the reciprocal of the root with the normalised dims as size 1. */
  rmsNorm: Sig<[Tensor, Tensor | null], LayerNormAttrs, readonly [Tensor, Tensor]>;
  /** Gradient, input, the reciprocal of the root, weight. */
  rmsNormBackward: Sig<
    [Tensor, Tensor, Tensor, Tensor | null],
    { readonly dims: number; readonly wanted: readonly [input: boolean, weight: boolean] },
    readonly Tensor[]
  >;
}

// --- shapes and dtypes ---

/** The dtype of statistics. */
export const statisticsDType = (dtype: DType): DType =>
  dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;

const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : x.to(dtype));
const widened = (x: Tensor): Tensor => cast(x, statisticsDType(x.dtype));

function checkInput(name: string, x: Tensor): void {
  requireTensor(name, x);
  if (!isFloat(x.dtype)) throw notImplementedFor(name, x.dtype);
}

/** A weight, a bias or a statistic beside an input: of one shape, and of the input's dtype or that of its statistics. */
function checkBeside(name: string, what: string, x: Tensor, beside: Tensor | null, i: number, shape: Shape): void {
  if (beside === null) return;
  requireTensor(name, beside, i);
  if (!sameShape(beside.shape, shape)) {
    throw new ShapeError(
      `${name}: Expected ${what} to be of shape ${formatShape(shape)} for an input of shape ${formatShape(x.shape)}, but got ${what} of shape ${formatShape(beside.shape)}`,
    );
  }
  if (beside.dtype !== x.dtype && beside.dtype !== statisticsDType(x.dtype)) {
    throw new DTypeError(
      `${name}: expected ${what} to have the input's dtype ${x.dtype}, but got ${beside.dtype}; cast it with .to('${x.dtype}')`,
    );
  }
}

function checkAffine(name: string, [x, weight, bias]: Affine, shape: Shape): void {
  checkBeside(name, 'weight', x, weight, 1, shape);
  checkBeside(name, 'bias', x, bias, 2, shape);
}

/** The normalised dims of `x` and those before them. */
function splitDims(x: Tensor, count: number): { lead: number[]; trailing: number[] } {
  const all = x.shape.map((_, d) => d);
  return { lead: all.slice(0, x.ndim - count), trailing: all.slice(x.ndim - count) };
}

function checkTrailing(name: string, x: Tensor, dims: number): Shape {
  checkInput(name, x);
  if (dims < 1 || dims > x.ndim)
    throw new ShapeError(`${name}: can't normalise ${dims} dims of an input of shape ${formatShape(x.shape)}`);
  return x.shape.slice(x.ndim - dims);
}

const keptShape = (x: Tensor, dims: number): Shape => x.shape.map((size, d) => (d < x.ndim - dims ? size : 1));

function checkChannels(name: string, x: Tensor): void {
  checkInput(name, x);
  if (x.ndim < 2)
    throw new ShapeError(
      `${name}: Expected at least 2 dimensions for input tensor but received ${x.ndim}: the shape is [N, C, …]`,
    );
}

function checkGroups(name: string, x: Tensor, groups: number): void {
  checkChannels(name, x);
  if (x.shape[1] % groups !== 0)
    throw new ShapeError(
      `${name}: Expected number of channels in input to be divisible by numGroups, but got input of shape ${formatShape(x.shape)} and numGroups=${groups}`,
    );
}

const statistic = (x: Tensor, shape: Shape): TensorMeta => ({ shape, dtype: statisticsDType(x.dtype) });

/** Gradients have the dtypes of what they are for; that of a bias is taken for the weight's. */
function gradientMetas(
  name: string,
  [grad, x, mean, rstd, weight]: Backward,
  { wanted }: NormBackwardAttrs,
  stats: Shape,
  affine: Shape,
): TensorMeta[] {
  requireTensor(name, grad);
  if (!sameShape(grad.shape, x.shape))
    throw new ShapeError(
      `${name}: expected a gradient of the input's shape ${formatShape(x.shape)}, got ${formatShape(grad.shape)}`,
    );
  checkBeside(name, 'mean', x, mean, 2, stats);
  checkBeside(name, 'rstd', x, rstd, 3, stats);
  checkBeside(name, 'weight', x, weight, 4, affine);
  const beside = { shape: affine, dtype: weight?.dtype ?? x.dtype };
  return [{ shape: x.shape, dtype: x.dtype }, beside, beside].filter((_, i) => wanted[i]);
}

// --- what they share ---

/** Mean and variance over `dims`, which stay as size 1, and what they make of `x`. */
function statistics(x: Tensor, dims: readonly number[], eps: number) {
  const mean = x.mean(dims, { keepdim: true });
  const centred = x.sub(mean);
  const variance = centred.square().mean(dims, { keepdim: true });
  const rstd = variance.add(eps).rsqrt();
  return { mean, variance, rstd, normed: centred.mul(rstd) };
}

/** `normed` · weight + bias, where these broadcast. */
function affine(normed: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  const scaled = weight ? normed.mul(weight) : normed;
  return bias ? scaled.add(bias) : scaled;
}

/** `[C]` beside `[N, C, …]`. */
const besideChannels = (x: Tensor, rank: number): Tensor =>
  x.reshape([x.shape[0], ...new Array<number>(rank - 2).fill(1)]);

const channelAffine = (normed: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor =>
  affine(normed, weight && besideChannels(weight, normed.ndim), bias && besideChannels(bias, normed.ndim));

/** All dims of `[N, C, …]` but the channels. */
const besidesChannels = (x: Tensor): number[] => x.shape.flatMap((_, d) => (d === 1 ? [] : [d]));

/** The sum over `dims`, of which there may be none. */
const sumOver = (x: Tensor, dims: readonly number[]): Tensor => (dims.length === 0 ? x : x.sum(dims));

/**
 * n = (x - mean) r with r = 1/√(variance + ε):  dx = r (g - mean(g) - n · mean(g n)). The last term is the variance's part, the one before the mean's.
 */
function throughStatistics(grad: Tensor, normed: Tensor, rstd: Tensor, dims: readonly number[]): Tensor {
  const share = grad.mul(normed).mean(dims, { keepdim: true });
  return grad
    .sub(grad.mean(dims, { keepdim: true }))
    .sub(normed.mul(share))
    .mul(rstd);
}

/** The gradients that are wanted, each computed when it is. */
const chosen = (wanted: readonly boolean[], gradients: readonly (() => Tensor)[]): Tensor[] =>
  gradients.filter((_, i) => wanted[i]).map((gradient) => gradient());

/** `[N, C, …]` as `[N, groups, …]`, a group in a row. */
const grouped = (x: Tensor, groups: number): Tensor =>
  x.reshape([x.shape[0], groups, numel(x.shape.slice(1)) / Math.max(groups, 1)]);

const asStatistic = (x: Tensor): Tensor => x.unsqueeze(-1);

// --- rows ---

/** Rows by op name. */
export const norm: { readonly [K in keyof NormOps]: OpSpec<NormOps[K]> } = {
  layerNorm: new OpSpec<NormOps['layerNorm']>({
    name: 'layerNorm',
    infer(inputs, { dims }) {
      const [x] = inputs;
      checkAffine('layerNorm', inputs, checkTrailing('layerNorm', x, dims));
      const stats = statistic(x, keptShape(x, dims));
      return [{ shape: x.shape, dtype: x.dtype }, stats, stats];
    },
    body([x, weight, bias], { dims, eps }) {
      const { mean, rstd, normed } = statistics(widened(x), splitDims(x, dims).trailing, eps);
      return [cast(affine(normed, weight, bias), x.dtype), mean, rstd];
    },
  }),
  layerNormBackward: new OpSpec<NormOps['layerNormBackward']>({
    name: 'layerNormBackward',
    infer(inputs, attrs) {
      const name = 'layerNormBackward';
      const [, x] = inputs;
      const shape = checkTrailing(name, x, attrs.dims);
      return gradientMetas(name, inputs, attrs, keptShape(x, attrs.dims), shape);
    },
    body([grad, x, mean, rstd, weight], { dims, wanted }) {
      const { lead, trailing } = splitDims(x, dims);
      const [g, normed] = [widened(grad), widened(x).sub(mean).mul(rstd)];
      const beside = weight?.dtype ?? x.dtype;
      return chosen(wanted, [
        () => cast(throughStatistics(affine(g, weight, null), normed, rstd, trailing), x.dtype),
        () => cast(sumOver(g.mul(normed), lead), beside),
        () => cast(sumOver(g, lead), beside),
      ]);
    },
  }),

  groupNorm: new OpSpec<NormOps['groupNorm']>({
    name: 'groupNorm',
    infer(inputs, { groups }) {
      const [x] = inputs;
      checkGroups('groupNorm', x, groups);
      checkAffine('groupNorm', inputs, [x.shape[1]]);
      const stats = statistic(x, [x.shape[0], groups]);
      return [{ shape: x.shape, dtype: x.dtype }, stats, stats];
    },
    body([x, weight, bias], { groups, eps }) {
      const { mean, rstd, normed } = statistics(grouped(widened(x), groups), [2], eps);
      const y = channelAffine(normed.reshape(x.shape), weight, bias);
      return [cast(y, x.dtype), mean.squeeze(-1), rstd.squeeze(-1)];
    },
  }),
  groupNormBackward: new OpSpec<NormOps['groupNormBackward']>({
    name: 'groupNormBackward',
    infer(inputs, attrs) {
      const name = 'groupNormBackward';
      const [, x] = inputs;
      checkGroups(name, x, attrs.groups);
      return gradientMetas(name, inputs, attrs, [x.shape[0], attrs.groups], [x.shape[1]]);
    },
    body([grad, x, mean, rstd, weight], { groups, wanted }) {
      const [g, scale] = [widened(grad), asStatistic(rstd)];
      const normed = grouped(widened(x), groups).sub(asStatistic(mean)).mul(scale);
      const beside = weight?.dtype ?? x.dtype;
      const others = besidesChannels(x);
      return chosen(wanted, [
        () => {
          const scaled = grouped(channelAffine(g, weight, null), groups);
          return cast(throughStatistics(scaled, normed, scale, [2]).reshape(x.shape), x.dtype);
        },
        () => cast(g.mul(normed.reshape(x.shape)).sum(others), beside),
        () => cast(g.sum(others), beside),
      ]);
    },
  }),

  batchNorm: new OpSpec<NormOps['batchNorm']>({
    name: 'batchNorm',
    infer(inputs) {
      const [x] = inputs;
      checkChannels('batchNorm', x);
      checkAffine('batchNorm', inputs, [x.shape[1]]);
      const stats = statistic(x, [x.shape[1]]);
      return [{ shape: x.shape, dtype: x.dtype }, stats, stats, stats];
    },
    body([x, weight, bias], { eps }) {
      const { mean, variance, rstd, normed } = statistics(widened(x), besidesChannels(x), eps);
      const y = cast(channelAffine(normed, weight, bias), x.dtype);
      const [m, r, v] = [mean, rstd, variance].map((s) => s.reshape([x.shape[1]]));
      return [y, m, r, v];
    },
  }),
  batchNormInference: new OpSpec<NormOps['batchNormInference']>({
    name: 'batchNormInference',
    infer([x, mean, variance, weight, bias]) {
      const name = 'batchNorm';
      checkChannels(name, x);
      const shape = [x.shape[1]];
      requireTensor(name, mean, 1);
      requireTensor(name, variance, 2);
      checkBeside(name, 'runningMean', x, mean, 1, shape);
      checkBeside(name, 'runningVar', x, variance, 2, shape);
      checkBeside(name, 'weight', x, weight, 3, shape);
      checkBeside(name, 'bias', x, bias, 4, shape);
      return { shape: x.shape, dtype: x.dtype };
    },
    body([x, mean, variance, weight, bias], { eps }) {
      const rstd = widened(variance).add(eps).rsqrt();
      const normed = widened(x).sub(besideChannels(mean, x.ndim)).mul(besideChannels(rstd, x.ndim));
      return cast(channelAffine(normed, weight, bias), x.dtype);
    },
  }),
  batchNormBackward: new OpSpec<NormOps['batchNormBackward']>({
    name: 'batchNormBackward',
    infer(inputs, attrs) {
      const name = 'batchNormBackward';
      const [, x] = inputs;
      checkChannels(name, x);
      return gradientMetas(name, inputs, attrs, [x.shape[1]], [x.shape[1]]);
    },
    body([grad, x, mean, rstd, weight], { training, wanted }) {
      const [g, scale] = [widened(grad), besideChannels(rstd, x.ndim)];
      const normed = widened(x).sub(besideChannels(mean, x.ndim)).mul(scale);
      const beside = weight?.dtype ?? x.dtype;
      const others = besidesChannels(x);
      return chosen(wanted, [
        () => {
          const scaled = channelAffine(g, weight, null);
          return cast(training ? throughStatistics(scaled, normed, scale, others) : scaled.mul(scale), x.dtype);
        },
        () => cast(g.mul(normed).sum(others), beside),
        () => cast(g.sum(others), beside),
      ]);
    },
  }),

  rmsNorm: new OpSpec<NormOps['rmsNorm']>({
    name: 'rmsNorm',
    infer([x, weight], { dims }) {
      checkBeside('rmsNorm', 'weight', x, weight, 1, checkTrailing('rmsNorm', x, dims));
      return [{ shape: x.shape, dtype: x.dtype }, statistic(x, keptShape(x, dims))];
    },
    body([x, weight], { dims, eps }) {
      const wide = widened(x);
      const rstd = wide.square().mean(splitDims(x, dims).trailing, { keepdim: true }).add(eps).rsqrt();
      return [cast(affine(wide.mul(rstd), weight, null), x.dtype), rstd];
    },
  }),
  rmsNormBackward: new OpSpec<NormOps['rmsNormBackward']>({
    name: 'rmsNormBackward',
    infer([grad, x, rstd, weight], { dims, wanted: [input, scale] }) {
      const name = 'rmsNormBackward';
      const shape = checkTrailing(name, x, dims);
      return gradientMetas(
        name,
        [grad, x, rstd, rstd, weight],
        { wanted: [input, scale, false] },
        keptShape(x, dims),
        shape,
      );
    },
    // as with a mean of 0 that does not depend on x:  dx = r (g - n · mean(g n))
    body([grad, x, rstd, weight], { dims, wanted }) {
      const { lead, trailing } = splitDims(x, dims);
      const [g, normed] = [widened(grad), widened(x).mul(rstd)];
      return chosen(wanted, [
        () => {
          const scaled = affine(g, weight, null);
          const share = scaled.mul(normed).mean(trailing, { keepdim: true });
          return cast(scaled.sub(normed.mul(share)).mul(rstd), x.dtype);
        },
        () => cast(sumOver(g.mul(normed), lead), weight?.dtype ?? x.dtype),
      ]);
    },
  }),
};
