/** Learning rates that go up and down within bounds, with momentum going down and up: CyclicLR and OneCycleLR. */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import { flagOption, type OptionCheck } from '../optimizer.ts';
import {
  anything,
  epochOption,
  expected,
  finite,
  LRScheduler,
  oneOf,
  type PerGroup,
  perGroup,
  requireMomentum,
  requireOptimizer,
  type ScheduledOptimizer,
  type SchedulerOptions,
  setMomentum,
  settled,
} from './scheduler.ts';

/** Options of {@link CyclicLR}. */
export interface CyclicLROptions extends SchedulerOptions {
  /** Steps from the base to the top. Default 2000. */
  stepSizeUp?: number;
  /** Steps from the top to the base. Default as `stepSizeUp`. */
  stepSizeDown?: number | null;
  /**
   * `triangular` keeps the height of the cycles, `triangular2` halves it with each, `exp_range` multiplies it by `gamma` at each step. Default
   * `triangular`; not looked at if there is a `scaleFn`.
   */
  mode?: 'triangular' | 'triangular2' | 'exp_range';
  /** Of `exp_range`. Default 1. */
  gamma?: number;
  /** The height of a cycle, from 0 to 1, by the number of the cycle (from 1) or of the step (from 0). It is not in the state. */
  scaleFn?: ((x: number) => number) | null;
  /** What `scaleFn` gets. Default `cycle`. */
  scaleMode?: 'cycle' | 'iterations';
  /** Moves momentum, or the first of `betas`, against the learning rate. Default true. */
  cycleMomentum?: boolean;
  /** Lowest momentum. Default 0.8. */
  baseMomentum?: PerGroup;
  /** Highest momentum. Default 0.9. */
  maxMomentum?: PerGroup;
}

/**
 * Lets the learning rates go from `baseLr` to `maxLr` and back in equal steps, of Smith, "Cyclical Learning Rates for Training Neural Networks"
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html). Step it after every batch. Bounds are a number for all groups or a list.
 *
 * @example
 * const scheduler = new CyclicLR(optimizer, 1e-3, 0.1, { stepSizeUp: 400, mode: 'triangular2' });
 */
export class CyclicLR extends LRScheduler {
  readonly #scaleFn: ((x: number) => number) | null;
  protected maxLrs: number[];
  protected totalSize: number;
  protected stepRatio: number;
  protected mode: string;
  protected gamma: number;
  protected scaleMode: string;
  protected cycleMomentum: boolean;
  protected baseMomentums: number[];
  protected maxMomentums: number[];

  constructor(optimizer: ScheduledOptimizer, baseLr: PerGroup, maxLr: PerGroup, options?: CyclicLROptions) {
    const where = 'CyclicLR';
    requireOptimizer(where, optimizer);
    const modes = ['triangular', 'triangular2', 'exp_range'];
    const own = settled<Required<CyclicLROptions>>(
      where,
      options,
      {
        stepSizeUp: 2000,
        stepSizeDown: null,
        mode: 'triangular',
        gamma: 1,
        scaleFn: null,
        scaleMode: 'cycle',
        cycleMomentum: true,
        baseMomentum: 0.8,
        maxMomentum: 0.9,
        lastEpoch: -1,
      },
      {
        stepSizeUp: expected('Expected a positive number step_size_up', (x) => Number.isFinite(x) && x > 0),
        stepSizeDown: (x) =>
          x === null ? null : expected('Expected a number step_size_down >= 0', (n) => Number.isFinite(n) && n >= 0)(x),
        mode: options?.scaleFn ? anything : oneOf(modes, () => 'mode is invalid and scale_fn is None'),
        gamma: finite('gamma'),
        scaleFn: (fn) =>
          fn === null || typeof fn === 'function' ? null : `scaleFn must be a function, got ${describe(fn)}`,
        scaleMode: oneOf(
          ['cycle', 'iterations'],
          (value) => `scale_mode must be one of 'cycle' or 'iterations', got ${value}`,
        ),
        cycleMomentum: flagOption('cycle_momentum value'),
        baseMomentum: anything,
        maxMomentum: anything,
        lastEpoch: epochOption,
      },
    );
    const baseLrs = perGroup(where, 'base_lr', optimizer, baseLr);
    const maxLrs = perGroup(where, 'max_lr', optimizer, maxLr);
    const baseMomentums = perGroup(where, 'base_momentum', optimizer, own.baseMomentum);
    const maxMomentums = perGroup(where, 'max_momentum', optimizer, own.maxMomentum);
    if (own.cycleMomentum) requireMomentum(where, optimizer);
    if (own.lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = baseLrs[i];
        if (!own.cycleMomentum) return;
        group.baseMomentum = baseMomentums[i];
        group.maxMomentum = maxMomentums[i];
      });
    }
    super(optimizer, own.lastEpoch);
    this.baseLrs = baseLrs;
    this.maxLrs = maxLrs;
    this.totalSize = own.stepSizeUp + (own.stepSizeDown ?? own.stepSizeUp);
    this.stepRatio = own.stepSizeUp / this.totalSize;
    this.mode = own.mode;
    this.gamma = own.gamma;
    this.#scaleFn = own.scaleFn;
    this.scaleMode = own.scaleFn ? own.scaleMode : own.mode === 'exp_range' ? 'iterations' : 'cycle';
    this.cycleMomentum = own.cycleMomentum;
    this.baseMomentums = baseMomentums;
    this.maxMomentums = maxMomentums;
    this.begin();
  }

  #scale(x: number): number {
    if (this.#scaleFn) return this.#scaleFn(x);
    return this.mode === 'triangular' ? 1 : this.mode === 'triangular2' ? 1 / 2 ** (x - 1) : this.gamma ** x;
  }

  protected override getLr(): number[] {
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const share = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    const scale = this.#scale(this.scaleMode === 'cycle' ? cycle : lastEpoch);
    if (this.cycleMomentum) {
      this.baseMomentums.forEach((base, i) => {
        const max = this.maxMomentums[i];
        setMomentum(this.optimizer.paramGroups[i], max - (max - base) * share * scale);
      });
    }
    return this.baseLrs.map((base, i) => base + (this.maxLrs[i] - base) * share * scale);
  }
}

