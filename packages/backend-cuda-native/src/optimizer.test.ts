/** Optimiser steps of lists of parameters, to the bit as the cpu's of each by itself, and how many launches they take. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { Adam, GradScaler, SGD } from '@tenfold/optim';
import {
  adamStep_,
  builtinOps,
  type DType,
  dispatch,
  ones,
  rmspropStep_,
  sgdStep_,
  type Tensor,
  tensor,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';
import { both, generator, type Pair, pairOf, type Random } from './pairs.test-support.ts';

const dtypes = ['float32', 'float64', 'float16', 'bfloat16'] as const;

/** Tensors for `count` parameters of random shapes and layouts. */
function listsOf(random: Random, count: number, dtype: DType, lists: number): Pair[][] {
  const all: Pair[][] = Array.from({ length: lists }, () => []);
  for (let i = 0; i < count; i++) {
    const shape = random.pick([[], [1], [7], [0], [3, 5], [2, 3, 4], [random.pick([4096, 4097, 9000])]]);
    // what is a mean of squares is not negative
    for (const [k, list] of all.entries()) {
      const [x, twin] = both(random, shape, dtype, k < 2 ? 0.01 : 0);
      list.push(k < 2 ? [x, twin] : [x.abs(), twin.abs()]);
    }
  }
  return all;
}

const sideOf = (lists: readonly (readonly Pair[])[], side: 0 | 1): Tensor[][] =>
  lists.map((list) => list.map((pair) => pair[side]));

interface Case {
  readonly op: 'sgd' | 'adam' | 'rmsprop';
  readonly lists: number;
  /** Takes a step of lists. */
  run(lists: readonly Tensor[][], options: object): void;
  readonly options: readonly object[];
}

const common = [{}, { weightDecay: 0.1 }, { weightDecay: 0.1, maximize: true }];
const cases: readonly Case[] = [
  { op: 'sgd', lists: 2, run: ([p, g], options) => sgdStep_(p, g, null, { lr: 0.1, ...options }), options: common },
  {
    op: 'sgd',
    lists: 3,
    run: ([p, g, b], options) => sgdStep_(p, g, b, { lr: 0.1, momentum: 0.9, ...options }),
    options: [...common, { nesterov: true }, { dampening: 0.3 }],
  },
  {
    op: 'adam',
    lists: 4,
    run: ([p, g, m, v], options) => adamStep_(p, g, m, v, null, { lr: 0.01, step: 3, ...options }),
    options: [...common, { weightDecay: 0.2, decoupled: true }, { beta1: 0.5, beta2: 0.7, eps: 0.01 }],
  },
  {
    op: 'adam',
    lists: 5,
    run: ([p, g, m, v, x], options) => adamStep_(p, g, m, v, x, { lr: 0.01, step: 3, ...options }),
    options: common,
  },
  {
    op: 'rmsprop',
    lists: 3,
    run: ([p, g, v], options) => rmspropStep_(p, g, v, null, null, { lr: 0.01, ...options }),
    options: common,
  },
  {
    op: 'rmsprop',
    lists: 4,
    run: ([p, g, v, b], options) => rmspropStep_(p, g, v, null, b, { lr: 0.01, momentum: 0.8, ...options }),
    options: common,
  },
  {
    op: 'rmsprop',
    lists: 5,
    run: ([p, g, v, m, b], options) =>
      rmspropStep_(
        p,
        g,
        v,
        m.map((x) => x.mul_(0.01)),
        b,
        { lr: 0.01, momentum: 0.8, ...options },
      ),
    options: [{}, { alpha: 0.9 }],
  },
];

async function expectSame(lists: readonly (readonly Pair[])[], what: string): Promise<void> {
  for (const [k, list] of lists.entries()) {
    for (const [i, [x, y]] of list.entries())
      expect(await x.toArray(), `${what}, list ${k}, parameter ${i} of [${x.shape}]`).toEqual(await y.toArray());
  }
}

