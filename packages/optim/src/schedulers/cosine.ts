/** Learning rates along a cosine, with and without restarts. */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import {
  epochOption,
  expected,
  finite,
  LRScheduler,
  requireArgument,
  type ScheduledOptimizer,
  type SchedulerOptions,
  settled,
} from './scheduler.ts';

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions extends SchedulerOptions {
  /** The lowest learning rate. Default 0. */
  etaMin?: number;
}

/**
 * Lets the learning rates fall to `etaMin` in `tMax` epochs along half a cosine, and rise again after it
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html).
 *
 * @example
 * const scheduler = new CosineAnnealingLR(optimizer, 100, { etaMin: 1e-5 });
 */
export class CosineAnnealingLR extends LRScheduler {
  protected tMax: number;
  protected etaMin: number;

  constructor(optimizer: ScheduledOptimizer, tMax: number, options?: CosineAnnealingLROptions) {
    const { etaMin, lastEpoch } = settled(
      'CosineAnnealingLR',
      options,
      { etaMin: 0, lastEpoch: -1 },
      { etaMin: finite('eta_min'), lastEpoch: epochOption },
    );
    super(optimizer, lastEpoch);
    requireArgument(
      'CosineAnnealingLR',
      tMax,
      expected('Expected a positive number T_max', (x) => Number.isFinite(x) && x > 0),
    );
    this.tMax = tMax;
    this.etaMin = etaMin;
    this.begin();
  }

  protected override getLr(): number[] {
    const { lastEpoch: epoch, tMax, etaMin, baseLrs } = this;
    const { paramGroups } = this.optimizer;
    const cosine = (at: number): number => 1 + Math.cos((Math.PI * at) / tMax);
    if (epoch === 0) return paramGroups.map(({ lr }) => lr);
    if (this.stepCount === 1) return baseLrs.map((lr) => etaMin + ((lr - etaMin) * cosine(epoch)) / 2);
    // from the bottom up again, where the quotient below is 0 / 0
    if ((epoch - 1 - tMax) % (2 * tMax) === 0)
      return baseLrs.map((lr, i) => paramGroups[i].lr + ((lr - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2);
    const times = cosine(epoch) / cosine(epoch - 1);
    return paramGroups.map(({ lr }) => times * (lr - etaMin) + etaMin);
  }
}

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions extends SchedulerOptions {
  /** How many times longer each period is than the one before. Default 1. */
  tMult?: number;
  /** The lowest learning rate. Default 0. */
  etaMin?: number;
}

/**
 * Lets the learning rates fall to `etaMin` along half a cosine in `t0` epochs, and starts anew from the top, with a period that is `tMult` times as long: SGDR, of
 * Loshchilov and Hutter (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html).
 *
 * @example
 * const scheduler = new CosineAnnealingWarmRestarts(optimizer, 10, { tMult: 2 });
 * for (let epoch = 0; epoch < 70; epoch++) {
 *   for (let batch = 0; batch < batches; batch++) {
 *     train();
 *     scheduler.step(epoch + batch / batches);
 *   }
 * }
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  protected t0: number;
  protected tMult: number;
  protected etaMin: number;
  /** The length of the running period. */
  protected tI: number;
  /** How far in it we are. */
  protected tCur: number;

  constructor(optimizer: ScheduledOptimizer, t0: number, options?: CosineAnnealingWarmRestartsOptions) {
    const { tMult, etaMin, lastEpoch } = settled(
      'CosineAnnealingWarmRestarts',
      options,
      { tMult: 1, etaMin: 0, lastEpoch: -1 },
      {
        tMult: expected('Expected integer T_mult >= 1', (x) => Number.isInteger(x) && x >= 1),
        etaMin: expected('Expected float or int eta_min', Number.isFinite),
        lastEpoch: epochOption,
      },
    );
    super(optimizer, lastEpoch);
    requireArgument(
      'CosineAnnealingWarmRestarts',
      t0,
      expected('Expected positive integer T_0', (x) => Number.isInteger(x) && x > 0),
    );
    this.t0 = t0;
    this.tMult = tMult;
    this.etaMin = etaMin;
    this.tI = t0;
    this.tCur = lastEpoch;
    this.begin();
  }

  protected override getLr(): number[] {
    const { etaMin } = this;
    const height = (1 + Math.cos((Math.PI * this.tCur) / this.tI)) / 2;
    return this.baseLrs.map((lr) => etaMin + (lr - etaMin) * height);
  }

  /**
   * Goes on to the next epoch, or to `epoch`, which may be a fraction: `epoch + batch / batches`.
   *
   * @throws ArgumentError if `epoch` is negative.
   */
  override step(epoch?: number): void {
    if (epoch === undefined && this.lastEpoch >= 0) {
      this.lastEpoch++;
      this.tCur++;
      if (this.tCur >= this.tI) {
        this.tCur -= this.tI;
        this.tI *= this.tMult;
      }
    } else {
      const to = epoch ?? 0;
      if (typeof to !== 'number' || !(to >= 0) || to === Number.POSITIVE_INFINITY) {
        throw new ArgumentError(
          `CosineAnnealingWarmRestarts: Expected non-negative epoch, but got ${typeof to === 'number' ? to : describe(to)}`,
        );
      }
      this.lastEpoch = Math.floor(to);
      this.tI = this.t0;
      this.tCur = to;
      // all periods are equal, or there are few
      if (this.tMult === 1) this.tCur %= this.t0;
      else {
        for (; this.tCur >= this.tI; this.tI *= this.tMult) this.tCur -= this.tI;
      }
    }
    this.apply();
  }

  override restart(): void {
    this.step(0);
  }
}
