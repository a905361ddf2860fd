/** L-BFGS against PyTorch: losses and parameters of 50 steps in a valley, options included. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { type Tensor, tensor, tidy } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { LBFGS, type LBFGSOptions } from './index.ts';

interface Search {
  readonly options: LBFGSOptions;
  /** What each step starts from. */
  readonly losses: readonly number[];
  /** The parameters every so many steps. */
  readonly searched: readonly (readonly number[])[][];
  readonly evals: number;
  readonly iterations: number;
}

interface Fixture {
  readonly every: number;
  readonly initial: readonly { readonly shape: number[]; readonly data: number[] }[];
  readonly optimizers: readonly { readonly optimizer: string; readonly samples: readonly Search[] }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8'));
const searches = fixture.optimizers.find(({ optimizer }) => optimizer === 'LBFGS')?.samples ?? [];

const float64 = { dtype: 'float64' } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
const initial = (): Tensor[] =>
  fixture.initial.map(({ shape, data }) => tensor(data, float64).view(shape).div(4).requiresGrad_());

/** Rosenbrock's function in many dimensions. */
const valley = ([x, y]: readonly Tensor[]): Tensor =>
  x.sub(1).square().sum().add(y.sub(x.square()).square().sum().mul(10));

const closureOf = (optimizer: LBFGS, params: readonly Tensor[]) => (): Tensor => {
  optimizer.zeroGrad();
  const loss = valley(params);
  loss.backward();
  return loss;
};

const shown = (options: object): string => JSON.stringify(options).replaceAll('"', '').slice(1, -1);

test.each(searches.map((search) => [shown(search.options), search] as const))(
  '50 steps: %s',
  (_, { options, losses, searched, evals, iterations }) => {
    const params = initial();
    const optimizer = new LBFGS(params, options);
    const closure = closureOf(optimizer, params);
    losses.forEach((loss, step) => {
      const own = optimizer.step(closure).itemSync();
      if (!(Math.abs(own - loss) < 1e-10 * Math.max(1, loss)))
        expect.fail(`loss ${own} before step ${step}, not ${loss}`);
      if ((step + 1) % fixture.every !== 0) return;
      const at = searched[(step + 1) / fixture.every - 1];
      params.forEach((param, i) => {
        numbers(param).forEach((x, k) => {
          if (!(Math.abs(x - at[i][k]) < 1e-10)) expect.fail(`after step ${step}: ${x}, not ${at[i][k]}`);
        });
      });
    });
    expect(optimizer.state.get(params[0])).toMatchObject({ funcEvals: evals, nIter: iterations });
  },
);

describe('LBFGS', () => {
  const options = { maxIter: 3, historySize: 3, lineSearchFn: 'strong_wolfe' } as const;

  test('stepAsync and a step in tidy do what step does; a saved state goes on', async () => {
    const all = [initial(), initial(), initial()];
    const [now, later, tidied] = all.map((params) => ({
      params,
      optimizer: new LBFGS(params, options),
    }));
    for (let step = 0; step < 6; step++) {
      const loss = now.optimizer.step(closureOf(now.optimizer, now.params));
      expect(await later.optimizer.stepAsync(closureOf(later.optimizer, later.params))).toMatchObject({
        shape: loss.shape,
        requiresGrad: true,
      });
      tidy(() => void tidied.optimizer.step(closureOf(tidied.optimizer, tidied.params)));
    }
    expect(later.params.map(numbers)).toEqual(now.params.map(numbers));
    expect(tidied.params.map(numbers)).toEqual(now.params.map(numbers));

    const copies = now.params.map((param) => param.detach().clone().requiresGrad_());
    const resumed = new LBFGS(copies, { ...options, lr: 0.5 });
    resumed.loadStateDict(now.optimizer.stateDict());
    for (let step = 0; step < 3; step++) {
      now.optimizer.step(closureOf(now.optimizer, now.params));
      resumed.step(closureOf(resumed, copies));
    }
    expect(copies.map(numbers)).toEqual(now.params.map(numbers));
  });

  test('a parameter without a gradient stays', () => {
    const [x, y] = [
      tensor([3, 4], { ...float64, requiresGrad: true }),
      tensor([5], { ...float64, requiresGrad: true }),
    ];
    const optimizer = new LBFGS([x, y]);
    optimizer.step(() => {
      optimizer.zeroGrad();
      const loss = x.sub(1).square().sum();
      loss.backward();
      return loss;
    });
    numbers(x).forEach((value) => expect(value).toBeCloseTo(1, 8));
    expect(y.itemSync()).toBe(5);
  });

  const leaf = (dtype: 'float32' | 'float64' = 'float64'): Tensor => tensor([1], { dtype, requiresGrad: true });
  test.each<[() => unknown, string]>([
    [
      () => new LBFGS([{ params: [leaf()] }, { params: [leaf()] }]),
      "LBFGS doesn't support per-parameter options (parameter groups)",
    ],
    [
      () => new LBFGS([leaf(), leaf('float32')]),
      'parameters must be of one dtype and device, got float64 on cpu and float32 on cpu',
    ],
    [() => new LBFGS([leaf()], { lr: -1 }), 'Invalid learning rate: -1'],
    [() => new LBFGS([leaf()], { maxIter: 0 }), 'Invalid max_iter: 0'],
    [() => new LBFGS([leaf()], { historySize: 1.5 }), 'Invalid history_size: 1.5'],
    [() => new LBFGS([leaf()], { lineSearchFn: 'armijo' as never }), "only 'strong_wolfe' is supported"],
    [() => new LBFGS([leaf()]).step(), 'LBFGS: step needs a closure'],
    [
      () => new LBFGS([leaf()]).step(() => 3),
      'the closure must return the loss, a tensor of one element, got number 3',
    ],
  ])('%s', (run, message) => {
    expect(run).toThrow(message);
  });
});
