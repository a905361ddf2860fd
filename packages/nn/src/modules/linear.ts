/** Linear layers. */
import { ArgumentError, checkOptions, type DType, empty, type Tensor } from '@tenfold/tensor-core';
import { checkSize } from '../checks.ts';
import { bilinear, linear } from '../functional.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonBool } from '../print.ts';
import { uniformByFanIn_ } from '../start.ts';

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Whether a bias is learned. Default true. */
  bias?: boolean;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/**
 * y = x Wᵀ + b (https://pytorch.org/docs/stable/generated/torch.nn.Linear.html), from `[…, inFeatures]` to `[…, outFeatures]`.
 * Weight and bias start uniform in ±1/√inFeatures.
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0.
 * @example
 * new Linear(20, 30).forward(randn([128, 20])).shape; // [128, 30]
 */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** `[outFeatures, inFeatures]`. */
  readonly weight: Parameter;
  /** `[outFeatures]`, or `null`. */
  readonly bias: Parameter | null = null;

  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions) {
    super();
    checkOptions('Linear', options, ['bias', 'dtype', 'device']);
    this.inFeatures = checkSize('Linear: inFeatures', inFeatures);
    this.outFeatures = checkSize('Linear: outFeatures', outFeatures);
    const { bias = true, dtype, device } = options ?? {};
    this.weight = new Parameter(empty([outFeatures, inFeatures], { dtype, device }));
    if (bias) this.bias = new Parameter(empty([outFeatures], { dtype, device }));
    this.resetParameters();
  }

  /** Draws new starting values. */
  resetParameters(): void {
    uniformByFanIn_(this.weight, this.inFeatures);
    if (this.bias) uniformByFanIn_(this.bias, this.inFeatures);
  }

  forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${pythonBool(this.bias !== null)}`;
  }
}

/** Gives back what it gets; any arguments of the constructor are ignored (https://pytorch.org/docs/stable/generated/torch.nn.Identity.html). */
export class Identity extends Module {
  constructor(..._ignored: readonly unknown[]) {
    super();
  }

  forward<T>(input: T): T {
    return input;
  }
}

/**
 * y = x₁ᵀ A x₂ + b (https://pytorch.org/docs/stable/generated/torch.nn.Bilinear.html), from `[…, in1Features]` and `[…, in2Features]` to `[…, outFeatures]`.
 * Weight and bias start uniform in ±1/√in1Features.
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, or no first features.
 * @example
 * new Bilinear(20, 30, 40).forward(randn([128, 20]), randn([128, 30])).shape; // [128, 40]
 */
export class Bilinear extends Module {
  readonly in1Features: number;
  readonly in2Features: number;
  readonly outFeatures: number;
  /** `[outFeatures, in1Features, in2Features]`. */
  readonly weight: Parameter;
  /** `[outFeatures]`, or `null`. */
  readonly bias: Parameter | null = null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options?: LinearOptions) {
    super();
    checkOptions('Bilinear', options, ['bias', 'dtype', 'device']);
    this.in1Features = checkSize('Bilinear: in1Features', in1Features);
    if (in1Features === 0) throw new ArgumentError('in1Features must be > 0, but got 0 in Bilinear');
    this.in2Features = checkSize('Bilinear: in2Features', in2Features);
    this.outFeatures = checkSize('Bilinear: outFeatures', outFeatures);
    const { bias = true, dtype, device } = options ?? {};
    this.weight = new Parameter(empty([outFeatures, in1Features, in2Features], { dtype, device }));
    if (bias) this.bias = new Parameter(empty([outFeatures], { dtype, device }));
    this.resetParameters();
  }

  /** Draws new starting values. */
  resetParameters(): void {
    uniformByFanIn_(this.weight, this.in1Features);
    if (this.bias) uniformByFanIn_(this.bias, this.in1Features);
  }

  forward(input1: Tensor, input2: Tensor): Tensor {
    return bilinear(input1, input2, this.weight, this.bias);
  }

  override extraRepr(): string {
    const { in1Features, in2Features, outFeatures, bias } = this;
    return `in1_features=${in1Features}, in2_features=${in2Features}, out_features=${outFeatures}, bias=${pythonBool(bias !== null)}`;
  }
}
