/** Learning rates that fall when a metric stops improving. */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import {
  count,
  expected,
  finite,
  loadPlainState,
  oneOf,
  type PerGroup,
  perGroup,
  plainState,
  requireOptimizer,
  type ScheduledOptimizer,
  type SchedulerState,
  settled,
} from './scheduler.ts';

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric should fall or rise. Default `min`. */
  mode?: 'min' | 'max';
  /** Default 0.1. */
  factor?: number;
  /** How many epochs without a better metric are put up with. Default 10. */
  patience?: number;
  /** What is better only by less isn't. Default 1e-4. */
  threshold?: number;
  /** Whether `threshold` is a share of the best metric or a difference. Default `rel`. */
  thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction in which nothing counts as bad. Default 0. */
  cooldown?: number;
  /** The lowest learning rate, for all groups or for each. Default 0. */
  minLr?: PerGroup;
  /** A reduction by no more than this is not made. Default 1e-8. */
  eps?: number;
}

/**
 * Multiplies the learning rates by `factor` when a metric hasn't become better for more than `patience` epochs
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html).
 *
 * @example
 * const scheduler = new ReduceLROnPlateau(optimizer, { patience: 3 });
 * for (let epoch = 0; epoch < 100; epoch++) {
 *   train();
 *   scheduler.step(await validationLoss().item());
 * }
 */
export class ReduceLROnPlateau {
  readonly #optimizer: ScheduledOptimizer;
  lastEpoch = 0;
  protected mode: string;
  protected factor: number;
  protected patience: number;
  protected threshold: number;
  protected thresholdMode: string;
  protected cooldown: number;
  protected minLrs: number[];
  protected eps: number;
  protected best: number;
  protected numBadEpochs = 0;
  protected cooldownCounter = 0;
  protected lastLr: number[];

  /** @throws ArgumentError for an unknown or invalid option, or no optimiser. */
  constructor(optimizer: ScheduledOptimizer, options?: ReduceLROnPlateauOptions) {
    const where = 'ReduceLROnPlateau';
    requireOptimizer(where, optimizer);
    const own = settled<Required<ReduceLROnPlateauOptions>>(
      where,
      options,
      {
        mode: 'min',
        factor: 0.1,
        patience: 10,
        threshold: 1e-4,
        thresholdMode: 'rel',
        cooldown: 0,
        minLr: 0,
        eps: 1e-8,
      },
      {
        factor: expected('Factor should be < 1.0.', (factor) => factor < 1),
        mode: oneOf(['min', 'max'], (value) => `mode ${value} is unknown!`),
        patience: count('patience'),
        threshold: finite('threshold'),
        thresholdMode: oneOf(['rel', 'abs'], (value) => `threshold mode ${value} is unknown!`),
        cooldown: count('cooldown'),
        minLr: (value) =>
          Array.isArray(value) && value.length !== optimizer.paramGroups.length
            ? `expected ${optimizer.paramGroups.length} min_lrs, got ${value.length}`
            : null,
        eps: finite('eps'),
      },
    );
    this.#optimizer = optimizer;
    this.mode = own.mode;
    this.factor = own.factor;
    this.patience = own.patience;
    this.threshold = own.threshold;
    this.thresholdMode = own.thresholdMode;
    this.cooldown = own.cooldown;
    this.minLrs = perGroup(where, 'min_lr', optimizer, own.minLr);
    this.eps = own.eps;
    this.best = own.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    this.lastLr = optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** The optimiser whose learning rates it sets. */
  get optimizer(): ScheduledOptimizer {
    return this.#optimizer;
  }

  /**
   * Ends an epoch.
   *
   * @param metric a number of the host, such as `await loss.item()`.
   */
  step(metric: number): void {
    if (typeof metric !== 'number') {
      throw new ArgumentError(
        `ReduceLROnPlateau: step takes the metric as a number such as await loss.item(), got ${describe(metric)}`,
      );
    }
    this.lastEpoch++;
    if (this.#isBetter(metric)) {
      this.best = metric;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    const { paramGroups } = this.optimizer;
    if (this.numBadEpochs > this.patience) {
      // a group that was added later has no bound
      paramGroups.forEach((group, i) => {
        const lr = Math.max(group.lr * this.factor, this.minLrs[i] ?? 0);
        if (group.lr - lr > this.eps) group.lr = lr;
      });
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
    this.lastLr = paramGroups.map(({ lr }) => lr);
  }

  #isBetter(metric: number): boolean {
    const { best, threshold } = this;
    const relative = this.thresholdMode === 'rel';
    return this.mode === 'min'
      ? metric < (relative ? best * (1 - threshold) : best - threshold)
      : metric > (relative ? best * (threshold + 1) : best + threshold);
  }

  /** The learning rate of each group since the last step. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Everything a scheduler of the same class needs to go on, as plain data. */
  stateDict(): SchedulerState {
    return plainState(this);
  }

  /** Takes the state from `stateDict()`. @throws ArgumentError if it doesn't fit; nothing changes then. */
  loadStateDict(saved: SchedulerState): void {
    loadPlainState(this, saved);
  }
}
