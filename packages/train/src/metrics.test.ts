/** Metrics against torchmetrics, whose numbers `tools/torch-oracle/metrics.py` wrote; scikit-learn's are the same where it has them. */
import { readFileSync } from 'node:fs';
import '@tenfold/backend-cpu/register';
import { inferenceMode, noGrad } from '@tenfold/autograd';
import { type DType, memory, type Tensor, tensor, tidy } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import * as train from './index.ts';
import { Accuracy, AUROC, ConfusionMatrix, F1Score, MeanSquaredError, RunningMean } from './index.ts';

interface Plain {
  readonly shape: number[];
  readonly dtype: DType;
  readonly data: number[];
}

interface Fixture {
  readonly batches: { readonly [name: string]: readonly (readonly [Plain, Plain])[] };
  readonly samples: readonly {
    readonly metric: string;
    readonly options: object;
    readonly batches: string;
    readonly value: Plain;
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/metrics.json', import.meta.url), 'utf8')) as Fixture;
const made = ({ data, dtype, shape }: Plain): Tensor => tensor(data, { dtype }).view(shape);
const batches = Object.fromEntries(
  Object.entries(fixture.batches).map(([name, list]) => [name, list.map(([p, t]) => [made(p), made(t)] as const)]),
);
const ints = (...data: number[]): Tensor => tensor(data, { dtype: 'int64' });

type Any = train.Metric<[preds: Tensor, target: Tensor]>;
const metrics = train as unknown as { readonly [name: string]: new (options: object) => Any };

describe.each([...new Set(fixture.samples.map(({ metric }) => metric))])('%s', (name) => {
  it('gives what torchmetrics gives', async () => {
    const samples = fixture.samples.filter(({ metric }) => metric === name);
    expect(samples.length).toBeGreaterThan(1);
    for (const { options, batches: set, value } of samples) {
      const metric = new metrics[name](options);
      for (const [preds, target] of batches[set]) metric.update(preds, target);
      const result = metric.compute();
      const about = `${JSON.stringify(options)} ${set}`;
      expect(result.shape, about).toEqual(value.shape);
      const numbers = [...((await result.flatten().toArray()) as number[])];
      numbers.forEach((x, i) => expect(x, `${about} [${i}]`).toBeCloseTo(value.data[i], 5));
    }
  });
});

describe('a metric', () => {
  const target = ints(2, 1, 0, 1);
  const preds = ints(2, 1, 0, 0);
  const options = { task: 'multiclass', numClasses: 3 } as const;

  it('begins anew, and goes on from a saved state', async () => {
    const one = new F1Score({ ...options, average: 'macro' });
    one.update(preds, target);
    const saved = one.stateDict();
    const before = await one.compute().item();
    one.update(preds.flip([0]), target);
    const after = await one.compute().item();
    expect(after).not.toBe(before);

    const other = new F1Score({ ...options, average: 'macro' });
    other.loadStateDict(saved);
    expect(await other.compute().item()).toBe(before);
    other.update(preds.flip([0]), target);
    expect(await other.compute().item()).toBe(after);

    one.reset();
    expect(one.stateDict()).toEqual({});
    expect(await one.compute().item()).toBe(0);
    one.loadStateDict({});
    one.update(preds, target);
    expect(await one.compute().item()).toBe(before);
  });

  it('of lists goes on, too', async () => {
    const scores = tensor([0.1, 0.4, 0.35, 0.8]);
    const one = new AUROC({ task: 'binary' });
    for (let i = 0; i < 3; i++) one.update(scores, ints(0, 0, 1, 1));
    expect(await one.compute().item()).toBe(0.75);
    const other = new AUROC({ task: 'binary' });
    other.loadStateDict(one.stateDict());
    other.update(scores, ints(0, 0, 1, 1));
    expect(other.stateDict().preds.shape).toEqual([16]);
    expect(await other.compute().item()).toBe(0.75);
  });

  it('refuses the state of another, and stays as it was', () => {
    const one = new Accuracy(options);
    one.update(preds, target);
    expect(() => one.loadStateDict(new RunningMean().stateDict())).not.toThrow();
    one.update(preds, target);
    const mean = new RunningMean();
    mean.update(1);
    expect(() => one.loadStateDict(mean.stateDict())).toThrow(
      'Accuracy: expected a state of tp, fp, tn, fn, got value, weight',
    );
    const wider = new Accuracy({ ...options, numClasses: 4 });
    wider.update(preds, target);
    expect(() => one.loadStateDict(wider.stateDict())).toThrow('the state tp has shape [4], expected [3]');
    expect(Object.keys(one.stateDict())).toEqual(['tp', 'fp', 'fn', 'tn']);
  });

  it('leaves nothing behind, records nothing, and survives tidy and inference mode', async () => {
    const scores = tensor(
      [
        [0.1, 0.2, 0.7],
        [0.5, 0.3, 0.2],
      ],
      { requiresGrad: true },
    );
    const all = [
      new Accuracy(options),
      new Accuracy({ ...options, topK: 2 }),
      new ConfusionMatrix(options),
      new AUROC({ ...options, thresholds: 5 }),
    ];
    const mean = new RunningMean({ window: 3 });
    const step = (): void => {
      for (const metric of all) {
        metric.update(scores, ints(2, 1));
        metric.compute().dispose();
      }
      mean.update(scores);
    };
    step();
    const before = memory().cpu;
    inferenceMode(() => step());
    for (let i = 0; i < 50; i++) step();
    tidy(step);
    noGrad(step);
    // small storages are not counted one by one: what is counted must not grow
    expect(memory().cpu.bytes - before.bytes).toBeLessThan(4096);
    expect(all[0].compute().requiresGrad).toBe(false);
    expect(await all[1].compute().item()).toBe(1);
  });

  it('reads nothing back', async () => {
    const scores = tensor([[0.1, 0.2, 0.7]]);
    const { runtime } = scores.storage.device;
    const { downloadSync, download } = runtime;
    const refuse = (): never => {
      throw new Error('read');
    };
    try {
      Object.assign(runtime, { downloadSync: refuse, download: refuse });
      const loss = new RunningMean({ nanStrategy: 'ignore' });
      loss.update(scores.sum(), 3);
      loss.compute();
      for (const task of ['multiclass', 'multilabel'] as const) {
        const size = task === 'multiclass' ? { numClasses: 3 } : { numLabels: 3 };
        const goal = task === 'multiclass' ? ints(2) : ints(0, 1, 1).view([1, 3]);
        for (const name of ['Accuracy', 'F1Score', 'ConfusionMatrix', 'AUROC']) {
          const metric = new metrics[name]({ task, ...size, ignoreIndex: -1 });
          metric.update(scores, goal);
          metric.compute();
        }
      }
      const error = new MeanSquaredError();
      error.update(scores, scores);
      error.compute();
    } finally {
      Object.assign(runtime, { downloadSync, download });
    }
    expect(await scores.sum().item()).toBeCloseTo(1);
  });

  it('shows NaN', async () => {
    const one = new AUROC({ task: 'binary' });
    one.update(tensor([0.1, Number.NaN, 0.9]), ints(0, 1, 1));
    expect(await one.compute().item()).toBeNaN();
    const mean = new RunningMean();
    mean.update(Number.NaN);
    mean.update(1);
    expect(await mean.compute().item()).toBeNaN();
    const known = new RunningMean({ nanStrategy: 'ignore' });
    known.update(tensor([Number.NaN, 2]));
    known.update(1);
    expect(await known.compute().item()).toBe(1.5);
    // above no threshold
    const accuracy = new Accuracy({ task: 'binary' });
    accuracy.update(tensor([Number.NaN, 0.9]), ints(0, 1));
    expect(await accuracy.compute().item()).toBe(1);
  });

  it.each([
    [
      () => new Accuracy({} as never),
      'Accuracy: Expected argument `task` to be one of binary, multiclass, multilabel, but got undefined',
    ],
    [
      () => new Accuracy({ task: 'multiclass' } as never),
      'Expected argument `numClasses` to be an integer of at least 2, but got undefined',
    ],
    [() => new Accuracy({ ...options, topK: 4 }), '`topK` to be smaller or equal to `numClasses` but got 4 and 3'],
    [() => new Accuracy({ ...options, threshold: 0.5 } as never), "Accuracy (multiclass): unknown option 'threshold'"],
    [
      () => new Accuracy({ task: 'binary', threshold: 2 }),
      '`threshold` to be a number in the [0,1] range, but got number 2',
    ],
    [
      () => new Accuracy({ ...options, average: 'mean' } as never),
      '`average` to be one of micro, macro, weighted, none',
    ],
    [() => new ConfusionMatrix({ ...options, normalize: 'rows' } as never), '`normalize` to be one of true, pred, all'],
    [() => new train.FBetaScore({ ...options, beta: 0 }), '`beta` to be a number larger than 0'],
    [() => new AUROC({ ...options, thresholds: [0.5, 0.5] }), '`thresholds` to be an integer larger than 1'],
    [() => new RunningMean({ window: 0 }), '`window` to be an integer of at least 1'],
  ])('refuses options %#', (make, message) => {
    expect(make).toThrow(message);
  });

  it.each([
    [[tensor([[0.5, 0.5]]), ints(0)], '`preds.shape[1]` should be equal to number of classes: 3, got [1,2]'],
    [[tensor([[1, 2, 3]], { dtype: 'int64' }), ints(0)], '`preds` should be a float tensor, got int64'],
    [[tensor([[0.1, 0.2, 0.7]]), ints(0, 1)], 'the shape of `target` should be (N, ...), got [1,3] and [2]'],
    [[tensor([0.5]), ints(0)], 'expected `preds` to be an int or long tensor, but got float32'],
    [[ints(0, 1), ints(0)], 'The `preds` and `target` should have the same shape'],
    [[ints(0), tensor([0.5])], 'Expected argument `target` to be an int or long tensor, but got float32'],
    [[ints(3), ints(0)], 'index'],
    [[ints(0), ints(-1)], 'index'],
    [[tensor([[0.1, 0.2, 0.7]]), ints(5)], 'index'],
    [[[1], ints(0)], 'Accuracy: preds must be a tensor, got an array of 1'],
  ] as [Tensor[], string][])('refuses a batch %#', async ([p, t], message) => {
    const metric = new Accuracy(options);
    expect(() => metric.update(p, t)).toThrow(message);
    expect(await metric.compute().item()).toBe(0);
  });
});

it('running means have weights and windows', async () => {
  const mean = new RunningMean();
  mean.update(tensor(2), 3);
  mean.update(tensor([4, 6]), tensor([1, 0]));
  // (2·3 + 4·1 + 6·0) / 4
  expect(await mean.compute().item()).toBe(2.5);
  const last = new RunningMean({ window: 2 });
  expect(await last.compute().item()).toBe(0);
  last.update(1);
  expect(await last.compute().item()).toBe(1);
  for (const x of [2, 3]) last.update(x);
  expect(await last.compute().item()).toBe(2.5);
  expect(() => mean.update('1' as never)).toThrow("RunningMean: value must be a number or a tensor, got string '1'");
});
