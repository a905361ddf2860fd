import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { BatchNorm1d, InstanceNorm1d, Linear, Module, Sequential } from '@tenfold/nn';
import { manualSeed, memory, ones, randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import {
  Adam,
  AveragedModel,
  type AveragedModelOptions,
  getEmaAvgFn,
  getEmaMultiAvgFn,
  getSwaAvgFn,
  getSwaMultiAvgFn,
  updateBN,
} from './index.ts';

interface Fixture {
  /** What the parameters become, update by update. */
  readonly weights: readonly (readonly number[])[][];
  readonly after: { readonly [kind in 'swa' | 'ema']: readonly (readonly number[])[][] };
  readonly names: readonly string[];
  readonly batches: readonly { readonly shape: number[]; readonly data: number[] }[];
  /** Of the averaged model's normalisation after `update_bn`. */
  readonly statistics: readonly [mean: number[], variance: number[]];
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/schedulers.json', import.meta.url), 'utf8'),
).averages;

const float64 = { dtype: 'float64' } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

class Net extends Module {
  readonly layer = new Linear(2, 1, float64);
  declare readonly total: Tensor;
  declare readonly count: Tensor;
  declare readonly mask: Tensor;

  constructor() {
    super();
    this.registerBuffer('total', tensor([0], float64));
    this.registerBuffer('count', tensor(0, { dtype: 'int64' }));
    this.registerBuffer('mask', tensor([true, false]));
  }

  override forward(x: Tensor): Tensor {
    return this.layer.forward(x);
  }

  /** All of it becomes `value`. */
  set(value: number): this {
    for (const x of [this.layer.weight.data, (this.layer.bias as Tensor).data, this.total, this.count]) x.fill_(value);
    return this;
  }
}

/** The averages of weight, buffer and count after a model had these values. */
function averaged(values: readonly number[], options?: AveragedModelOptions): number[] {
  const net = new Net().set(100);
  const averages = new AveragedModel(net, options);
  for (const value of values) averages.updateParameters(net.set(value));
  expect(averages.nAveraged).toBe(values.length);
  const state = averages.stateDict() as Record<string, Tensor>;
  expect(numbers(state['module.mask'])).toEqual([1, 0]);
  return ['module.layer.weight', 'module.total', 'module.count'].map((name) => numbers(state[name])[0]);
}

const expectNear = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((x, i) => expect(x).toBeCloseTo(expected[i], 12));
};

