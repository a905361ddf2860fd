/** Linear layers. */
import { checkOptions, type DType, empty, type Tensor } from '@tenfold/tensor-core';
import { checkSize } from '../checks.ts';
import { linear } from '../functional.ts';
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
