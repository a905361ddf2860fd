import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { Linear, MSELoss, Sequential, Sigmoid } from '@tenfold/nn';
import { manualSeed, ones, rand, type Tensor, tensor, tidy } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { Adafactor, Adam, AdamW, Muon, SGD } from './index.ts';

/** The start and the gradients of PyTorch's runs; trajectories.test.ts has the runs. */
const fixture: {
  readonly initial: readonly { readonly shape: number[]; readonly data: number[] }[];
  readonly grads: readonly (readonly number[][])[];
} = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8'));
const float64 = { dtype: 'float64' } as const;
const leaf = (values: number[]): Tensor => tensor(values, { ...float64, requiresGrad: true });

const initial = (): Tensor[] =>
  fixture.initial.map(({ shape, data }) => tensor(data, float64).view(shape).clone().requiresGrad_());

function giveGrads(params: readonly Tensor[], step: number): void {
  params.forEach((param, i) => {
    param.grad = tensor(fixture.grads[step][i], float64).view(param.shape).clone();
  });
}

test('AdamW shrinks the parameter apart from the gradient', () => {
  // by hand from the paper's formula: the first step of Adam is lr · sign(g), up to eps
  const param = leaf([2]);
  const optimizer = new AdamW([param], { lr: 0.1, weightDecay: 0.5 });
  param.grad = tensor([3], float64);
  optimizer.step();
  expect(Math.abs(param.itemSync() - (2 * (1 - 0.1 * 0.5) - (0.1 * 3) / (3 + 1e-8)))).toBeLessThan(1e-12);
  expect(new AdamW([leaf([1])]).paramGroups[0].weightDecay).toBe(0.01);
});

describe('groups', () => {
  test('have options of their own, and changes count at the next step', () => {
    const [a, b] = [leaf([1]), leaf([1])];
    const optimizer = new SGD([{ params: [a] }, { params: b, lr: 0.5 }], { lr: 0.25 });
    const step = (): void => {
      for (const x of [a, b]) x.grad = tensor([1], float64);
      optimizer.step();
    };
    step();
    expect([a.itemSync(), b.itemSync()]).toEqual([0.75, 0.5]);
    optimizer.paramGroups[0].lr = 0.5;
    step();
    expect([a.itemSync(), b.itemSync()]).toEqual([0.25, 0]);
    const c = leaf([1]);
    optimizer.addParamGroup({ params: [c], lr: 1 });
    c.grad = tensor([1], float64);
    optimizer.step();
    expect(c.itemSync()).toBe(0);
    optimizer.paramGroups[0].lr = Number.NaN;
    expect(() => optimizer.step()).toThrow('Invalid learning rate: NaN');
  });

  test('parameters without a gradient are left alone', () => {
    const [a, b] = [leaf([1]), leaf([1])];
    const optimizer = new Adam([a, b]);
    a.grad = tensor([1], float64);
    optimizer.step();
    expect(b.itemSync()).toBe(1);
    expect([optimizer.state.has(a), optimizer.state.has(b)]).toEqual([true, false]);
  });

  test('a closure computes the loss; step gives it back', () => {
    const x = leaf([3]);
    const optimizer = new SGD([x], { lr: 0.5 });
    const loss = optimizer.step(() => {
      optimizer.zeroGrad();
      const value = x.square().sum();
      value.backward();
      return value;
    });
    expect([loss.itemSync(), x.itemSync()]).toEqual([9, 0]);
    expect([x.isLeaf, x.requiresGrad]).toEqual([true, true]);
  });

  test('zeroGrad', () => {
    const x = leaf([3]);
    const optimizer = new SGD([x]);
    x.grad = tensor([1], float64);
    optimizer.zeroGrad({ setToNone: false });
    expect(x.grad?.itemSync()).toBe(0);
    optimizer.zeroGrad();
    expect(x.grad).toBe(null);
    expect(() => optimizer.zeroGrad({ setToNull: true } as never)).toThrow("unknown option 'setToNull'");
  });

  test('state made inside tidy outlives it', () => {
    const x = leaf([3]);
    const optimizer = new Adam([x], { lr: 0.1 });
    for (let i = 0; i < 3; i++) {
      tidy(() => {
        x.square().sum().backward();
        optimizer.step();
        optimizer.zeroGrad();
      });
    }
    expect(x.itemSync()).toBeLessThan(2.8);
  });
});

