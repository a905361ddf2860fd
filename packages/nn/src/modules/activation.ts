/** Activations as modules. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  full,
  ShapeError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { checkBounds, checkFlag, checkNumber, checkSize } from '../checks.ts';
import {
  celu,
  type EluOptions,
  elu,
  type GeluOptions,
  gelu,
  glu,
  type HardtanhOptions,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  type InplaceOptions,
  type LeakyReluOptions,
  leakyRelu,
  logSoftmax,
  logsigmoid,
  mish,
  prelu,
  type RreluOptions,
  relu,
  relu6,
  rrelu,
  type ShrinkOptions,
  type SoftplusOptions,
  selu,
  sigmoid,
  silu,
  softmax,
  softmin,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
  threshold,
} from '../functional.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonFloat } from '../print.ts';

/** What activations share that can write into their input. */
abstract class InplaceActivation extends Module {
  readonly inplace: boolean;

  constructor(options: InplaceOptions | undefined, more: readonly string[] = []) {
    super();
    const { name } = new.target;
    checkOptions(name, options, [...more, 'inplace']);
    this.inplace = checkFlag(`${name}: inplace`, options?.inplace ?? false);
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }

  /** The text of the options, before that of `inplace`. */
  protected withInplace(text: string): string {
    return this.inplace ? `${text}, inplace=True` : text;
  }
}

/** The larger of x and 0 (https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html). */
export class ReLU extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return relu(input, { inplace: this.inplace });
  }
}

/** 1 / (1 + exp(-x)) (https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html). */
export class Sigmoid extends Module {
  forward(input: Tensor): Tensor {
    return sigmoid(input);
  }
}

/** The hyperbolic tangent (https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html). */
export class Tanh extends Module {
  forward(input: Tensor): Tensor {
    return tanh(input);
  }
}

function checkDim(where: string, dim: unknown): number {
  if (typeof dim === 'number' && Number.isInteger(dim)) return dim;
  throw new ArgumentError(`${where}: dim must be an integer, got ${describe(dim)}; for logits [N, C] it is 1`);
}

/** exp(x) / Σ exp(x) along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html). */
export class Softmax extends Module {
  readonly dim: number;

  constructor(dim: number) {
    super();
    this.dim = checkDim('Softmax', dim);
  }

  forward(input: Tensor): Tensor {
    return softmax(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** log(softmax(x)) along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html). */
export class LogSoftmax extends Module {
  readonly dim: number;

  constructor(dim: number) {
    super();
    this.dim = checkDim('LogSoftmax', dim);
  }

  forward(input: Tensor): Tensor {
    return logSoftmax(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** softmax(-x) along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.Softmin.html). */
export class Softmin extends Module {
  readonly dim: number;

  constructor(dim: number) {
    super();
    this.dim = checkDim('Softmin', dim);
  }

  forward(input: Tensor): Tensor {
    return softmin(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** {@link Softmax} over the channels of `[N, C, H, W]` or `[C, H, W]` (https://pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html). */
export class Softmax2d extends Module {
  forward(input: Tensor): Tensor {
    if (input.ndim !== 3 && input.ndim !== 4)
      throw new ShapeError(`Softmax2d requires a 3D or 4D tensor as input, got ${input.ndim}D`);
    return softmax(input, -3);
  }
}

/** x within 0 and 6 (https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html). */
export class ReLU6 extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return relu6(input, { inplace: this.inplace });
  }
}

/** x · σ(x) (https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html). */
export class SiLU extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return silu(input, { inplace: this.inplace });
  }
}

/** x · tanh(log(1 + exp(x))) (https://pytorch.org/docs/stable/generated/torch.nn.Mish.html). */
export class Mish extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return mish(input, { inplace: this.inplace });
  }
}

/** {@link ELU} with an α and a scale for which values stay normal through deep nets (https://pytorch.org/docs/stable/generated/torch.nn.SELU.html). */
export class SELU extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return selu(input, { inplace: this.inplace });
  }
}

/** relu6(x + 3) / 6 (https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html). */
export class Hardsigmoid extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return hardsigmoid(input, { inplace: this.inplace });
  }

  // PyTorch prints nothing of this one
  override extraRepr(): string {
    return '';
  }
}