describe('averages', () => {
  const values = [3, 8, 1, -6];
  // the first is taken over
  const ema = 0.9 * (0.9 * (0.9 * 3 + 0.1 * 8) + 0.1 * 1) + 0.1 * -6;

  it.each<[string, AveragedModelOptions | undefined, number]>([
    ['equal weights', undefined, 1.5],
    ['equal weights, one by one', { avgFn: getSwaAvgFn() }, 1.5],
    ['equal weights, all at once', { multiAvgFn: getSwaMultiAvgFn() }, 1.5],
    ['an exponential one', { avgFn: getEmaAvgFn(0.9) }, ema],
    ['an exponential one, all at once', { multiAvgFn: getEmaMultiAvgFn(0.9) }, ema],
    ['one that forgets everything', { multiAvgFn: getEmaMultiAvgFn(0) }, -6],
    ['one that learns nothing', { multiAvgFn: getEmaMultiAvgFn(1) }, 3],
    ['one of your own', { avgFn: (a, b, n) => a.mul(n).add(b) }, ((3 * 1 + 8) * 2 + 1) * 3 - 6],
  ])('%s', (_, options, expected) => {
    expectNear(averaged(values, options), [expected, -6, -6]);
  });

  it("are PyTorch's, under its names", async () => {
    const norm = new BatchNorm1d(3, float64);
    const model = new Sequential(new Linear(2, 3, float64), norm);
    const all = {
      swa: new AveragedModel(model),
      ema: new AveragedModel(model, { multiAvgFn: getEmaMultiAvgFn(0.9) }),
    };
    fixture.weights.forEach((now, k) => {
      [...model.parameters()].forEach((param, i) => {
        param.data.copy_(tensor(now[i], float64).view(param.shape));
      });
      for (const kind of ['swa', 'ema'] as const) {
        all[kind].updateParameters(model);
        all[kind].parameters().forEach((average, i) => {
          expectNear(numbers(average), fixture.after[kind][k][i]);
        });
      }
    });
    expect(Object.keys(all.swa.stateDict()).sort()).toEqual([...fixture.names].sort());
    all.swa.copyTo();
    await updateBN(
      fixture.batches.map(({ shape, data }) => tensor(data, float64).view(shape)),
      model,
    );
    [norm.running_mean, norm.running_var].forEach((x, i) => {
      expectNear(numbers(x as Tensor), fixture.statistics[i]);
    });
  });

  it('of buffers too, of which whole numbers are cut off at each update', () => {
    // 3; 3 + 5/2 = 5; 5 - 4/3 = 3; 3 - 9/4 = 0
    expectNear(averaged(values, { useBuffers: true }), [1.5, 1.5, 0]);
    expectNear(averaged(values, { useBuffers: true, multiAvgFn: getEmaMultiAvgFn(0.9) }).slice(0, 2), [ema, ema]);
  });

  it('are used for a while, or left in the model', async () => {
    const net = new Net().set(1);
    const averages = new AveragedModel(net);
    for (const value of [1, 2]) averages.updateParameters(net.set(value));
    const x = ones([1, 2], float64);
    const predict = (): number => net.forward(x).itemSync();
    expect(averages.withAverages(predict)).toBe(4.5);
    expect(predict()).toBe(6);
    const later = averages.withAverages(async () => {
      await null;
      return predict();
    });
    expect(predict()).toBe(4.5);
    expect(await later).toBe(4.5);
    expect(predict()).toBe(6);
    expect(() =>
      averages.withAverages(() => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(predict()).toBe(6);
    expect([net.layer.weight.requiresGrad, net.layer.weight.isLeaf, averages.parameters()[0].requiresGrad]).toEqual([
      true,
      true,
      false,
    ]);
    averages.copyTo();
    expect(predict()).toBe(4.5);
    const other = new Net();
    averages.copyTo(other);
    expect(numbers(other.layer.weight)).toEqual([1.5, 1.5]);
  });

  it('go on from a saved state', () => {
    const net = new Net();
    const options = { multiAvgFn: getEmaMultiAvgFn(0.5) };
    const averages = new AveragedModel(net, options);
    for (const value of [1, 2]) averages.updateParameters(net.set(value));
    const resumed = new AveragedModel(new Net(), options);
    const state = averages.stateDict();
    expect(Object.keys(state)).toEqual([
      'n_averaged',
      ...['layer.weight', 'layer.bias', 'total', 'count', 'mask'].map((name) => `module.${name}`),
    ]);
    // PyTorch counts in a tensor
    resumed.loadStateDict({ ...state, n_averaged: tensor(2, { dtype: 'int64' }) });
    for (const each of [averages, resumed]) each.updateParameters(net.set(7));
    expect(resumed.parameters().map(numbers)).toEqual(averages.parameters().map(numbers));
    expect(resumed.nAveraged).toBe(3);

    const before = resumed.parameters().map(numbers);
    for (const [bad, message] of [
      [null, 'expected an object as stateDict() gives it'],
      [{ ...state, n_averaged: -1 }, 'n_averaged must be a count, got number -1'],
      [{ n_averaged: 1 }, 'missing keys: module.layer.weight'],
      [{ ...state, more: 1 }, 'unexpected keys: more'],
      [{ ...state, 'module.total': ones([2]) }, 'module.total must be a tensor of shape [1], got one of shape [2]'],
    ] as const)
      expect(() => resumed.loadStateDict(bad as never)).toThrow(message);
    expect(resumed.parameters().map(numbers)).toEqual(before);
  });

  it('hold no more with time', () => {
    manualSeed(0);
    const model = new Sequential(new Linear(64, 64), new Linear(64, 1));
    const optimizer = new Adam(model.parameters());
    const averages = new AveragedModel(model, { multiAvgFn: getEmaMultiAvgFn(0.9) });
    const grads = [...model.parameters()].map((param) => randn(param.shape));
    const train = (): number => {
      for (let step = 0; step < 20; step++) {
        [...model.parameters()].forEach((param, i) => {
          param.grad = grads[i];
        });
        optimizer.step();
        averages.updateParameters(model);
      }
      return memory().cpu.bytes;
    };
    const first = train();
    expect(train()).toBeLessThanOrEqual(first);
  });

  it.each<[() => unknown, string]>([
    [() => new AveragedModel(3 as never), 'expected a module, got number 3'],
    [() => new AveragedModel(new Net(), { decay: 0.9 } as never), "unknown option 'decay'"],
    [
      () => new AveragedModel(new Net(), { avgFn: getSwaAvgFn(), multiAvgFn: getSwaMultiAvgFn() }),
      'Only one of avg_fn and multi_avg_fn should be provided',
    ],
    [() => new AveragedModel(new Net(), { avgFn: 0.9 as never }), 'avgFn must be a function, got number 0.9'],
    [() => getEmaMultiAvgFn(1.5), 'Invalid decay value 1.5 provided. Please provide a value in [0,1] range.'],
    [() => getEmaAvgFn(-1), 'Invalid decay value -1 provided. Please provide a value in [0,1] range.'],
    [
      () => new AveragedModel(new Net()).updateParameters(new Linear(2, 1)),
      'the model has 2 parameters and buffers, the averaged one 5',
    ],
    [
      () => new AveragedModel(new Linear(2, 1)).copyTo(new Linear(3, 1)),
      'the model has weight of shape [1, 3] where the averaged one has weight of shape [1, 2]',
    ],
  ])('%s', (run, message) => {
    expect(run).toThrow(message);
  });
});

describe('updateBN', () => {
  it('gives all batches the same weight', async () => {
    const net = new Sequential(
      new Linear(1, 1, { ...float64, bias: false }),
      new BatchNorm1d(1, { ...float64, momentum: 0.3 }),
    );
    const [linear, norm] = [net.at(0) as Linear, net.at(1) as BatchNorm1d];
    linear.weight.data.fill_(2);
    const batches = [
      [1, 2, 3],
      [5, 5, 8],
      [0, 0, 6],
    ].map((values) => tensor(values, float64).view([3, 1]));
    // of the doubled inputs: means 4, 12, 4; unbiased variances 4, 12, 48
    for (const loader of [batches, batches.map((x) => [x, 'label'] as const), over(batches)]) {
      net.eval();
      await updateBN(loader, net);
      expectNear([norm.running_mean?.itemSync() ?? 0, norm.running_var?.itemSync() ?? 0], [20 / 3, 64 / 3]);
      expect(norm.num_batches_tracked?.itemSync()).toBe(3);
      expect([norm.momentum, net.training, norm.training, linear.weight.grad]).toEqual([0.3, false, false, null]);
    }
  });

  async function* over<T>(list: readonly T[]): AsyncGenerator<T> {
    yield* list;
  }

  it('leaves the rest alone, and everything as it was if it fails', async () => {
    const norm = new InstanceNorm1d(1, { ...float64, trackRunningStats: true });
    const before = norm.running_mean;
    norm.eval();
    await updateBN([ones([1, 1, 3], float64)], norm);
    expect(norm.running_mean).toBe(before);
    expect(norm.num_batches_tracked?.itemSync()).toBe(0);
    const net = new BatchNorm1d(1);
    await expect(updateBN([3 as never], net)).rejects.toThrow(
      'batches must be tensors or lists that start with one, got number 3',
    );
    expect([net.momentum, net.training]).toEqual([0.1, true]);
    await expect(updateBN([], 3 as never)).rejects.toThrow('updateBN: expected a module, got number 3');
  });
});
