/**
 * Every scheduler against PyTorch: the learning rates of two groups, and momentum where it moves, over 50 steps; and what it says of bad options. A new
 * scheduler is a row in `tools/torch-oracle/schedulers.py`; nothing here names one but what PyTorch 1.13 lacks.
 */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import * as optim from '../index.ts';

interface Spec {
  readonly scheduler: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
}

interface Run extends Spec {
  /** By group, before the first step and after each. */
  readonly lrs: readonly (readonly number[])[];
  readonly momentums?: readonly (readonly number[])[];
  /** What `step` takes. */
  readonly epochs?: readonly number[];
}

interface Refusal extends Spec {
  readonly refused: string;
}

interface Fixture {
  readonly steps: number;
  readonly lrs: readonly number[];
  readonly metrics: readonly number[];
  readonly schedulers: readonly { readonly scheduler: string; readonly samples: readonly (Run | Refusal)[] }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('../../fixtures/schedulers.json', import.meta.url), 'utf8'));

const functions: Readonly<Record<string, (x: number) => number>> = {
  power: (epoch) => 0.95 ** epoch,
  fall: (epoch) => 1 / (1 + epoch),
  steady: () => 0.9,
  third: (x) => 1 / (1 + x / 3),
};

type Scheduled = optim.SGD | optim.Adam;

const leaf = (): Tensor => tensor([1], { dtype: 'float64', requiresGrad: true });

function optimizerOf({ optimizer }: Spec['options']): Scheduled {
  const groups = fixture.lrs.map((lr) => ({ params: [leaf()], lr }));
  return optimizer === 'Adam' ? new optim.Adam(groups) : new optim.SGD(groups, { lr: 0.1, momentum: 0.9 });
}

type AnyScheduler = optim.LRScheduler & { step(x?: number): void };

const isSpec = (value: unknown): value is Spec => typeof value === 'object' && value !== null && 'scheduler' in value;

/** Functions for their names, schedulers for what describes them. */
function real(value: unknown, optimizer: Scheduled): unknown {
  if (Array.isArray(value)) return value.map((each) => real(each, optimizer));
  if (isSpec(value)) return make(value, optimizer);
  return typeof value === 'string' ? (functions[value] ?? value) : value;
}

function make({ scheduler, args, options }: Spec, optimizer: Scheduled): AnyScheduler {
  const { optimizer: _, ...given } = options;
  const found: unknown = Reflect.get(optim, scheduler);
  if (typeof found !== 'function') throw new Error(`@tenfold/optim has no scheduler '${scheduler}'`);
  const all = [...args.map((each) => real(each, optimizer))];
  if (Object.keys(given).length)
    all.push(Object.fromEntries(Object.entries(given).map(([k, v]) => [k, real(v, optimizer)])));
  // a list of schedulers knows its optimiser
  if (scheduler !== 'ChainedScheduler') all.unshift(optimizer);
  return new (found as new (...args: unknown[]) => AnyScheduler)(...all);
}

const momentumOf = (group: optim.ScheduledGroup): number | undefined => group.betas?.[0] ?? group.momentum;

function expectLike(optimizer: Scheduled, { lrs, momentums }: Run, step: number): void {
  const far = (a: number | undefined, b: number): boolean => !(Math.abs((a ?? Number.NaN) - b) < 1e-10);
  optimizer.paramGroups.forEach((group, i) => {
    if (far(group.lr, lrs[i][step])) expect.fail(`step ${step}, group ${i}: lr ${group.lr}, not ${lrs[i][step]}`);
    const momentum = momentums?.[i][step];
    if (momentum !== undefined && far(momentumOf(group), momentum))
      expect.fail(`step ${step}, group ${i}: momentum ${momentumOf(group)}, not ${momentum}`);
  });
}

const advance = (scheduler: AnyScheduler, { scheduler: name, epochs }: Run, step: number): void =>
  scheduler.step(name === 'ReduceLROnPlateau' ? fixture.metrics[step] : epochs?.[step]);

const lrsOf = (optimizer: Scheduled): number[] => optimizer.paramGroups.map(({ lr }) => lr);
const shown = ({ args, options, ...rest }: Spec): string =>
  `${JSON.stringify(args)} ${JSON.stringify(options)}${'epochs' in rest ? ' by epochs' : ''}`.replaceAll('"', '');