/** Options of {@link OneCycleLR}: `totalSteps`, or `epochs` and `stepsPerEpoch`, must be there. */
export interface OneCycleLROptions extends SchedulerOptions {
  totalSteps?: number | null;
  epochs?: number | null;
  stepsPerEpoch?: number | null;
  /** The share of the steps in which the learning rate rises. Default 0.3. */
  pctStart?: number;
  /** Default `cos`. */
  annealStrategy?: 'cos' | 'linear';
  /** Moves momentum, or the first of `betas`, against the learning rate. Default true. */
  cycleMomentum?: boolean;
  /** Lowest momentum. Default 0.85. */
  baseMomentum?: PerGroup;
  /** Highest momentum. Default 0.95. */
  maxMomentum?: PerGroup;
  /** The first learning rate is `maxLr / divFactor`. Default 25. */
  divFactor?: number;
  /** The last learning rate is the first one divided by this. Default 1e4. */
  finalDivFactor?: number;
  /** Goes down to the first learning rate as slowly as up, and from there to the last one. Default false. */
  threePhase?: boolean;
}

interface Phase {
  readonly end: number;
  readonly lrs: readonly ['initialLr' | 'maxLr', 'initialLr' | 'maxLr' | 'minLr'];
  readonly momentums: readonly ['maxMomentum' | 'baseMomentum', 'maxMomentum' | 'baseMomentum'];
}

const wholeOrNull = (name: string): OptionCheck => {
  const check = expected(`Expected positive integer ${name}`, (x) => Number.isInteger(x) && x > 0);
  return (value) => (value === null ? null : check(value));
};

/**
 * Lets the learning rates go up to `maxLr` and down to a very low one, once: the 1cycle policy, of Smith and Topin, "Super-Convergence"
 * (https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html). Step it after every batch.
 *
 * @throws ArgumentError when it is stepped more than `totalSteps` times.
 * @example
 * const scheduler = new OneCycleLR(optimizer, 0.1, { epochs: 10, stepsPerEpoch: loader.length });
 */
export class OneCycleLR extends LRScheduler {
  protected totalSteps: number;
  protected pctStart: number;
  protected threePhase: boolean;
  protected annealStrategy: string;
  protected cycleMomentum: boolean;

