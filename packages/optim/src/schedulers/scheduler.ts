/** What all schedulers share: the groups whose learning rates they set, a count of epochs, and state as plain data. */
import { ArgumentError, checkOptions, describe } from '@tenfold/tensor-core';
import { type GroupSchedule, Optimizer, type OptionCheck } from '../optimizer.ts';

/** A group of an optimiser, as a scheduler sees it. */
export interface ScheduledGroup extends GroupSchedule {
  lr: number;
  momentum?: number;
  betas?: readonly number[];
}

/** What schedulers need of an optimiser: every {@link Optimizer} whose groups have a learning rate is one. */
export interface ScheduledOptimizer {
  readonly paramGroups: ScheduledGroup[];
  readonly defaults: object;
}

/** One value in a scheduler's state. */
export type SchedulerValue = number | string | boolean | readonly number[] | readonly SchedulerState[];

/** A scheduler's numbers as plain data. */
export interface SchedulerState {
  [name: string]: SchedulerValue;
}

/** An option that every scheduler takes. */
export interface SchedulerOptions {
  /** The last epoch of a run that goes on; then every group of the optimiser needs its `initialLr`. Default -1: a new run. */
  lastEpoch?: number;
}

/** One number for all groups, or one for each. */
export type PerGroup = number | readonly number[];

/**
 * The base of schedulers (https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate). A scheduler sets the learning rate of every group when it
 * is made, and again at each `step()`: after an epoch's, or a batch's, steps of the optimiser. It works on numbers of the host alone; a new learning rate
 * compiles nothing.
 *
 * A scheduler of your own gives `getLr`, and calls `begin()` at the end of its constructor. Its fields are its state, if they are plain data; what isn't
 * belongs into `#private` ones.
 *
 * @example
 * class InverseRootLR extends LRScheduler {
 *   constructor(optimizer: ScheduledOptimizer, lastEpoch = -1) {
 *     super(optimizer, lastEpoch);
 *     this.begin();
 *   }
 *
 *   protected getLr(): number[] {
 *     return this.baseLrs.map((lr) => lr / Math.sqrt(this.lastEpoch + 1));
 *   }
 * }
 */
export abstract class LRScheduler {
  readonly #optimizer: ScheduledOptimizer;
  readonly #first: number;
  /** How many epochs have passed. */
  lastEpoch: number;
  /** The learning rate that each group started with. */
  protected baseLrs: number[];
  protected stepCount = 0;
  protected lastLr: number[] = [];

  /** @throws ArgumentError unless `optimizer` is one, or if a run that goes on doesn't know where it started. */
  protected constructor(optimizer: ScheduledOptimizer, lastEpoch = -1) {
    requireOptimizer(new.target.name, optimizer);
    requireArgument(new.target.name, lastEpoch, epochOption);
    this.#optimizer = optimizer;
    this.#first = lastEpoch;
    this.lastEpoch = lastEpoch;
    this.baseLrs = optimizer.paramGroups.map((group, i) => {
      if (lastEpoch === -1) return (group.initialLr ??= group.lr);
      if (group.initialLr === undefined) {
        throw new ArgumentError(
          `${new.target.name}: param 'initial_lr' is not specified in param_groups[${i}] when resuming an optimizer; give the group its initialLr`,
        );
      }
      return group.initialLr;
    });
  }

  /** The optimiser whose learning rates it sets. */
  get optimizer(): ScheduledOptimizer {
    return this.#optimizer;
  }

  /** The learning rates of this epoch, computed from the groups' own where a formula goes from step to step. */
  protected abstract getLr(): number[];

  /** Goes on to the next epoch. */
  step(): void {
    this.lastEpoch++;
    this.apply();
  }

  /** The first step, which sets the learning rates of the epoch after `lastEpoch`. */
  begin(): void {
    this.lastEpoch = this.#first;
    this.stepCount = 0;
    this.step();
  }

  /** Starts at epoch 0 from the first learning rates, as a scheduler that takes over in `SequentialLR` does. */
  restart(): void {
    this.lastEpoch = 0;
    this.baseLrs.forEach((lr, i) => {
      this.optimizer.paramGroups[i].lr = lr;
    });
    this.apply();
  }

  protected apply(): void {
    this.stepCount++;
    const { paramGroups } = this.optimizer;
    this.getLr().forEach((lr, i) => {
      paramGroups[i].lr = lr;
    });
    this.lastLr = paramGroups.map(({ lr }) => lr);
  }

  /** The learning rate of each group since the last step. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Everything a scheduler of the same class needs to go on, as plain data. Functions are not in it: give them to the new one. */
  stateDict(): SchedulerState {
    return plainState(this);
  }

  /**
   * Takes the state from `stateDict()`. The optimiser keeps the learning rates themselves: load its state too, after the scheduler is made.
   *
   * @throws ArgumentError if names, kinds of values or the number of groups differ from this scheduler's. Nothing changes then.
   */
  loadStateDict(saved: SchedulerState): void {
    loadPlainState(this, saved);
  }
}