for (const { scheduler: name, samples } of fixture.schedulers) {
  describe(name, () => {
    const specs = samples.map((sample) => ({ ...sample, scheduler: name }));
    const runs = specs.filter((sample): sample is Run => 'lrs' in sample);
    const refusals = specs.filter((sample): sample is Refusal => 'refused' in sample);

    test.each(runs.map((run) => [shown(run), run] as const))('50 steps: %s', (_, run) => {
      const optimizer = optimizerOf(run.options);
      const scheduler = make(run, optimizer);
      expectLike(optimizer, run, 0);
      for (let step = 0; step < fixture.steps; step++) {
        advance(scheduler, run, step);
        expectLike(optimizer, run, step + 1);
        expect(scheduler.getLastLr()).toEqual(lrsOf(optimizer));
      }
    });

    test.each(runs.map((run) => [shown(run), run] as const))('goes on from a saved state: %s', (_, run) => {
      const optimizer = optimizerOf(run.options);
      const scheduler = make(run, optimizer);
      for (let step = 0; step < 23; step++) advance(scheduler, run, step);
      const next = optimizerOf(run.options);
      const resumed = make(run, next);
      // infinities come as text, in JSON
      const plain = <T>(value: T): T =>
        JSON.parse(
          JSON.stringify(value, (_, x) => (Math.abs(x) === Number.POSITIVE_INFINITY ? `${x}` : x)),
          (_, x) => (/^-?Infinity$/.test(x) ? Number(x) : x),
        );
      const saved = { optimizer: plain(optimizer.stateDict()), scheduler: plain(scheduler.stateDict()) };
      next.loadStateDict(saved.optimizer as never);
      resumed.loadStateDict(saved.scheduler);
      expect(resumed.stateDict()).toEqual(scheduler.stateDict());
      expect(resumed.getLastLr()).toEqual(lrsOf(optimizer));
      for (let step = 23; step < fixture.steps; step++) {
        advance(scheduler, run, step);
        advance(resumed, run, step);
        expect(next.paramGroups.map(({ params: _, ...group }) => group)).toEqual(
          optimizer.paramGroups.map(({ params: _, ...group }) => group),
        );
      }
    });

    test.each(refusals.map((each) => [shown(each), each] as const))('refuses %s', (_, each) => {
      expect(() => make(each, optimizerOf({}))).toThrow(each.refused);
    });

    if (name !== 'ChainedScheduler') {
      test('refuses what is no optimiser', () => {
        const [run] = runs;
        const given = run.args.filter((each) => !JSON.stringify(each).includes('scheduler'));
        const Scheduler = Reflect.get(optim, name) as new (...args: unknown[]) => object;
        for (const junk of [null, undefined, 3, {}, [leaf()]])
          expect(() => new Scheduler(junk, ...given)).toThrow(`${name}: `);
        expect(() => new Scheduler({ paramGroups: [] }, ...given)).toThrow('is not an Optimizer');
      });
    }
  });
}

test('every scheduler has runs', () => {
  const schedulers = Object.entries(optim).filter(
    ([name, value]) =>
      name === 'ReduceLROnPlateau' || (typeof value === 'function' && value.prototype instanceof optim.LRScheduler),
  );
  expect(schedulers.map(([name]) => name).sort()).toEqual(fixture.schedulers.map(({ scheduler }) => scheduler).sort());
});