  constructor(optimizer: ScheduledOptimizer, maxLr: PerGroup, options?: OneCycleLROptions) {
    const where = 'OneCycleLR';
    requireOptimizer(where, optimizer);
    const positive = (name: string): OptionCheck =>
      expected(`Expected a positive number ${name}`, (x) => Number.isFinite(x) && x > 0);
    const own = settled<Required<OneCycleLROptions>>(
      where,
      options,
      {
        totalSteps: null,
        epochs: null,
        stepsPerEpoch: null,
        pctStart: 0.3,
        annealStrategy: 'cos',
        cycleMomentum: true,
        baseMomentum: 0.85,
        maxMomentum: 0.95,
        divFactor: 25,
        finalDivFactor: 1e4,
        threePhase: false,
        lastEpoch: -1,
      },
      {
        totalSteps: wholeOrNull('total_steps'),
        epochs: wholeOrNull('epochs'),
        stepsPerEpoch: wholeOrNull('steps_per_epoch'),
        pctStart: expected('Expected float between 0 and 1 pct_start', (x) => x >= 0 && x <= 1),
        annealStrategy: oneOf(
          ['cos', 'linear'],
          (value) => `anneal_strategy must be one of 'cos' or 'linear', instead got ${value}`,
        ),
        cycleMomentum: flagOption('cycle_momentum value'),
        baseMomentum: anything,
        maxMomentum: anything,
        divFactor: positive('div_factor'),
        finalDivFactor: positive('final_div_factor'),
        threePhase: flagOption('three_phase value'),
        lastEpoch: epochOption,
      },
    );
    const totalSteps =
      own.totalSteps ?? (own.epochs !== null && own.stepsPerEpoch !== null ? own.epochs * own.stepsPerEpoch : null);
    if (totalSteps === null) {
      throw new ArgumentError(
        `${where}: You must define either total_steps OR (epochs AND steps_per_epoch): pass totalSteps, or epochs and stepsPerEpoch`,
      );
    }
    const maxLrs = perGroup(where, 'max_lr', optimizer, maxLr);
    const baseMomentums = perGroup(where, 'base_momentum', optimizer, own.baseMomentum);
    const maxMomentums = perGroup(where, 'max_momentum', optimizer, own.maxMomentum);
    if (own.cycleMomentum) requireMomentum(where, optimizer);
    if (own.lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.initialLr = maxLrs[i] / own.divFactor;
        group.maxLr = maxLrs[i];
        group.minLr = group.initialLr / own.finalDivFactor;
        if (!own.cycleMomentum) return;
        group.maxMomentum = maxMomentums[i];
        group.baseMomentum = baseMomentums[i];
      });
    }
    super(optimizer, own.lastEpoch);
    this.totalSteps = totalSteps;
    this.pctStart = own.pctStart;
    this.threePhase = own.threePhase;
    this.annealStrategy = own.annealStrategy;
    this.cycleMomentum = own.cycleMomentum;
    this.begin();
  }

  #phases(): Phase[] {
    const { totalSteps, pctStart } = this;
    const up: Phase = {
      end: pctStart * totalSteps - 1,
      lrs: ['initialLr', 'maxLr'],
      momentums: ['maxMomentum', 'baseMomentum'],
    };
    const last = totalSteps - 1;
    if (!this.threePhase)
      return [up, { end: last, lrs: ['maxLr', 'minLr'], momentums: ['baseMomentum', 'maxMomentum'] }];
    return [
      up,
      { end: 2 * pctStart * totalSteps - 2, lrs: ['maxLr', 'initialLr'], momentums: ['baseMomentum', 'maxMomentum'] },
      { end: last, lrs: ['initialLr', 'minLr'], momentums: ['maxMomentum', 'maxMomentum'] },
    ];
  }

  /** From `start` to `end` as `share` goes from 0 to 1. */
  #between(start: number, end: number, share: number): number {
    if (this.annealStrategy === 'linear') return (end - start) * share + start;
    return end + ((start - end) / 2) * (Math.cos(Math.PI * share) + 1);
  }

  protected override getLr(): number[] {
    const { lastEpoch: step, totalSteps, cycleMomentum } = this;
    if (step > totalSteps) {
      throw new ArgumentError(
        `OneCycleLR: Tried to step ${step} times. The specified number of total steps is ${totalSteps}`,
      );
    }
    const phases = this.#phases();
    const at = phases.findIndex(({ end }, i) => step <= end || i === phases.length - 1);
    const start = at === 0 ? 0 : phases[at - 1].end;
    const { end, lrs, momentums } = phases[at];
    // a phase of no length is over
    const share = end === start ? 1 : (step - start) / (end - start);
    return this.optimizer.paramGroups.slice(0, this.baseLrs.length).map((group) => {
      // the constructor, or the state that was loaded, gave the groups their bounds
      const between = ([from, to]: Phase['lrs'] | Phase['momentums']): number =>
        this.#between(group[from] ?? Number.NaN, group[to] ?? Number.NaN, share);
      if (cycleMomentum) setMomentum(group, between(momentums));
      return between(lrs);
    });
  }
}
