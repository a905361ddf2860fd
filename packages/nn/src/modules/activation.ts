/** Activations as modules. */
import { ArgumentError, checkOptions, describe, type Tensor } from '@tenfold/tensor-core';
import { checkNumber } from '../checks.ts';
import {
  type GeluOptions,
  gelu,
  type InplaceOptions,
  type LeakyReluOptions,
  leakyRelu,
  logSoftmax,
  relu,
  sigmoid,
  silu,
  softmax,
  tanh,
} from '../functional.ts';
import { Module } from '../module.ts';
import { pythonFloat } from '../print.ts';

/** The larger of x and 0 (https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html). */
export class ReLU extends Module {
  readonly inplace: boolean;

  constructor(options?: InplaceOptions) {
    super();
    checkOptions('ReLU', options, ['inplace']);
    this.inplace = options?.inplace ?? false;
  }

  forward(input: Tensor): Tensor {
    return relu(input, { inplace: this.inplace });
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
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

/** x where it is above 0, `negativeSlope` · x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html). */
export class LeakyReLU extends Module {
  readonly negativeSlope: number;
  readonly inplace: boolean;

  constructor(options?: LeakyReluOptions) {
    super();
    checkOptions('LeakyReLU', options, ['negativeSlope', 'inplace']);
    this.negativeSlope = checkNumber('LeakyReLU: negativeSlope', options?.negativeSlope ?? 0.01);
    this.inplace = options?.inplace ?? false;
  }

  forward(input: Tensor): Tensor {
    const { negativeSlope, inplace } = this;
    return leakyRelu(input, { negativeSlope, inplace });
  }

  override extraRepr(): string {
    return `negative_slope=${pythonFloat(this.negativeSlope)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** x · Φ(x), Φ being the normal distribution (https://pytorch.org/docs/stable/generated/torch.nn.GELU.html). */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(options?: GeluOptions) {
    super();
    checkOptions('GELU', options, ['approximate']);
    this.approximate = options?.approximate ?? 'none';
  }

  forward(input: Tensor): Tensor {
    return gelu(input, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** x · σ(x) (https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html). */
export class SiLU extends Module {
  readonly inplace: boolean;

  constructor(options?: InplaceOptions) {
    super();
    checkOptions('SiLU', options, ['inplace']);
    this.inplace = options?.inplace ?? false;
  }

  forward(input: Tensor): Tensor {
    return silu(input, { inplace: this.inplace });
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}
