/** Normalisations. */
import {
  ArgumentError,
  checkOptions,
  checkShape,
  type DType,
  ones,
  type Shape,
  ShapeError,
  type Tensor,
  tensor,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import { checkFlag, checkNumber, checkSize } from '../checks.ts';
import type { LocalResponseNormOptions } from '../functional/norm.ts';
import { batchNorm, groupNorm, instanceNorm, layerNorm, localResponseNorm, rmsNorm } from '../functional.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonBool, pythonFloat, pythonTuple } from '../print.ts';
import type { StateDict } from '../state.ts';

/** Where parameters are made. */
interface PlaceOptions {
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

// --- by running statistics ---

/** Options of {@link BatchNorm1d} and its like. */
export interface BatchNormLayerOptions extends PlaceOptions {
  /** What is added to the variance. Default 1e-5. */
  eps?: number;
  /** The weight of new statistics in the running ones; `null` for the mean of all. Default 0.1. */
  momentum?: number | null;
  /** Whether a weight and a bias are learned. Default true. */
  affine?: boolean;
  /** Whether running statistics are kept, by which evaluation mode normalises. Default true. */
  trackRunningStats?: boolean;
}

/** Options of {@link InstanceNorm1d} and its like. */
export interface InstanceNormLayerOptions extends PlaceOptions {
  /** What is added to the variance. Default 1e-5. */
  eps?: number;
  /** The weight of new statistics in the running ones. Default 0.1. */
  momentum?: number | null;
  /** Whether a weight and a bias are learned. Default false. */
  affine?: boolean;
  /** Whether running statistics are kept, by which evaluation mode normalises. Default false. */
  trackRunningStats?: boolean;
}

const channelOptions = ['eps', 'momentum', 'affine', 'trackRunningStats', 'dtype', 'device'];

/** What normalisations of channels share: a weight and a bias, and running statistics under PyTorch's names. */
abstract class ChannelNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  /** `[numFeatures]`, or `null`. */
  declare readonly weight: Parameter | null;
  /** `[numFeatures]`, or `null`. */
  declare readonly bias: Parameter | null;
  /** `[numFeatures]`, or `null`: a buffer. */
  declare readonly running_mean: Tensor | null;
  /** `[numFeatures]`, or `null`: a buffer. */
  declare readonly running_var: Tensor | null;
  /** How many batches the running statistics have seen, an int64 without dims, or `null`: a buffer. */
  declare readonly num_batches_tracked: Tensor | null;

  constructor(numFeatures: number, options: BatchNormLayerOptions | undefined, unset: boolean) {
    super();
    const where = new.target.name;
    checkOptions(where, options, channelOptions);
    const { eps = 1e-5, momentum = 0.1, affine = unset, trackRunningStats = unset, dtype, device } = options ?? {};
    this.numFeatures = checkSize(`${where}: numFeatures`, numFeatures);
    this.eps = checkNumber(`${where}: eps`, eps);
    this.momentum = momentum === null ? null : checkNumber(`${where}: momentum`, momentum);
    this.affine = checkFlag(`${where}: affine`, affine);
    this.trackRunningStats = checkFlag(`${where}: trackRunningStats`, trackRunningStats);
    const [sizes, place] = [[numFeatures], { dtype, device }];
    this.registerParameter('weight', affine ? new Parameter(ones(sizes, place)) : null);
    this.registerParameter('bias', affine ? new Parameter(zeros(sizes, place)) : null);
    this.registerBuffer('running_mean', trackRunningStats ? zeros(sizes, place) : null);
    this.registerBuffer('running_var', trackRunningStats ? ones(sizes, place) : null);
    this.registerBuffer('num_batches_tracked', trackRunningStats ? tensor(0, { dtype: 'int64', device }) : null);
  }

  /** @internal Files of PyTorch before 0.4.1 do not count the batches: the count stays what it is. */
  override upgradeState(state: StateDict, prefix: string): void {
    const key = `${prefix}num_batches_tracked`;
    if (this.num_batches_tracked && !Object.hasOwn(state, key)) state[key] = this.num_batches_tracked.detach();
  }

  /** Forgets the running statistics. */
  resetRunningStats(): void {
    this.running_mean?.zero_();
    this.running_var?.fill_(1);
    this.num_batches_tracked?.zero_();
  }

  /** Makes the weight 1 and the bias 0, and forgets the running statistics. */
  resetParameters(): void {
    this.resetRunningStats();
    withoutGrad(() => {
      this.weight?.fill_(1);
      this.bias?.zero_();
    });
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this;
    return (
      `${numFeatures}, eps=${pythonFloat(eps)}, momentum=${momentum === null ? 'None' : pythonFloat(momentum)}, ` +
      `affine=${pythonBool(affine)}, track_running_stats=${pythonBool(trackRunningStats)}`
    );
  }
}

/** Throws unless an input has one of these numbers of dims. */
function checkDims({ constructor: { name } }: Module, { ndim, shape }: Tensor, allowed: readonly number[]): void {
  if (allowed.includes(ndim)) return;
  throw new ShapeError(
    `${name}: expected ${allowed.map((n) => `${n}D`).join(' or ')} input (got ${ndim}D input of shape [${shape.join(', ')}])`,
  );
}

/** Normalises each channel over the samples and positions of a batch. */
abstract class BatchNorm extends ChannelNorm {
  protected abstract readonly dims: readonly number[];

  constructor(numFeatures: number, options?: BatchNormLayerOptions) {
    super(numFeatures, options, true);
  }

  forward(input: Tensor): Tensor {
    checkDims(this, input, this.dims);
    const { training, eps, momentum, weight, bias, running_mean: mean, running_var: variance } = this;
    if (training) withoutGrad(() => this.num_batches_tracked?.add_(1));
    if (training && momentum === null && mean && variance) return cumulative(this, input, mean, variance);
    const byBatch = training || (mean === null && variance === null);
    return batchNorm(input, mean, variance, { weight, bias, eps, momentum: momentum ?? 0, training: byBatch });
  }
}

/** {@link BatchNorm1d} in training where the n-th batch weighs 1/n; n is on the device. */
function cumulative(layer: ChannelNorm, input: Tensor, mean: Tensor, variance: Tensor): Tensor {
  const { weight, bias, eps, num_batches_tracked: count } = layer;
  const [batchMean, batchVariance] = [mean.clone(), variance.clone()];
  const result = batchNorm(input, batchMean, batchVariance, { weight, bias, eps, momentum: 1, training: true });
  withoutGrad(() => {
    const share = (count as Tensor).to(mean.dtype).reciprocal();
    for (const [running, value] of [
      [mean, batchMean],
      [variance, batchVariance],
    ])
      running.mul_(share.rsub(1)).add_(value.mul(share));
  });
  return result;
}

/**
 * Normalises each channel over a batch (https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html), of `[N, C]` or `[N, C, L]`. Training mode takes
 * the statistics of the batch, and moves the running ones towards them on the device; evaluation mode takes the running ones.
 *
 * @throws ArgumentError for options of the wrong kind; `forward` a ShapeError for another number of dims or channels, and for one value a channel in training.
 * @example
 * new BatchNorm1d(100).forward(randn([20, 100])).shape; // [20, 100]
 */
export class BatchNorm1d extends BatchNorm {
  protected readonly dims = [2, 3];
}

/** {@link BatchNorm1d} of `[N, C, H, W]` (https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html). */
export class BatchNorm2d extends BatchNorm {
  protected readonly dims = [4];
}

/** {@link BatchNorm1d} of `[N, C, D, H, W]` (https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html). */
export class BatchNorm3d extends BatchNorm {
  protected readonly dims = [5];
}

/** Normalises each channel of each sample over its positions. */
abstract class InstanceNorm extends ChannelNorm {
  /** The number of position dims. */
  protected abstract readonly positions: number;

  constructor(numFeatures: number, options?: InstanceNormLayerOptions) {
    super(numFeatures, options, false);
  }

  forward(input: Tensor): Tensor {
    const { positions, numFeatures, affine, weight, bias, eps } = this;
    checkDims(this, input, [positions + 1, positions + 2]);
    const single = input.ndim === positions + 1;
    const channels = input.shape[single ? 0 : 1];
    if (channels !== numFeatures && (affine || this.trackRunningStats))
      throw new ShapeError(
        `${this.constructor.name}: expected input's size at dim=${single ? 0 : 1} to match num_features (${numFeatures}), but got: ${channels}.`,
      );
    const result = instanceNorm(single ? input.unsqueeze(0) : input, {
      weight,
      bias,
      eps,
      runningMean: this.running_mean,
      runningVar: this.running_var,
      useInputStats: this.training || !this.trackRunningStats,
      momentum: this.momentum ?? 0,
    });
    return single ? result.squeeze(0) : result;
  }
}

/**
 * Normalises each channel of each sample over its positions (https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html), of `[N, C, L]` or
 * `[C, L]`.
 *
 * @throws ArgumentError for options of the wrong kind; `forward` a ShapeError for another number of dims or channels, and for one position in training.
 */
export class InstanceNorm1d extends InstanceNorm {
  protected readonly positions = 1;
}

/** {@link InstanceNorm1d} of `[N, C, H, W]` or `[C, H, W]` (https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html). */
export class InstanceNorm2d extends InstanceNorm {
  protected readonly positions = 2;
}

/** {@link InstanceNorm1d} of `[N, C, D, H, W]` or `[C, D, H, W]` (https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html). */
export class InstanceNorm3d extends InstanceNorm {
  protected readonly positions = 3;
}

// --- by statistics of each sample ---

/** Options of {@link LayerNorm}. */
export interface LayerNormLayerOptions extends PlaceOptions {
  /** What is added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether a weight (and a bias) is learned. Default true. */
  elementwiseAffine?: boolean;
  /** Whether a bias is learned beside the weight. Default true. */
  bias?: boolean;
}

/** Options of {@link RMSNorm}. */
export interface RmsNormLayerOptions extends PlaceOptions {
  /** What is added to the mean of squares. Default, or `null`: the distance from 1 to the next number of the input's dtype. */
  eps?: number | null;
  /** Whether a weight is learned. Default true. */
  elementwiseAffine?: boolean;
}

/** Options of {@link GroupNorm}. */
export interface GroupNormLayerOptions extends PlaceOptions {
  /** What is added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether a weight and a bias are learned. Default true. */
  affine?: boolean;
}

const sizesOf = (where: string, shape: number | Shape): Shape =>
  checkShape(typeof shape === 'number' ? [shape] : shape, where);

/**
 * Normalises over the last dims (https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html).
 *
 * @throws ArgumentError for options of the wrong kind; `forward` a ShapeError unless the last sizes are `normalizedShape`.
 * @example
 * new LayerNorm(8).forward(randn([2, 5, 8])).shape; // [2, 5, 8]
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  /** Of the normalised shape, or `null`. */
  declare readonly weight: Parameter | null;
  /** Of the normalised shape, or `null`. */
  declare readonly bias: Parameter | null;

  constructor(normalizedShape: number | Shape, options?: LayerNormLayerOptions) {
    super();
    checkOptions('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias', 'dtype', 'device']);
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype, device } = options ?? {};
    this.normalizedShape = sizesOf('LayerNorm', normalizedShape);
    this.eps = checkNumber('LayerNorm: eps', eps);
    this.elementwiseAffine = checkFlag('LayerNorm: elementwiseAffine', elementwiseAffine);
    checkFlag('LayerNorm: bias', bias);
    const [sizes, place] = [this.normalizedShape, { dtype, device }];
    this.registerParameter('weight', elementwiseAffine ? new Parameter(ones(sizes, place)) : null);
    this.registerParameter('bias', elementwiseAffine && bias ? new Parameter(zeros(sizes, place)) : null);
  }

  /** Makes the weight 1 and the bias 0. */
  resetParameters(): void {
    resetAffine(this);
  }

  forward(input: Tensor): Tensor {
    const { normalizedShape, weight, bias, eps } = this;
    return layerNorm(input, normalizedShape, { weight, bias, eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine } = this;
    return `${pythonTuple(normalizedShape)}, eps=${pythonFloat(eps)}, elementwise_affine=${pythonBool(elementwiseAffine)}`;
  }
}