describe('beyond PyTorch 1.13', () => {
  const sgd = (): optim.SGD => new optim.SGD([leaf()], { lr: 0.1, momentum: 0.9 });

  test('CyclicLR moves the first beta as it moves momentum', () => {
    const [adam, other] = [new optim.Adam([leaf()]), sgd()];
    const options = { stepSizeUp: 4, mode: 'triangular2' } as const;
    const schedulers = [new optim.CyclicLR(adam, 0.01, 0.1, options), new optim.CyclicLR(other, 0.01, 0.1, options)];
    for (let step = 0; step < 20; step++) {
      expect(adam.paramGroups[0].betas).toEqual([other.paramGroups[0].momentum, 0.999]);
      for (const scheduler of schedulers) scheduler.step();
    }
  });

  test('schedulers of schedulers nest', () => {
    // warm-up, then a product of two: 0.1 · 0.9^k · (1/2 until 4 more epochs have passed)
    const optimizer = sgd();
    const product = new optim.ChainedScheduler([
      new optim.ExponentialLR(optimizer, 0.9),
      new optim.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 }),
    ]);
    const tail = new optim.SequentialLR(optimizer, [product, new optim.StepLR(optimizer, 2, { gamma: 0.5 })], [6]);
    const scheduler = new optim.SequentialLR(
      optimizer,
      [new optim.LinearLR(optimizer, { startFactor: 0.2, totalIters: 4 }), tail],
      [4],
    );
    const lrs = [optimizer.paramGroups[0].lr];
    for (let step = 0; step < 13; step++) {
      scheduler.step();
      lrs.push(optimizer.paramGroups[0].lr);
    }
    const expected = [0.2, 0.4, 0.6, 0.8, 0.5, 0.45, 0.405, 0.3645, 0.6561, 0.59049, 1, 1, 0.5, 0.5];
    lrs.forEach((lr, i) => {
      expect(lr).toBeCloseTo(0.1 * expected[i], 12);
    });
  });

  test('a schedule of your own', () => {
    class InverseRootLR extends optim.LRScheduler {
      readonly #power: () => number;
      protected offset: number;

      constructor(optimizer: optim.ScheduledOptimizer, offset: number) {
        super(optimizer);
        this.#power = () => -0.5;
        this.offset = offset;
        this.begin();
      }

      protected override getLr(): number[] {
        return this.baseLrs.map((lr) => lr * (this.lastEpoch + this.offset) ** this.#power());
      }
    }
    const optimizer = sgd();
    const scheduler = new InverseRootLR(optimizer, 1);
    for (let step = 0; step < 3; step++) scheduler.step();
    expect(scheduler.getLastLr()).toEqual([0.05]);
    const resumed = new InverseRootLR(optimizer, 5);
    resumed.loadStateDict(scheduler.stateDict());
    resumed.step();
    expect(optimizer.paramGroups[0].lr).toBe(0.1 * 5 ** -0.5);
    // in a sequence it starts anew
    const warmup = new optim.ConstantLR(optimizer, { factor: 0.5, totalIters: 2 });
    const sequence = new optim.SequentialLR(optimizer, [warmup, new InverseRootLR(optimizer, 1)], [2]);
    const lrs = [0, 1, 2, 3, 4].map(() => {
      const { lr } = optimizer.paramGroups[0];
      sequence.step();
      return lr;
    });
    expect(lrs).toEqual([0.05, 0.05, 0.1, 0.1 * 2 ** -0.5, 0.1 * 3 ** -0.5]);
  });

  test('ConstantLR by 0 comes back', () => {
    const optimizer = sgd();
    const scheduler = new optim.ConstantLR(optimizer, { factor: 0, totalIters: 2 });
    const lrs = [0, 1, 2].map(() => {
      const { lr } = optimizer.paramGroups[0];
      scheduler.step();
      return lr;
    });
    expect(lrs).toEqual([0, 0, 0.1]);
  });

  test('OneCycleLR whose rise has no length', () => {
    const optimizer = sgd();
    const scheduler = new optim.OneCycleLR(optimizer, 0.1, { totalSteps: 4, pctStart: 0.25 });
    expect(optimizer.paramGroups[0].lr).toBe(0.1);
    scheduler.step();
    expect(optimizer.paramGroups[0].lr).toBeCloseTo(0.075, 4);
  });

  test('a run goes on by lastEpoch', () => {
    const optimizer = new optim.SGD([{ params: [leaf()], lr: 0.05, initialLr: 0.1 }]);
    expect(new optim.StepLR(optimizer, 3, { gamma: 0.5, lastEpoch: 4 }).lastEpoch).toBe(5);
    const cosine = new optim.CosineAnnealingLR(optimizer, 10, { lastEpoch: 4 });
    expect(cosine.getLastLr()[0]).toBeCloseTo(0.05, 12);
    expect(() => new optim.StepLR(sgd(), 3, { lastEpoch: 4 })).toThrow(
      "param 'initial_lr' is not specified in param_groups[0] when resuming an optimizer",
    );
  });

  test('groups that join later keep their own learning rate where schedules start from the first one', () => {
    const optimizer = sgd();
    const scheduler = new optim.LambdaLR(optimizer, () => 0.5);
    optimizer.addParamGroup({ params: leaf(), lr: 0.7 });
    scheduler.step();
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.05, 0.7]);
  });

  test.each<[() => unknown, string]>([
    // texts of PyTorch 2, where 1.13 has others or none
    [() => new optim.LinearLR(sgd(), { startFactor: 0 }), 'expected to be greater than 0 and less or equal to 1.'],
    [() => new optim.CyclicLR(sgd(), [0.1, 0.2], 0.3), 'base_lr must have the same length as optimizer.param_groups'],
    [
      () => new optim.OneCycleLR(sgd(), 0.1, { totalSteps: 9, annealStrategy: 'sin' as never }),
      "anneal_strategy must be one of 'cos' or 'linear', instead got sin",
    ],
    [
      () => new optim.SWALR(sgd(), 0.1, { annealStrategy: 'sin' as never }),
      "anneal_strategy must be one of 'cos' or 'linear', instead got sin",
    ],
    [() => new optim.ChainedScheduler([]), 'expects at least one scheduler to be chained, but got no scheduler.'],
    [
      () => new optim.SequentialLR(sgd(), [new optim.ReduceLROnPlateau(sgd()) as never], []),
      'does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs',
    ],
    [
      () => new optim.SequentialLR(sgd(), [new optim.StepLR(sgd(), 1)], []),
      'expects all schedulers to belong to the same optimizer, but got scheduler StepLR at index 0',
    ],
    [
      () => new optim.ChainedScheduler([new optim.StepLR(sgd(), 1), new optim.StepLR(sgd(), 1)]),
      'expects all schedulers to belong to the same optimizer, but got scheduler StepLR at index 1',
    ],
    [() => new optim.ChainedScheduler([7 as never]), 'at index 0: expected a scheduler, got number 7'],
    [() => new optim.CosineAnnealingWarmRestarts(sgd(), 5).step(-1), 'Expected non-negative epoch, but got -1'],
    [() => new optim.CosineAnnealingWarmRestarts(sgd(), 2.5), 'Expected positive integer T_0, but got 2.5'],
    // our own
    [() => new optim.StepLR(sgd(), 0), 'Expected positive integer step_size, but got 0'],
    [() => new optim.StepLR(sgd(), 3, { gama: 1 } as never), "StepLR: unknown option 'gama'"],
    [() => new optim.StepLR(sgd(), 3, { gamma: '1' as never }), "Expected a number gamma, but got string '1'"],
    [() => new optim.StepLR(sgd(), 3, { lastEpoch: 0.5 }), 'Expected a whole number last_epoch >= -1, but got 0.5'],
    [() => new optim.MultiStepLR(sgd(), 3 as never), 'milestones must be a list of epochs'],
    [() => new optim.ExponentialLR(sgd(), Number.NaN), 'Expected a number gamma, but got NaN'],
    [() => new optim.LambdaLR(sgd(), 0.5 as never), 'lrLambda must be a function of the epoch, got number 0.5'],
    [() => new optim.CosineAnnealingLR(sgd(), 0), 'Expected a positive number T_max, but got 0'],
    [() => new optim.LinearLR(sgd(), { totalIters: -1 }), 'Expected a number total_iters >= 0, but got -1'],
    [
      () => new optim.CyclicLR(sgd(), 0.1, '1' as never),
      "max_lr must be a number or a list of numbers, got string '1'",
    ],
    [() => new optim.CyclicLR(sgd(), 0.1, 1, { stepSizeUp: 0 }), 'Expected a positive number step_size_up'],
    [() => new optim.ReduceLROnPlateau(sgd()).step(leaf() as never), 'as a number such as await loss.item()'],
  ])('%s', (run, message) => {
    expect(run).toThrow(message);
  });

  test('OneCycleLR ends', () => {
    const scheduler = new optim.OneCycleLR(sgd(), 0.1, { totalSteps: 2 });
    scheduler.step();
    scheduler.step();
    expect(() => scheduler.step()).toThrow('Tried to step 3 times. The specified number of total steps is 2');
  });

  test('a state that does not fit is refused, and changes nothing', () => {
    const scheduler = new optim.StepLR(sgd(), 3);
    const state = scheduler.stateDict();
    expect(state).toEqual({ stepSize: 3, gamma: 0.1, baseLrs: [0.1], lastEpoch: 0, stepCount: 1, lastLr: [0.1] });
    const { gamma: _, ...less } = state;
    for (const [saved, message] of [
      [null, 'expected an object as stateDict() gives it'],
      [less, 'gamma is missing'],
      [{ ...state, power: 2 }, "unknown option 'power'"],
      [{ ...state, gamma: '1' }, "gamma must be number, got string '1'"],
      [{ ...state, baseLrs: [0.5, 0.5] }, 'baseLrs is of 2 groups, the optimiser has 1'],
      [{ ...state, baseLrs: ['a'] }, 'baseLrs must be an array of numbers'],
    ] as const)
      expect(() => scheduler.loadStateDict(saved as never)).toThrow(message);
    expect(scheduler.stateDict()).toEqual(state);
    const optimizer = sgd();
    const both = [new optim.StepLR(optimizer, 3), new optim.ExponentialLR(optimizer, 0.9)];
    const sequence = new optim.SequentialLR(optimizer, both, [4]);
    const whole = sequence.stateDict();
    expect(() => sequence.loadStateDict({ ...whole, lastEpoch: 3, schedulers: [state, less] })).toThrow(
      "unknown option 'stepSize'",
    );
    expect(sequence.stateDict()).toEqual(whole);
  });
});
