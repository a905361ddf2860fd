/** Dropping elements, or whole channels, at random while training. */
import { checkOptions, type Tensor } from '@tenfold/tensor-core';
import { checkFlag } from '../checks.ts';
import { checkProbability } from '../functional/dropout.ts';
import {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  type InplaceOptions,
} from '../functional.ts';
import { Module } from '../module.ts';
import { pythonBool } from '../print.ts';
import { shown } from '../windows.ts';

/** What the dropouts share. */
abstract class DropoutBase extends Module {
  readonly p: number;
  readonly inplace: boolean;

  constructor(where: string, p: number, options?: InplaceOptions) {
    super();
    checkOptions(where, options, ['inplace']);
    this.p = checkProbability(where, p);
    this.inplace = checkFlag(`${where}: inplace`, options?.inplace ?? false);
  }

  protected dropped(input: Tensor, drop: typeof dropout): Tensor {
    return drop(input, this.p, { training: this.training, inplace: this.inplace });
  }

  override extraRepr(): string {
    return `p=${shown(this.p)}, inplace=${pythonBool(this.inplace)}`;
  }
}

/**
 * Zeros each element with probability `p`, and scales the others by 1 / (1 - p); the identity in evaluation mode
 * (https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html). The seeded generator draws what is dropped.
 *
 * @throws ArgumentError unless p is between 0 and 1.
 * @example
 * new Dropout(0.2).forward(randn([20, 16])).shape; // [20, 16]
 */
export class Dropout extends DropoutBase {
  constructor(p = 0.5, options?: InplaceOptions) {
    super('Dropout', p, options);
  }

  forward(input: Tensor): Tensor {
    return this.dropped(input, dropout);
  }
}

/**
 * {@link Dropout} of whole channels of `[N, C, L]`, or `[C, L]` for one sample (https://pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html).
 *
 * @throws ArgumentError unless p is between 0 and 1.
 */
export class Dropout1d extends DropoutBase {
  constructor(p = 0.5, options?: InplaceOptions) {
    super('Dropout1d', p, options);
  }

  forward(input: Tensor): Tensor {
    return this.dropped(input, dropout1d);
  }
}

/**
 * {@link Dropout} of whole channels of `[N, C, H, W]` (https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html). As in PyTorch, three dims are
 * `[N, C, L]`, not one sample.
 *
 * @throws ArgumentError unless p is between 0 and 1.
 */
export class Dropout2d extends DropoutBase {
  constructor(p = 0.5, options?: InplaceOptions) {
    super('Dropout2d', p, options);
  }

  forward(input: Tensor): Tensor {
    return this.dropped(input, dropout2d);
  }
}

/**
 * {@link Dropout} of whole channels of `[N, C, D, H, W]`, or `[C, D, H, W]` for one sample (https://pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html).
 *
 * @throws ArgumentError unless p is between 0 and 1.
 */
export class Dropout3d extends DropoutBase {
  constructor(p = 0.5, options?: InplaceOptions) {
    super('Dropout3d', p, options);
  }

  forward(input: Tensor): Tensor {
    return this.dropped(input, dropout3d);
  }
}

/**
 * Dropout for networks of SELUs, which keeps a mean of 0 and a variance of 1 (https://pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html;
 * Klambauer et al., "Self-Normalizing Neural Networks", 2017).
 *
 * @throws ArgumentError unless p is between 0 and 1.
 */
export class AlphaDropout extends DropoutBase {
  constructor(p = 0.5, options?: InplaceOptions) {
    super('AlphaDropout', p, options);
  }

  forward(input: Tensor): Tensor {
    return this.dropped(input, alphaDropout);
  }
}

/**
 * {@link AlphaDropout} of whole channels of `[N, C, …]` (https://pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html).
 *
 * @throws ArgumentError unless p is between 0 and 1.
 */
export class FeatureAlphaDropout extends DropoutBase {
  constructor(p = 0.5, options?: InplaceOptions) {
    super('FeatureAlphaDropout', p, options);
  }

  forward(input: Tensor): Tensor {
    return this.dropped(input, featureAlphaDropout);
  }
}