function resetAffine({ weight, bias }: { weight: Parameter | null; bias?: Parameter | null }): void {
  withoutGrad(() => {
    weight?.fill_(1);
    bias?.zero_();
  });
}

/**
 * Divides by the root of the mean square over the last dims (https://pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html).
 *
 * @throws ArgumentError for options of the wrong kind; `forward` a ShapeError unless the last sizes are `normalizedShape`.
 */
export class RMSNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  /** Of the normalised shape, or `null`. */
  declare readonly weight: Parameter | null;

  constructor(normalizedShape: number | Shape, options?: RmsNormLayerOptions) {
    super();
    checkOptions('RMSNorm', options, ['eps', 'elementwiseAffine', 'dtype', 'device']);
    const { eps = null, elementwiseAffine = true, dtype, device } = options ?? {};
    this.normalizedShape = sizesOf('RMSNorm', normalizedShape);
    this.eps = eps === null ? null : checkNumber('RMSNorm: eps', eps);
    this.elementwiseAffine = checkFlag('RMSNorm: elementwiseAffine', elementwiseAffine);
    this.registerParameter(
      'weight',
      elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype, device })) : null,
    );
  }

  /** Makes the weight 1. */
  resetParameters(): void {
    resetAffine(this);
  }

  forward(input: Tensor): Tensor {
    const { normalizedShape, weight, eps } = this;
    return rmsNorm(input, normalizedShape, { weight, eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine } = this;
    return `${pythonTuple(normalizedShape)}, eps=${eps === null ? 'None' : pythonFloat(eps)}, elementwise_affine=${pythonBool(elementwiseAffine)}`;
  }
}