describe('state', () => {
  const options = { lr: 0.05, amsgrad: true, weightDecay: 0.01 };

  test('has the form of PyTorch', () => {
    const params = initial();
    const optimizer = new Adam(params, options);
    giveGrads(params, 0);
    optimizer.step();
    const { state, paramGroups } = optimizer.stateDict();
    expect(Object.keys(state)).toEqual(['0', '1']);
    expect(Object.keys(state[0])).toEqual(['step', 'expAvg', 'expAvgSq', 'maxExpAvgSq']);
    expect(paramGroups).toEqual([
      { lr: 0.05, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, amsgrad: true, maximize: false, params: [0, 1] },
    ]);
  });

  test('what does not fit is refused, and changes nothing', () => {
    const optimizer = new SGD(initial(), { lr: 0.1, momentum: 0.9 });
    const other = new SGD([leaf([1])], { lr: 0.2, momentum: 0.9 });
    expect(() => optimizer.loadStateDict(other.stateDict())).toThrow("doesn't match the size of optimizer's group");
    expect(() => optimizer.loadStateDict({ state: {}, paramGroups: [] })).toThrow(
      'a different number of parameter groups',
    );
    expect(() => optimizer.loadStateDict(null as never)).toThrow('expected { state, paramGroups }');
    const group = { ...optimizer.stateDict().paramGroups[0], lr: 0.7 };
    expect(() =>
      optimizer.loadStateDict({ state: { 0: { momentumBuffer: ones([7]) } }, paramGroups: [group] }),
    ).toThrow('has shape [7]');
    expect(optimizer.paramGroups[0].lr).toBe(0.1);
  });
});

describe('errors', () => {
  test.each([
    [() => new SGD([leaf([1])], { lr: -1 }), 'SGD: Invalid learning rate: -1'],
    [() => new Adam([leaf([1])], { betas: [1, 0.9] }), 'Invalid beta parameter at index 0: 1'],
    [() => new Adam([leaf([1])], { betas: [0.5, 2] }), 'Invalid beta parameter at index 1: 2'],
    [() => new SGD([leaf([1])], { lr: '0.1' as never }), "Invalid learning rate: string '0.1'"],
    [() => new SGD([leaf([1])], { learningRate: 1 } as never), "SGD: unknown option 'learningRate'"],
    [() => new SGD([]), 'optimizer got an empty parameter list'],
    [() => new SGD(leaf([1]) as never), 'but got a tensor; put it in an array'],
    [() => new SGD([3] as never), 'optimizer can only optimize Tensors, but one of the params is number 3'],
    [() => new SGD([leaf([1]).mul(2)]), "can't optimize a non-leaf Tensor"],
    [() => new SGD([{ params: [leaf([1])], lr: -3 }]), 'Invalid learning rate: -3'],
  ])('%s', (make, message) => {
    expect(make).toThrow(message);
  });

  test('one parameter in two groups', () => {
    const x = leaf([1]);
    expect(() => new SGD([{ params: [x] }, { params: [x] }])).toThrow(
      'some parameters appear in more than one parameter group',
    );
  });
});

test('trains a model', async () => {
  manualSeed(1);
  const model = new Sequential(new Linear(2, 8), new Sigmoid(), new Linear(8, 1));
  const optimizer = new Adam(model.parameters(), { lr: 0.05 });
  const criterion = new MSELoss();
  const fit = async (steps: number): Promise<number> => {
    let last = 0;
    for (let i = 0; i < steps; i++) {
      const x = rand([16, 2]);
      const y = x.sum(1, { keepdim: true });
      optimizer.zeroGrad();
      const loss = criterion.forward(model.forward(x), y);
      loss.backward();
      optimizer.step();
      last = await loss.item();
    }
    return last;
  };
  const first = await fit(1);
  expect(await fit(200)).toBeLessThan(first / 10);
});

