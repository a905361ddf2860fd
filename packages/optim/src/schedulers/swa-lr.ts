/** The learning rate of stochastic weight averaging. */
import { ArgumentError } from '@tenfold/tensor-core';
import {
  epochOption,
  LRScheduler,
  oneOf,
  type PerGroup,
  perGroup,
  requireOptimizer,
  type ScheduledOptimizer,
  type SchedulerOptions,
  settled,
} from './scheduler.ts';

/** Options of {@link SWALR}. */
export interface SWALROptions extends SchedulerOptions {
  /** Epochs until `swaLr`. Default 10. */
  annealEpochs?: number;
  /** Default `cos`. */
  annealStrategy?: 'cos' | 'linear';
}

/**
 * Takes the learning rates from where they are to `swaLr`, a number for all groups or a list, in `annealEpochs` epochs, and keeps them there: for the epochs
 * whose weights are averaged (https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html).
 *
 * @example
 * const averages = new AveragedModel(model);
 * const swa = new SWALR(optimizer, 0.05);
 * for (let epoch = 0; epoch < 100; epoch++) {
 *   train();
 *   if (epoch >= 75) {
 *     averages.updateParameters(model);
 *     swa.step();
 *   }
 * }
 */
export class SWALR extends LRScheduler {
  protected annealEpochs: number;
  protected annealStrategy: string;

  constructor(optimizer: ScheduledOptimizer, swaLr: PerGroup, options?: SWALROptions) {
    const where = 'SWALR';
    requireOptimizer(where, optimizer);
    const own = settled<Required<SWALROptions>>(
      where,
      options,
      { annealEpochs: 10, annealStrategy: 'cos', lastEpoch: -1 },
      {
        annealStrategy: oneOf(
          ['cos', 'linear'],
          (value) => `anneal_strategy must be one of 'cos' or 'linear', instead got ${value}`,
        ),
        annealEpochs: (value) =>
          typeof value === 'number' && Number.isInteger(value) && value >= 0
            ? null
            : `anneal_epochs must be equal or greater than 0, got ${value}`,
        lastEpoch: epochOption,
      },
    );
    const groups = optimizer.paramGroups.length;
    if (Array.isArray(swaLr) && swaLr.length !== groups) {
      throw new ArgumentError(
        `${where}: swa_lr must have the same length as optimizer.param_groups: swa_lr has ${swaLr.length}, optimizer.param_groups has ${groups}`,
      );
    }
    const swaLrs = perGroup(where, 'swa_lr', optimizer, swaLr);
    super(optimizer, own.lastEpoch);
    optimizer.paramGroups.forEach((group, i) => {
      group.swaLr = swaLrs[i];
    });
    this.annealEpochs = own.annealEpochs;
    this.annealStrategy = own.annealStrategy;
    this.begin();
  }

  /** How far it has come, of 1, after so many steps. */
  #share(step: number): number {
    const t = Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs)));
    return this.annealStrategy === 'cos' ? (1 - Math.cos(Math.PI * t)) / 2 : t;
  }

  protected override getLr(): number[] {
    const step = this.annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1;
    const [before, now] = [this.#share(step - 1), this.#share(step)];
    return this.optimizer.paramGroups.map(({ lr, swaLr = lr }) => {
      // where the group would be without us, as a scheduler beside us may have moved it
      const start = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
      return swaLr * now + start * (1 - now);
    });
  }

  /** It goes on from the learning rates it finds. */
  override restart(): void {
    this.lastEpoch = 0;
    this.apply();
  }
}