/** x · relu6(x + 3) / 6 (https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html). */
export class Hardswish extends InplaceActivation {
  constructor(options?: InplaceOptions) {
    super(options);
  }

  forward(input: Tensor): Tensor {
    return hardswish(input, { inplace: this.inplace });
  }

  // PyTorch prints nothing of this one
  override extraRepr(): string {
    return '';
  }
}

/** log σ(x) (https://pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html). */
export class LogSigmoid extends Module {
  forward(input: Tensor): Tensor {
    return logsigmoid(input);
  }
}

/** x / (1 + |x|) (https://pytorch.org/docs/stable/generated/torch.nn.Softsign.html). */
export class Softsign extends Module {
  forward(input: Tensor): Tensor {
    return softsign(input);
  }
}

/** x - tanh(x) (https://pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html). */
export class Tanhshrink extends Module {
  forward(input: Tensor): Tensor {
    return tanhshrink(input);
  }
}

/** x · Φ(x), Φ being the normal distribution (https://pytorch.org/docs/stable/generated/torch.nn.GELU.html). */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(options?: GeluOptions) {
    super();
    checkOptions('GELU', options, ['approximate']);
    this.approximate = options?.approximate ?? 'none';
    if (this.approximate !== 'none' && this.approximate !== 'tanh')
      throw new ArgumentError(
        `GELU: approximate argument must be either none or tanh, got ${describe(this.approximate)}`,
      );
  }

  forward(input: Tensor): Tensor {
    return gelu(input, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** x where it is above 0, `negativeSlope` · x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html). */
export class LeakyReLU extends InplaceActivation {
  readonly negativeSlope: number;

  constructor(options?: LeakyReluOptions) {
    super(options, ['negativeSlope']);
    this.negativeSlope = checkNumber('LeakyReLU: negativeSlope', options?.negativeSlope ?? 0.01);
  }

  forward(input: Tensor): Tensor {
    const { negativeSlope, inplace } = this;
    return leakyRelu(input, { negativeSlope, inplace });
  }

  override extraRepr(): string {
    return this.withInplace(`negative_slope=${pythonFloat(this.negativeSlope)}`);
  }
}

/** x where it is above 0, r · x elsewhere; r is drawn in training (https://pytorch.org/docs/stable/generated/torch.nn.RReLU.html). @throws ArgumentError if `lower` is above `upper`. */
export class RReLU extends InplaceActivation {
  readonly lower: number;
  readonly upper: number;

  constructor(options?: Omit<RreluOptions, 'training' | 'generator'>) {
    super(options, ['lower', 'upper']);
    this.lower = options?.lower ?? 1 / 8;
    this.upper = options?.upper ?? 1 / 3;
    checkBounds('RReLU', this.lower, this.upper);
  }

  forward(input: Tensor): Tensor {
    const { lower, upper, training, inplace } = this;
    return rrelu(input, { lower, upper, training, inplace });
  }

  override extraRepr(): string {
    return this.withInplace(`lower=${pythonFloat(this.lower)}, upper=${pythonFloat(this.upper)}`);
  }
}

/** What {@link ELU} and {@link CELU} share. */
abstract class Exponential extends InplaceActivation {
  readonly alpha: number;

  constructor(options?: EluOptions) {
    super(options, ['alpha']);
    this.alpha = checkNumber(`${new.target.name}: alpha`, options?.alpha ?? 1);
  }

  override extraRepr(): string {
    return this.withInplace(`alpha=${pythonFloat(this.alpha)}`);
  }
}

/** x above 0, α · (exp(x) - 1) elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.ELU.html). */
export class ELU extends Exponential {
  forward(input: Tensor): Tensor {
    const { alpha, inplace } = this;
    return elu(input, { alpha, inplace });
  }
}

/** x above 0, α · (exp(x/α) - 1) elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.CELU.html); `forward` refuses an α of 0. */
export class CELU extends Exponential {
  forward(input: Tensor): Tensor {
    const { alpha, inplace } = this;
    return celu(input, { alpha, inplace });
  }
}

/** x within `minVal` and `maxVal` (https://pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html). @throws ArgumentError unless `maxVal` is above `minVal`. */
export class Hardtanh extends InplaceActivation {
  readonly minVal: number;
  readonly maxVal: number;

  constructor(options?: HardtanhOptions) {
    super(options, ['minVal', 'maxVal']);
    this.minVal = checkNumber('Hardtanh: minVal', options?.minVal ?? -1);
    this.maxVal = checkNumber('Hardtanh: maxVal', options?.maxVal ?? 1);
    if (!(this.maxVal > this.minVal))
      throw new ArgumentError(`Hardtanh: max_val must be above min_val, got ${this.minVal} and ${this.maxVal}`);
  }

  forward(input: Tensor): Tensor {
    const { minVal, maxVal, inplace } = this;
    return hardtanh(input, { minVal, maxVal, inplace });
  }

  override extraRepr(): string {
    return this.withInplace(`min_val=${pythonFloat(this.minVal)}, max_val=${pythonFloat(this.maxVal)}`);
  }
}

/** log(1 + exp(βx)) / β (https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html). */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;

  constructor(options?: SoftplusOptions) {
    super();
    checkOptions('Softplus', options, ['beta', 'threshold']);
    this.beta = checkNumber('Softplus: beta', options?.beta ?? 1);
    this.threshold = checkNumber('Softplus: threshold', options?.threshold ?? 20);
  }

  forward(input: Tensor): Tensor {
    const { beta, threshold } = this;
    return softplus(input, { beta, threshold });
  }

  override extraRepr(): string {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
}

/** What {@link Hardshrink} and {@link Softshrink} share. */
abstract class Shrink extends Module {
  readonly lambd: number;

  constructor(options?: ShrinkOptions) {
    super();
    const { name } = new.target;
    checkOptions(name, options, ['lambd']);
    this.lambd = checkNumber(`${name}: lambd`, options?.lambd ?? 0.5);
  }

  override extraRepr(): string {
    return pythonFloat(this.lambd);
  }
}

/** 0 where |x| ≤ λ, x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html). */
export class Hardshrink extends Shrink {
  forward(input: Tensor): Tensor {
    return hardshrink(input, { lambd: this.lambd });
  }
}

/** 0 where |x| ≤ λ, λ nearer to 0 elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.Softshrink.html); `forward` refuses a λ below 0. */
export class Softshrink extends Shrink {
  forward(input: Tensor): Tensor {
    return softshrink(input, { lambd: this.lambd });
  }
}

/** x where it is above `threshold`, `value` elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.Threshold.html). */
export class Threshold extends InplaceActivation {
  readonly threshold: number;
  readonly value: number;

  constructor(threshold: number, value: number, options?: InplaceOptions) {
    super(options);
    this.threshold = checkNumber('Threshold: threshold', threshold);
    this.value = checkNumber('Threshold: value', value);
  }

  forward(input: Tensor): Tensor {
    return threshold(input, this.threshold, this.value, { inplace: this.inplace });
  }

  override extraRepr(): string {
    return this.withInplace(`threshold=${this.threshold}, value=${this.value}`);
  }
}

/** a · σ(b), a and b being the halves of the input along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.GLU.html). */
export class GLU extends Module {
  readonly dim: number;

  constructor(dim = -1) {
    super();
    this.dim = checkDim('GLU', dim);
  }

  forward(input: Tensor): Tensor {
    return glu(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Options of {@link PReLU}. */
export interface PreluOptions {
  /** Where the slope starts. Default 0.25. */
  init?: number;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/**
 * x where it is above 0, a learned slope · x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.PReLU.html): one slope for all, or one for each
 * channel of `[N, C, …]`.
 *
 * @throws ArgumentError for a number of parameters that is no whole number from 0.
 * @example
 * new PReLU(3).forward(randn([2, 3, 4])).shape; // [2, 3, 4]
 */
export class PReLU extends Module {
  readonly numParameters: number;
  readonly init: number;
  /** `[numParameters]`. */
  readonly weight: Parameter;

  constructor(numParameters = 1, options?: PreluOptions) {
    super();
    checkOptions('PReLU', options, ['init', 'dtype', 'device']);
    const { init = 0.25, dtype, device } = options ?? {};
    this.numParameters = checkSize('PReLU: numParameters', numParameters);
    this.init = checkNumber('PReLU: init', init);
    this.weight = new Parameter(full([numParameters], init, { dtype, device }));
  }

  /** Makes the slopes what they started as. */
  resetParameters(): void {
    withoutGrad(() => this.weight.fill_(this.init));
  }

  forward(input: Tensor): Tensor {
    return prelu(input, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}