export function requireOptimizer(where: string, optimizer: unknown): void {
  if (optimizer instanceof Optimizer) return;
  throw new ArgumentError(`${where}: ${describe(optimizer)} is not an Optimizer`);
}

/** The fields of a scheduler, which are plain data. */
export const plainState = (scheduler: object): SchedulerState =>
  Object.fromEntries(
    Object.entries(scheduler).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );

const kind = (value: unknown): string =>
  Array.isArray(value)
    ? value.every((x) => typeof x === 'number')
      ? 'an array of numbers'
      : 'another array'
    : typeof value;

/** Fields whose length is the number of groups. */
const groupwise = ['baseLrs', 'lastLr', 'minLrs', 'maxLrs', 'baseMomentums', 'maxMomentums'];

export function loadPlainState(scheduler: object, saved: SchedulerState): void {
  const where = `${scheduler.constructor.name}.loadStateDict`;
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved))
    throw new ArgumentError(`${where}: expected an object as stateDict() gives it, got ${describe(saved)}`);
  const own = plainState(scheduler);
  checkOptions(where, saved, Object.keys(own));
  for (const [name, value] of Object.entries(own)) {
    const given = saved[name];
    if (given === undefined) throw new ArgumentError(`${where}: ${name} is missing`);
    if (kind(given) !== kind(value))
      throw new ArgumentError(`${where}: ${name} must be ${kind(value)}, got ${describe(given)}`);
    if (Array.isArray(given) && Array.isArray(value) && groupwise.includes(name) && given.length !== value.length)
      throw new ArgumentError(`${where}: ${name} is of ${given.length} groups, the optimiser has ${value.length}`);
  }
  Object.assign(scheduler, plainState(saved));
}

/** Options with their defaults, each checked. @throws ArgumentError for an unknown or invalid one. */
export function settled<O extends object>(
  where: string,
  options: object | undefined,
  defaults: O,
  checks: { readonly [K in keyof O]: OptionCheck },
): O {
  checkOptions(where, options, Object.keys(checks));
  const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
  const complete: O = { ...defaults, ...given };
  for (const [name, check] of Object.entries<OptionCheck>(checks)) {
    const problem = check(complete[name as keyof O]);
    if (problem) throw new ArgumentError(`${where}: ${problem}`);
  }
  return complete;
}

/** A check that says `sentence` and what was given, or only `sentence` if it ends in a full stop. */
export const expected =
  (sentence: string, valid: (x: number) => boolean = Number.isFinite): OptionCheck =>
  (value) =>
    typeof value === 'number' && valid(value)
      ? null
      : sentence.endsWith('.')
        ? sentence
        : `${sentence}, but got ${typeof value === 'number' ? value : describe(value)}`;

/** A finite number. */
export const finite = (name: string): OptionCheck => expected(`Expected a number ${name}`);

/** A number of epochs. */
export const count = (name: string): OptionCheck =>
  expected(`Expected a number ${name} >= 0`, (x) => Number.isFinite(x) && x >= 0);

/** One of some words. */
export const oneOf =
  (words: readonly string[], sentence: (value: string) => string): OptionCheck =>
  (value) =>
    typeof value === 'string' && words.includes(value)
      ? null
      : sentence(typeof value === 'string' ? value : describe(value));

/** What is checked elsewhere. */
export const anything: OptionCheck = () => null;

/** `lastEpoch`. */
export const epochOption: OptionCheck = /* @__PURE__ */ expected(
  'Expected a whole number last_epoch >= -1',
  (x) => Number.isInteger(x) && x >= -1,
);

/** Checks one argument. */
export function requireArgument(where: string, value: unknown, check: OptionCheck): void {
  const problem = check(value);
  if (problem) throw new ArgumentError(`${where}: ${problem}`);
}

/** A value for each group. `name` is PyTorch's. */
export function perGroup(where: string, name: string, optimizer: ScheduledOptimizer, value: PerGroup): number[] {
  const { length } = optimizer.paramGroups;
  if (Array.isArray(value) && value.length !== length) {
    throw new ArgumentError(
      `${where}: ${name} must have the same length as optimizer.param_groups. ${name} has ${value.length} values, param_groups has ${length}.`,
    );
  }
  const values: unknown[] = Array.isArray(value) ? [...value] : new Array(length).fill(value);
  return values.map((x) => {
    if (typeof x === 'number' && Number.isFinite(x)) return x;
    throw new ArgumentError(`${where}: ${name} must be a number or a list of numbers, got ${describe(x)}`);
  });
}

/** Whether momentum can move with the learning rate: `momentum`, or the first of `betas`. @throws ArgumentError if there is neither. */
export function requireMomentum(where: string, { defaults }: ScheduledOptimizer): void {
  if (!('momentum' in defaults) && !('betas' in defaults)) {
    throw new ArgumentError(
      `${where}: optimizer must support momentum or beta1 with \`cycle_momentum\` option enabled; pass cycleMomentum: false`,
    );
  }
}

export function setMomentum(group: ScheduledGroup, momentum: number): void {
  if (group.betas) group.betas = [momentum, ...group.betas.slice(1)];
  else group.momentum = momentum;
}
