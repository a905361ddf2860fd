/** Learning rates that fall by a factor: at steps, at milestones, at every epoch. */
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

/** Options of {@link StepLR} and {@link MultiStepLR}. */
export interface DecayOptions extends SchedulerOptions {
  /** The factor. Default 0.1. */
  gamma?: number;
}

const decayOptions = (where: string, options: DecayOptions | undefined): Required<DecayOptions> =>
  settled(where, options, { gamma: 0.1, lastEpoch: -1 }, { gamma: finite('gamma'), lastEpoch: epochOption });

/**
 * Multiplies the learning rates by `gamma` every `stepSize` epochs (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html).
 *
 * @example
 * const scheduler = new StepLR(optimizer, 30, { gamma: 0.1 });
 * for (let epoch = 0; epoch < 100; epoch++) {
 *   train();
 *   scheduler.step();
 * }
 */
export class StepLR extends LRScheduler {
  protected stepSize: number;
  protected gamma: number;

  constructor(optimizer: ScheduledOptimizer, stepSize: number, options?: DecayOptions) {
    const { gamma, lastEpoch } = decayOptions('StepLR', options);
    super(optimizer, lastEpoch);
    requireArgument(
      'StepLR',
      stepSize,
      expected('Expected positive integer step_size', (x) => Number.isInteger(x) && x > 0),
    );
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.begin();
  }

  protected override getLr(): number[] {
    const falls = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0;
    return this.optimizer.paramGroups.map(({ lr }) => (falls ? lr * this.gamma : lr));
  }
}

/**
 * Multiplies the learning rates by `gamma` at each of `milestones`, which are epochs; an epoch that is there twice counts twice
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html).
 *
 * @example
 * const scheduler = new MultiStepLR(optimizer, [30, 80], { gamma: 0.1 });
 */
export class MultiStepLR extends LRScheduler {
  protected milestones: number[];
  protected gamma: number;

  constructor(optimizer: ScheduledOptimizer, milestones: readonly number[], options?: DecayOptions) {
    const { gamma, lastEpoch } = decayOptions('MultiStepLR', options);
    super(optimizer, lastEpoch);
    this.milestones = milestonesOf('MultiStepLR', milestones);
    this.gamma = gamma;
    this.begin();
  }

  protected override getLr(): number[] {
    const times = this.milestones.filter((milestone) => milestone === this.lastEpoch).length;
    return this.optimizer.paramGroups.map(({ lr }) => lr * this.gamma ** times);
  }
}

/** A copy of a list of epochs. */
export function milestonesOf(where: string, milestones: readonly number[]): number[] {
  if (Array.isArray(milestones) && milestones.every(Number.isInteger)) return [...milestones];
  throw new ArgumentError(
    `${where}: milestones must be a list of epochs such as [30, 80], got ${describe(milestones)}`,
  );
}

/** Multiplies the learning rates by `gamma` every epoch (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html). */
export class ExponentialLR extends LRScheduler {
  protected gamma: number;

  constructor(optimizer: ScheduledOptimizer, gamma: number, options?: SchedulerOptions) {
    const { lastEpoch } = settled('ExponentialLR', options, { lastEpoch: -1 }, { lastEpoch: epochOption });
    super(optimizer, lastEpoch);
    requireArgument('ExponentialLR', gamma, finite('gamma'));
    this.gamma = gamma;
    this.begin();
  }

  protected override getLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => (this.lastEpoch === 0 ? lr : lr * this.gamma));
  }
}