test('goes on when the model is cast, state included', () => {
  const model = new Linear(1, 1);
  const optimizer = new Adam(model.parameters(), { lr: 0.1 });
  const step = (dtype: 'float32' | 'float64'): number => {
    optimizer.zeroGrad();
    model
      .forward(ones([1, 1], { dtype }))
      .sum()
      .backward();
    optimizer.step();
    return model.weight.itemSync();
  };
  const start = model.weight.itemSync();
  // with a gradient of 1 every step of Adam moves by the learning rate
  expect(step('float32')).toBeCloseTo(start - 0.1, 5);
  model.double();
  expect(step('float64')).toBeCloseTo(start - 0.2, 5);
  expect(optimizer.state.get(model.weight)?.expAvg).toMatchObject({ dtype: 'float64' });
});

test('Adafactor keeps rows and columns of what has two dims or more', () => {
  const params = [[4, 2, 3], [5], []].map((shape) => ones(shape, { ...float64, requiresGrad: true }));
  const optimizer = new Adafactor(params);
  for (const param of params) param.grad = ones(param.shape, float64);
  optimizer.step();
  const shapes = params.map((param) => {
    const { rowVar, colVar, variance } = optimizer.state.get(param) ?? {};
    return [rowVar, colVar, variance].map((x) => (x as Tensor | null)?.shape ?? null);
  });
  expect(shapes).toEqual([
    [[4, 2, 1], [4, 1, 3], null],
    [null, null, [5]],
    [null, null, []],
  ]);
  // gradients of 1 move every element by the learning rate times the size of the parameter, which is 1
  for (const param of params) expect(param.mean().itemSync()).toBeCloseTo(0.99, 12);
  expect(String(optimizer)).toContain('eps: [null, 0.001]');
});

test('Muon is for matrices alone', () => {
  const matrix = ones([2, 3], { requiresGrad: true });
  const message = 'Muon only supports 2D parameters whereas we found a parameter with size: [1]';
  expect(() => new Muon([matrix, leaf([1])])).toThrow(message);
  const optimizer = new Muon([matrix]);
  expect(() => optimizer.addParamGroup({ params: leaf([1]) })).toThrow(message);
  expect(optimizer.paramGroups.length).toBe(1);
  expect(() => new Muon([matrix], { nsSteps: 100 })).toThrow(
    'Number of steps must be less than 100 for computational efficiency',
  );
  expect(() => new Muon([matrix], { nsCoefficients: [1, 2] as never })).toThrow(
    'Coefficients must be a tuple of exactly 3 values',
  );
});

test("Muon's direction is nearly orthogonal, whatever the gradient's size", () => {
  const matrix = tensor(
    [
      [1, 2, 3],
      [-1, 5, 2],
    ],
    float64,
  ).requiresGrad_();
  const before = matrix.detach().clone();
  // the coefficients that converge, of Higham's Newton-Schulz iteration
  const optimizer = new Muon([matrix], { lr: 1, weightDecay: 0, nsCoefficients: [1.875, -1.25, 0.375], nsSteps: 30 });
  matrix.grad = tensor(
    [
      [1e-3, 2e-3, -4e-3],
      [3e-3, 0, 1e-3],
    ],
    float64,
  );
  optimizer.step();
  const moved = before.sub(matrix.detach());
  expect(
    moved
      .matmul(moved.t())
      .sub(
        tensor(
          [
            [1, 0],
            [0, 1],
          ],
          float64,
        ),
      )
      .abs()
      .max()
      .itemSync(),
  ).toBeLessThan(1e-9);
});

test('prints its options', () => {
  expect(String(new SGD([leaf([1])], { lr: 0.5 }))).toBe(
    'SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.5\n    maximize: false\n    momentum: 0\n    nesterov: false\n    weightDecay: 0\n)',
  );
});