describe.skipIf(noCuda !== null)('optimiser steps', () => {
  it.each(dtypes)('of lists give the bits of steps one by one in %s', async (dtype) => {
    const random = generator(dtypes.indexOf(dtype) + 1);
    for (const { op, lists: count, run, options } of cases) {
      for (const option of options) {
        const lists = listsOf(random, random.pick([1, 3, 9]), dtype, count);
        run(sideOf(lists, 0), option);
        const twins = sideOf(lists, 1);
        for (let i = 0; i < twins[0].length; i++)
          run(
            twins.map((list) => [list[i]]),
            option,
          );
        await expectSame(lists, `${op} of ${count} ${JSON.stringify(option)}`);
      }
    }
  });

  it('of more parameters than a launch has room for are as many launches as it takes', async () => {
    const { counters } = await import('./open-devices.ts').then(({ openCuda }) => openCuda('test').cuda);
    const random = generator(20);
    const make = (count: number): Pair[][] =>
      [0, 1].map(() =>
        Array.from({ length: count }, (_, i) =>
          pairOf((device) =>
            tensor(
              Array.from({ length: 1 + (i % 5) }, () => i - 3),
              { dtype: 'float32', device },
            ),
          ),
        ),
      );
    for (const [count, launches] of [
      [1, 1],
      [64, 1],
      [65, 2],
      [200, 4],
    ]) {
      const lists = make(count);
      const before = counters.launches;
      sgdStep_(...(sideOf(lists, 0) as [Tensor[], Tensor[]]), null, { lr: random() });
      expect(counters.launches - before).toBe(launches);
    }
    const lists = make(200);
    for (const side of [0, 1] as const) sgdStep_(...(sideOf(lists, side) as [Tensor[], Tensor[]]), null, { lr: 0.3 });
    await expectSame(lists, 'all 200');
  });

  it('come one after the other where one reads what another writes', async () => {
    const random = generator(25);
    const [x, y, z] = [0, 1, 2].map(() => both(random, [5], 'float32'));
    const [a, b, c] = [x, y, z].map(([here]) => here);
    sgdStep_([a, b, c], [b, a, b], null, { lr: 0.5 });
    const [p, q, r] = [x, y, z].map(([, there]) => there);
    for (const [param, grad] of [
      [p, q],
      [q, p],
      [r, q],
    ])
      sgdStep_(param, grad, null, { lr: 0.5 });
    await expectSame([[x, y, z]], 'chain');
  });

  it('leave the inputs alone where they are not in place', async () => {
    const random = generator(30);
    const lists = listsOf(random, 4, 'float32', 3);
    const before = await Promise.all(lists.flat().map(([x]) => x.toArray()));
    const attrs = { weightDecay: 0, maximize: false, momentum: 0.9, nesterov: false };
    const [here, there] = ([0, 1] as const).map((side) => {
      const [p, g, b] = sideOf(lists, side);
      return dispatch(builtinOps.sgdStep, [...p.flatMap((x, i) => [x, g[i], b[i]]), 0.1, 0, 2], attrs);
    });
    await expectSame([here.map((x, i) => [x, there[i]] as const)], 'results');
    expect(await Promise.all(lists.flat().map(([x]) => x.toArray()))).toEqual(before);
  });

  it('of Adam take one launch for a model, and train as the cpu does', async () => {
    const { counters } = await import('./open-devices.ts').then(({ openCuda }) => openCuda('test').cuda);
    const random = generator(50);
    const pairs = Array.from({ length: 12 }, (_, i) => both(random, [i + 1, 3], 'float64'));
    const optimizers = ([0, 1] as const).map((side) => {
      const params = pairs.map((pair) => pair[side].clone().requiresGrad_());
      return { params, optimizer: new Adam(params, { lr: 0.05, amsgrad: true }) };
    });
    for (let step = 0; step < 3; step++) {
      for (const { params, optimizer } of optimizers) {
        optimizer.zeroGrad();
        for (const param of params) param.mul(param).sum().backward();
        const before = counters.launches;
        optimizer.step();
        if (params[0].device === 'cuda:0' && step > 0) expect(counters.launches - before).toBe(1);
      }
    }
    const [here, there] = optimizers.map(({ params }) => params);
    await expectSame([here.map((x, i) => [x.detach(), there[i].detach()] as const)], 'parameters');
  });
});

describe.skipIf(noCuda !== null)('steps under loss scaling', () => {
  it('are left out where the cpu leaves them out', async () => {
    const run = async (device: string): Promise<number[]> => {
      const params = [0, 1].map(() => ones([3], { device, requiresGrad: true }));
      const optimizers = [new Adam([params[0]], { lr: 0.1 }), new SGD([params[1]], { momentum: 0.9, dampening: 0.5 })];
      const scaler = new GradScaler({ initScale: 8, growthInterval: 2 });
      for (const grad of [Infinity, 1, 2, Number.NaN, 0.5, 3]) {
        for (const param of params) param.grad = scaler.scale(tensor([grad, 0.25, -2], { device }));
        for (const optimizer of optimizers) scaler.step(optimizer);
        scaler.update();
      }
      const [{ step }] = Object.values(optimizers[0].stateDict().state);
      const values = await Promise.all(params.map((param) => param.toArray() as Promise<number[]>));
      return [await scaler.getScale(), Number(await (step as Tensor).item()), ...values.flat()];
    };
    const [here, cpu] = [await run('cuda'), await run('cpu')];
    expect(here.slice(0, 2)).toEqual([8, 4]);
    here.forEach((value, i) => {
      expect(value).toBeCloseTo(cpu[i], 5);
    });
  });
});
