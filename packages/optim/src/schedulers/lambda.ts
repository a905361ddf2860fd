/** Learning rates by a function of the epoch. */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import { epochOption, LRScheduler, type ScheduledOptimizer, type SchedulerOptions, settled } from './scheduler.ts';

/** A factor for each epoch. */
export type LrLambda = (epoch: number) => number;

function lambdasOf(where: string, optimizer: ScheduledOptimizer, given: LrLambda | readonly LrLambda[]): LrLambda[] {
  const groups = optimizer.paramGroups.length;
  if (Array.isArray(given) && given.length !== groups)
    throw new ArgumentError(`${where}: Expected ${groups} lr_lambdas, but got ${given.length}`);
  const lambdas: LrLambda[] = Array.isArray(given) ? [...given] : new Array(groups).fill(given);
  for (const lambda of lambdas) {
    if (typeof lambda !== 'function')
      throw new ArgumentError(`${where}: lrLambda must be a function of the epoch, got ${describe(lambda)}`);
  }
  return lambdas;
}

/**
 * Sets each learning rate to the first one times `lrLambda(epoch)` (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html).
 * `lrLambda` is one function, or a list of one for each group; functions are not in the state.
 *
 * @example
 * const scheduler = new LambdaLR(optimizer, (epoch) => 0.95 ** epoch);
 */
export class LambdaLR extends LRScheduler {
  readonly #lambdas: LrLambda[];

  constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda | readonly LrLambda[], options?: SchedulerOptions) {
    const { lastEpoch } = settled('LambdaLR', options, { lastEpoch: -1 }, { lastEpoch: epochOption });
    super(optimizer, lastEpoch);
    this.#lambdas = lambdasOf('LambdaLR', optimizer, lrLambda);
    this.begin();
  }

  protected override getLr(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.#lambdas[i](this.lastEpoch));
  }
}

/**
 * Multiplies each learning rate by `lrLambda(epoch)` at every step (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html).
 * `lrLambda` is one function, or a list of one for each group; functions are not in the state.
 */
export class MultiplicativeLR extends LRScheduler {
  readonly #lambdas: LrLambda[];

  constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda | readonly LrLambda[], options?: SchedulerOptions) {
    const { lastEpoch } = settled('MultiplicativeLR', options, { lastEpoch: -1 }, { lastEpoch: epochOption });
    super(optimizer, lastEpoch);
    this.#lambdas = lambdasOf('MultiplicativeLR', optimizer, lrLambda);
    this.begin();
  }

  protected override getLr(): number[] {
    const { paramGroups } = this.optimizer;
    return this.baseLrs.map((_, i) => paramGroups[i].lr * (this.lastEpoch > 0 ? this.#lambdas[i](this.lastEpoch) : 1));
  }

  /** It goes on from the learning rates it finds. */
  override restart(): void {
    this.lastEpoch = 0;
    this.apply();
  }
}