/**
 * Normalises groups of neighbouring channels of each sample (https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html), of `[N, C, …]`.
 *
 * @throws ArgumentError unless `numGroups` divides `numChannels`; `forward` a ShapeError for another number of channels.
 * @example
 * new GroupNorm(3, 6).forward(randn([20, 6, 10, 10])).shape; // [20, 6, 10, 10]
 */
export class GroupNorm extends Module {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  /** `[numChannels]`, or `null`. */
  declare readonly weight: Parameter | null;
  /** `[numChannels]`, or `null`. */
  declare readonly bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options?: GroupNormLayerOptions) {
    super();
    checkOptions('GroupNorm', options, ['eps', 'affine', 'dtype', 'device']);
    const { eps = 1e-5, affine = true, dtype, device } = options ?? {};
    this.numGroups = checkSize('GroupNorm: numGroups', numGroups, 1);
    this.numChannels = checkSize('GroupNorm: numChannels', numChannels);
    if (numChannels % numGroups !== 0)
      throw new ArgumentError(
        `GroupNorm: num_channels must be divisible by num_groups, got ${numChannels} channels and ${numGroups} groups`,
      );
    this.eps = checkNumber('GroupNorm: eps', eps);
    this.affine = checkFlag('GroupNorm: affine', affine);
    const [sizes, place] = [[numChannels], { dtype, device }];
    this.registerParameter('weight', affine ? new Parameter(ones(sizes, place)) : null);
    this.registerParameter('bias', affine ? new Parameter(zeros(sizes, place)) : null);
  }

  /** Makes the weight 1 and the bias 0. */
  resetParameters(): void {
    resetAffine(this);
  }

  forward(input: Tensor): Tensor {
    const { numGroups, weight, bias, eps } = this;
    return groupNorm(input, numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, affine } = this;
    return `${numGroups}, ${numChannels}, eps=${pythonFloat(eps)}, affine=${pythonBool(affine)}`;
  }
}

// --- over neighbouring channels ---

/**
 * Divides by (k + α · the mean square of `size` neighbouring channels)^β
 * (https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html), of `[N, C, …]` with a position dim at least.
 *
 * @throws ArgumentError for a size below 1.
 */
export class LocalResponseNorm extends Module {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(size: number, options?: LocalResponseNormOptions) {
    super();
    checkOptions('LocalResponseNorm', options, ['alpha', 'beta', 'k']);
    this.size = checkSize('LocalResponseNorm: size', size, 1);
    this.alpha = checkNumber('LocalResponseNorm: alpha', options?.alpha ?? 1e-4);
    this.beta = checkNumber('LocalResponseNorm: beta', options?.beta ?? 0.75);
    this.k = checkNumber('LocalResponseNorm: k', options?.k ?? 1);
  }

  forward(input: Tensor): Tensor {
    const { size, alpha, beta, k } = this;
    return localResponseNorm(input, size, { alpha, beta, k });
  }

  override extraRepr(): string {
    const { size, alpha, beta, k } = this;
    return `${size}, alpha=${pythonFloat(alpha)}, beta=${pythonFloat(beta)}, k=${pythonFloat(k)}`;
  }
}
