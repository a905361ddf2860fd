/** Schedulers of schedulers: one after the other, and all at once. */
import { ArgumentError, checkOptions, describe } from '@tenfold/tensor-core';
import { milestonesOf } from './decay.ts';
import { ReduceLROnPlateau } from './plateau.ts';
import {
  epochOption,
  LRScheduler,
  loadPlainState,
  plainState,
  requireOptimizer,
  type ScheduledOptimizer,
  type SchedulerOptions,
  type SchedulerState,
  settled,
} from './scheduler.ts';

function schedulersOf(
  where: string,
  schedulers: readonly LRScheduler[],
  optimizer?: ScheduledOptimizer,
): LRScheduler[] {
  if (!Array.isArray(schedulers))
    throw new ArgumentError(`${where}: schedulers must be an array, got ${describe(schedulers)}`);
  if (schedulers.length === 0)
    throw new ArgumentError(`${where} expects at least one scheduler to be chained, but got no scheduler.`);
  const list: LRScheduler[] = [...schedulers];
  list.forEach((scheduler: unknown, i) => {
    if (scheduler instanceof ReduceLROnPlateau) {
      throw new ArgumentError(
        `${where} does not support \`ReduceLROnPlateau\` scheduler as it requires additional kwargs to be specified when calling \`step\`, but got one at index ${i} in the given schedulers sequence.`,
      );
    }
    if (!(scheduler instanceof LRScheduler))
      throw new ArgumentError(`${where} at index ${i}: expected a scheduler, got ${describe(scheduler)}`);
    if (scheduler.optimizer !== (optimizer ?? list[0].optimizer)) {
      throw new ArgumentError(
        `${where} expects all schedulers to belong to the same optimizer, but got scheduler ${scheduler.constructor.name} at index ${i} that belongs to another`,
      );
    }
  });
  return list;
}

function loadAll(where: string, schedulers: readonly LRScheduler[], saved: SchedulerState['schedulers']): void {
  if (!Array.isArray(saved) || saved.length !== schedulers.length) {
    throw new ArgumentError(
      `${where}: schedulers must be a list of ${schedulers.length} states, got ${describe(saved)}`,
    );
  }
  // all or none
  const before = schedulers.map((scheduler) => scheduler.stateDict());
  try {
    schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(saved[i]);
    });
  } catch (error) {
    schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(before[i]);
    });
    throw error;
  }
}

/** Gives the groups the learning rates they started with. */
function reset({ paramGroups }: ScheduledOptimizer): void {
  for (const group of paramGroups) group.lr = group.initialLr ?? group.lr;
}

/**
 * Lets one scheduler after the other set the learning rates: the next one takes over, at its epoch 0, when `milestones` says
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html).
 *
 * @example
 * // 5 epochs of warm-up, then 95 along a cosine
 * const scheduler = new SequentialLR(
 *   optimizer,
 *   [new LinearLR(optimizer, { startFactor: 0.01, totalIters: 5 }), new CosineAnnealingLR(optimizer, 95)],
 *   [5],
 * );
 */
export class SequentialLR extends LRScheduler {
  readonly #schedulers: readonly LRScheduler[];
  protected milestones: number[];

  /** @throws ArgumentError unless all belong to `optimizer` and there is one milestone between each two. */
  constructor(
    optimizer: ScheduledOptimizer,
    schedulers: readonly LRScheduler[],
    milestones: readonly number[],
    options?: SchedulerOptions,
  ) {
    const where = 'SequentialLR';
    const { lastEpoch } = settled(where, options, { lastEpoch: -1 }, { lastEpoch: epochOption });
    requireOptimizer(where, optimizer);
    const list = schedulersOf(where, schedulers, optimizer);
    const marks = milestonesOf(where, milestones);
    if (marks.length !== list.length - 1) {
      throw new ArgumentError(
        `${where}: Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${list.length} and the number of milestones to be equal to ${marks.length}`,
      );
    }
    super(optimizer, lastEpoch);
    this.#schedulers = list;
    this.milestones = marks;
    this.begin();
  }

  override begin(): void {
    reset(this.optimizer);
    super.begin();
  }

  override step(): void {
    this.stepCount++;
    this.lastEpoch++;
    // the last whose milestone is reached
    const at = this.milestones.filter((milestone) => milestone <= this.lastEpoch).length;
    const scheduler = this.#schedulers[this.stepCount === 1 ? 0 : at];
    if (this.stepCount === 1) scheduler.begin();
    else if (at > 0 && this.milestones[at - 1] === this.lastEpoch) scheduler.restart();
    else scheduler.step();
    this.lastLr = scheduler.getLastLr();
  }

  override restart(): void {
    this.lastEpoch = 0;
    this.#schedulers[0].restart();
    this.lastLr = this.#schedulers[0].getLastLr();
  }

  protected override getLr(): number[] {
    return this.lastLr;
  }

  override stateDict(): SchedulerState {
    return { ...plainState(this), schedulers: this.#schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override loadStateDict(saved: SchedulerState): void {
    loadComposed(this, this.#schedulers, saved);
  }
}

function loadComposed(scheduler: LRScheduler, schedulers: readonly LRScheduler[], saved: SchedulerState): void {
  if (typeof saved !== 'object' || saved === null)
    throw new ArgumentError(
      `${scheduler.constructor.name}.loadStateDict: expected an object as stateDict() gives it, got ${describe(saved)}`,
    );
  const { schedulers: states, ...own } = saved;
  const before = plainState(scheduler);
  loadPlainState(scheduler, own);
  try {
    loadAll(`${scheduler.constructor.name}.loadStateDict`, schedulers, states);
  } catch (error) {
    loadPlainState(scheduler, before);
    throw error;
  }
}

/** Options of {@link ChainedScheduler}. */
export interface ChainedSchedulerOptions {
  /** Default: that of the first scheduler. */
  optimizer?: ScheduledOptimizer;
}

/**
 * Steps several schedulers at once, each going on from the learning rates that the one before it left
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html).
 *
 * @example
 * const scheduler = new ChainedScheduler([
 *   new ConstantLR(optimizer, { factor: 0.1, totalIters: 20 }),
 *   new ExponentialLR(optimizer, 0.9),
 * ]);
 */
export class ChainedScheduler extends LRScheduler {
  readonly #schedulers: readonly LRScheduler[];

  /** @throws ArgumentError unless all belong to one optimiser. */
  constructor(schedulers: readonly LRScheduler[], options?: ChainedSchedulerOptions) {
    checkOptions('ChainedScheduler', options, ['optimizer']);
    const list = schedulersOf('ChainedScheduler', schedulers, options?.optimizer);
    super(list[0].optimizer);
    this.#schedulers = list;
    // each has taken its first step already
    this.lastEpoch = 0;
    this.stepCount = 1;
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  override begin(): void {
    reset(this.optimizer);
    this.lastEpoch = 0;
    for (const scheduler of this.#schedulers) scheduler.begin();
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  override step(): void {
    this.lastEpoch++;
    this.stepCount++;
    for (const scheduler of this.#schedulers) scheduler.step();
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  override restart(): void {
    this.begin();
  }

  protected override getLr(): number[] {
    return this.lastLr;
  }

  override stateDict(): SchedulerState {
    return { ...plainState(this), schedulers: this.#schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override loadStateDict(saved: SchedulerState): void {
    loadComposed(this, this.#schedulers, saved);
  }
}
