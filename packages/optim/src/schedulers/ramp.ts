/** Learning rates that go to a value within so many epochs: constant, linear (warm-up), polynomial. */
import {
  count,
  epochOption,
  expected,
  finite,
  LRScheduler,
  type ScheduledOptimizer,
  type SchedulerOptions,
  settled,
} from './scheduler.ts';

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions extends SchedulerOptions {
  /** Default 1/3. */
  factor?: number;
  /** Epochs until the full learning rate. Default 5. */
  totalIters?: number;
}

/**
 * Multiplies the learning rates by `factor` until `totalIters` epochs have passed (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html).
 */
export class ConstantLR extends LRScheduler {
  protected factor: number;
  protected totalIters: number;

  constructor(optimizer: ScheduledOptimizer, options?: ConstantLROptions) {
    const { factor, totalIters, lastEpoch } = settled(
      'ConstantLR',
      options,
      { factor: 1 / 3, totalIters: 5, lastEpoch: -1 },
      {
        factor: expected(
          'Constant multiplicative factor expected to be between 0 and 1.',
          (factor) => factor >= 0 && factor <= 1,
        ),
        totalIters: count('total_iters'),
        lastEpoch: epochOption,
      },
    );
    super(optimizer, lastEpoch);
    this.factor = factor;
    this.totalIters = totalIters;
    this.begin();
  }

  protected override getLr(): number[] {
    // nothing times 1 / 0
    if (this.factor === 0 && this.lastEpoch === this.totalIters) return this.baseLrs;
    const times = this.lastEpoch === 0 ? this.factor : this.lastEpoch === this.totalIters ? 1 / this.factor : 1;
    return this.optimizer.paramGroups.map(({ lr }) => lr * times);
  }
}

/** Options of {@link LinearLR}. */
export interface LinearLROptions extends SchedulerOptions {
  /** Default 1/3. */
  startFactor?: number;
  /** Default 1. */
  endFactor?: number;
  /** Epochs from one to the other. Default 5. */
  totalIters?: number;
}

/**
 * Multiplies the learning rates by a factor that goes from `startFactor` to `endFactor` in `totalIters` epochs, in equal steps: the usual warm-up
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html).
 *
 * @example
 * const warmup = new LinearLR(optimizer, { startFactor: 0.01, totalIters: 5 });
 * const scheduler = new SequentialLR(optimizer, [warmup, new CosineAnnealingLR(optimizer, 95)], [5]);
 */
export class LinearLR extends LRScheduler {
  protected startFactor: number;
  protected endFactor: number;
  protected totalIters: number;

  constructor(optimizer: ScheduledOptimizer, options?: LinearLROptions) {
    const { startFactor, endFactor, totalIters, lastEpoch } = settled(
      'LinearLR',
      options,
      { startFactor: 1 / 3, endFactor: 1, totalIters: 5, lastEpoch: -1 },
      {
        startFactor: expected(
          'Starting multiplicative factor expected to be greater than 0 and less or equal to 1.',
          (factor) => factor > 0 && factor <= 1,
        ),
        endFactor: expected(
          'Ending multiplicative factor expected to be between 0 and 1.',
          (factor) => factor >= 0 && factor <= 1,
        ),
        totalIters: count('total_iters'),
        lastEpoch: epochOption,
      },
    );
    super(optimizer, lastEpoch);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.begin();
  }

  protected override getLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr * this.#times());
  }

  #times(): number {
    const { lastEpoch, startFactor, totalIters } = this;
    if (lastEpoch === 0) return startFactor;
    if (lastEpoch > totalIters) return 1;
    const rise = this.endFactor - startFactor;
    return 1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise);
  }
}

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions extends SchedulerOptions {
  /** Epochs until 0. Default 5. */
  totalIters?: number;
  /** Default 1. */
  power?: number;
}

/**
 * Lets the learning rates fall to 0 in `totalIters` epochs as (1 - epoch / totalIters)^power
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html).
 */
export class PolynomialLR extends LRScheduler {
  protected totalIters: number;
  protected power: number;

  constructor(optimizer: ScheduledOptimizer, options?: PolynomialLROptions) {
    const { totalIters, power, lastEpoch } = settled(
      'PolynomialLR',
      options,
      { totalIters: 5, power: 1, lastEpoch: -1 },
      { totalIters: count('total_iters'), power: finite('power'), lastEpoch: epochOption },
    );
    super(optimizer, lastEpoch);
    this.totalIters = totalIters;
    this.power = power;
    this.begin();
  }

  protected override getLr(): number[] {
    const { lastEpoch, totalIters, power } = this;
    const times =
      lastEpoch === 0 || lastEpoch > totalIters
        ? 1
        : ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
    return this.optimizer.paramGroups.map(({ lr }) => lr * times);
  }
}
