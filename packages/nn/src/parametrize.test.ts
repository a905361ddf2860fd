import '@tenfold/backend-cpu/register';
import { type DType, eye, linalg, manualSeed, ones, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import fixture from '../fixtures/tools.json' with { type: 'json' };
import { deepcopy, Identity, Linear, Module, Parameter, Sequential, utils } from './index.ts';

interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly number[];
}
interface Tensors {
  readonly [name: string]: TensorData | undefined;
}

const tensorOf = ({ shape, data, dtype }: TensorData): Tensor =>
  tensor([...data], { dtype: 'float64' })
    .view([...shape])
    .to(dtype as DType);
const states = (tensors: Tensors): { [name: string]: Tensor } =>
  Object.fromEntries(Object.entries(tensors).map(([name, data]) => [name, tensorOf(data as TensorData)]));
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

function expectClose(what: string, actual: Tensor | null | undefined, expected: TensorData): void {
  if (!actual) throw new Error(`${what}: nothing came`);
  expect([what, actual.dtype, ...actual.shape]).toEqual([what, expected.dtype, ...expected.shape]);
  const values = numbers(actual);
  expected.data.forEach((wanted, i) => {
    expect(Math.abs(values[i] - wanted), `${what}[${i}]`).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(wanted)));
  });
}

type Make = (module: Linear, ...more: unknown[]) => Linear & utils.Parametrized;

describe('as PyTorch', () => {
  const samples = fixture.parametrized.map(
    (sample) =>
      [`${sample.parametrization} ${sample.sizes} ${sample.args} ${JSON.stringify(sample.options)}`, sample] as const,
  );
  test.each(samples)('%s', (_, sample) => {
    const made = new Linear(sample.sizes[1], sample.sizes[0], { dtype: 'float64' });
    made.loadStateDict(states(sample.linear));
    const name = sample.args[0] ?? 'weight';
    const before = numbers(Reflect.get(made, name) as Tensor);
    const make = Reflect.get(utils, sample.parametrization) as Make;
    const layer = make(made, name, sample.options);
    expect(String(layer)).toBe(sample.text);
    expect(Object.entries(layer.stateDict()).map(([key, { shape }]) => [key, ...shape])).toEqual(
      Object.entries(sample.state).map(([key, data]) => [key, ...(data as TensorData).shape]),
    );
    // a weight that was split is as it was
    if (sample.parametrization === 'weightNorm')
      numbers(Reflect.get(layer, name) as Tensor).forEach((value, i) => {
        expect(value).toBeCloseTo(before[i], 14);
      });

    layer.loadStateDict(states(sample.state));
    for (const { train, output, grads, buffers } of sample.passes) {
      layer.train(train).zeroGrad();
      const result = layer.forward(tensorOf(sample.input));
      expectClose('output', result, output);
      result.square().sum().backward();
      const parameters = new Map(layer.namedParameters());
      expect([...parameters.keys()]).toEqual(Object.keys(grads));
      for (const [key, data] of Object.entries(grads as Tensors))
        expectClose(`gradient of ${key}`, parameters.get(key)?.grad, data as TensorData);
      const own = new Map(layer.namedBuffers());
      for (const [key, data] of Object.entries(buffers as Tensors)) expectClose(key, own.get(key), data as TensorData);
    }
  });

  const refusals = Object.fromEntries(fixture.refusals) as { [name: string]: string };
  const make = (): Linear => new Linear(3, 4);
  const runs: { readonly [name: string]: () => unknown } = {
    noTensor: () => utils.registerParametrization(make(), 'nothing', new Identity()),
    noWeight: () => utils.spectralNorm(make(), 'nothing'),
    notRemoved: () => utils.removeParametrizations(make(), 'weight'),
    leave: () => utils.removeParametrizations(utils.weightNorm(make()), 'weight', { leaveParametrized: false }),
    dim: () => utils.spectralNorm(make(), 'weight', { dim: 2 }),
    vector: () => utils.orthogonal(make(), 'bias'),
    assign: () => Reflect.set(utils.registerParametrization(make(), 'weight', new Identity()), 'weight', ones([4, 3])),
  };
  test.each(Object.entries(runs))('refuses: %s', (name, run) => {
    const sentence = refusals[name]
      .replace('leave_parametrized=False', 'leaveParametrized: false')
      .replace('right_inverse', 'rightInverse');
    expect(run).toThrow(sentence);
  });
});

class Symmetric extends Module {
  forward(x: Tensor): Tensor {
    return x.triu().add(x.triu(1).t());
  }

  rightInverse(x: Tensor): Tensor {
    return x.triu();
  }
}

class Doubled extends Module {
  calls = 0;

  forward(x: Tensor): Tensor {
    this.calls++;
    return x.mul(2);
  }

  rightInverse(x: Tensor): Tensor {
    return x.div(2);
  }
}

describe('a parametrisation of its own', () => {
  const symmetric = (): Linear & utils.Parametrized =>
    utils.registerParametrization(new Linear(3, 3), 'weight', new Symmetric());

  test('keeps the parameter, and is computed at each use', () => {
    const layer = new Linear(3, 3);
    const { weight } = layer;
    expect(utils.isParametrized(layer)).toBe(false);
    const made = utils.registerParametrization(layer, 'weight', new Symmetric());
    expect(made).toBe(layer);
    expect([
      utils.isParametrized(layer),
      utils.isParametrized(layer, 'weight'),
      utils.isParametrized(layer, 'bias'),
    ]).toEqual([true, true, false]);
    expect(made.parametrizations.get('weight')).toHaveProperty('original', weight);
    expect(made.namedParameters().map(([name]) => name)).toEqual(['bias', 'parametrizations.weight.original']);
    expect(numbers(made.weight)).toEqual(numbers(made.weight.t()));
    expect(made.weight).not.toBe(made.weight);
    expect(utils.typeBeforeParametrizations(made)).toBe(Linear);
    expect(made).toBeInstanceOf(Linear);
    made
      .forward(ones([1, 3]))
      .sum()
      .backward();
    expect(numbers(weight.grad as Tensor)).toEqual([1, 2, 2, 0, 1, 2, 0, 0, 1]);
  });

  test('can be assigned, put on top, and removed', () => {
    const layer = symmetric();
    const doubled = new Doubled();
    utils.registerParametrization(layer, 'weight', doubled);
    const wanted = tensor([
      [1, 2, 3],
      [2, 4, 5],
      [3, 5, 6],
    ]);
    Reflect.set(layer, 'weight', wanted);
    expect(layer.weight.toArraySync()).toEqual(wanted.toArraySync());
    const original = layer.stateDict()['parametrizations.weight.original'];
    expect(original.toArraySync()).toEqual([
      [0.5, 1, 1.5],
      [0, 2, 2.5],
      [0, 0, 3],
    ]);
    const [kept] = layer.parameters().slice(-1);
    utils.removeParametrizations(layer, 'weight');
    expect(layer.weight).toBe(kept);
    expect([String(layer), utils.isParametrized(layer), layer.weight.isLeaf]).toEqual([
      'Linear(in_features=3, out_features=3, bias=True)',
      false,
      true,
    ]);
    expect(layer.weight.toArraySync()).toEqual(wanted.toArraySync());
    expect(layer.namedParameters().map(([name]) => name)).toEqual(['bias', 'weight']);
  });

  test('leaves the original ones, or of several makes a new one', () => {
    const layer = symmetric();
    const original = numbers(layer.stateDict()['parametrizations.weight.original']);
    utils.removeParametrizations(layer, 'weight', { leaveParametrized: false });
    expect(numbers(layer.weight)).toEqual(original);
    const split = utils.weightNorm(utils.weightNorm(new Linear(2, 2)), 'bias');
    const [weight, bias] = [numbers(split.weight), numbers(split.bias as Tensor)];
    utils.removeParametrizations(split, 'weight');
    expect(split.weight).toBeInstanceOf(Parameter);
    expect([numbers(split.weight), numbers(split.bias as Tensor)]).toEqual([weight, bias]);
    expect(String(split)).toContain('ParametrizedLinear(');
    utils.removeParametrizations(split, 'bias');
    expect(String(split)).toBe('Linear(in_features=2, out_features=2, bias=True)');
  });

  test('a copy has parametrisations of its own', () => {
    const model = new Sequential(symmetric());
    const copy = deepcopy(model);
    const [layer, copied] = [model[0], copy[0]] as Linear[];
    expect(String(copy)).toBe(String(model));
    expect(numbers(copied.weight)).toEqual(numbers(layer.weight));
    utils.removeParametrizations(copied, 'weight');
    copied.weight.detach().zero_();
    expect([utils.isParametrized(layer), numbers(layer.weight).some((value) => value !== 0)]).toEqual([true, true]);
  });

  test('follows the module to another dtype', () => {
    expect(symmetric().double().weight.dtype).toBe('float64');
  });

  test('cached() computes once, until a promise is settled', async () => {
    const doubled = new Doubled();
    const layer = utils.registerParametrization(new Linear(1, 1), 'weight', doubled);
    const { calls } = doubled;
    const twice = (): Tensor => layer.forward(layer.forward(ones([1, 1])));
    utils.cached(twice);
    expect(doubled.calls - calls).toBe(1);
    twice();
    expect(doubled.calls - calls).toBe(3);
    await utils.cached(async () => {
      twice();
      await Promise.resolve();
      twice();
    });
    expect(doubled.calls - calls).toBe(4);
    expect(() =>
      utils.cached(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    twice();
    expect(doubled.calls - calls).toBe(6);
  });

  test('a buffer stays a buffer', () => {
    const module = new Identity();
    module.registerBuffer('mean', ones([2]));
    utils.registerParametrization(module, 'mean', new Doubled());
    expect([module.buffers().length, module.parameters().length]).toEqual([1, 0]);
    expect(numbers(Reflect.get(module, 'mean') as Tensor)).toEqual([1, 1]);
  });
});

describe('refused', () => {
  const of = (forward: (x: Tensor) => unknown, rightInverse?: (x: Tensor) => unknown): utils.Parametrization => {
    class Odd extends Identity {
      override forward = forward as never;
    }
    return Object.assign(new Odd(), rightInverse ? { rightInverse } : {}) as never;
  };
  const on = (parametrization: utils.Parametrization, name = 'weight') =>
    utils.registerParametrization(new Linear(2, 2), name, parametrization);
  const onTop = (parametrization: utils.Parametrization) =>
    utils.registerParametrization(on(new Identity() as never), 'weight', parametrization);
  test.each<[string, () => unknown, string]>([
    [
      'no module',
      () => utils.registerParametrization(3 as never, 'weight', new Symmetric()),
      'expected a module, got number 3',
    ],
    ['no parametrisation', () => on(3 as never), 'a parametrization must be a module, got number 3'],
    ['no tensor', () => on(of(() => 3)), 'A parametrization must return a tensor. Got number 3.'],
    ['another shape', () => on(of((x) => x.sum(0))), 'may not change the shape of the tensor'],
    ['another dtype', () => on(of((x) => x.to('float64'))), 'may not change the dtype of the tensor'],
    [
      'an inverse of another dtype',
      () =>
        on(
          of(
            (x) => x,
            (x) => x.to('float64'),
          ),
        ),
      'it may not change the dtype.\noriginal.dtype: float32\nrightInverse(original).dtype: float64',
    ],
    [
      'an inverse that is no tensor',
      () =>
        on(
          of(
            (x) => x,
            () => 3,
          ),
        ),
      "'rightInverse' must return a Tensor or an array of tensors. Got number 3.",
    ],
    [
      'an inverse with a number',
      () =>
        on(
          of(
            (x) => x,
            () => [3],
          ),
        ),
      'Got element 0 of the array: number 3.',
    ],
    ['another shape on top', () => onTop(of((x) => x.sum(0))), 'may not change the shape of the tensor'],
    [
      'an inverse of another shape on top',
      () =>
        onTop(
          of(
            (x) => x,
            (x) => x.sum(0),
          ),
        ),
      'must have the same shape as module.weight',
    ],
    [
      'a length for a dim that is not there',
      () => utils.weightNorm(new Linear(2, 2), 'weight', { dim: 2 }),
      'Dimension out of range (expected to be in range of [-2, 1] but got 2)',
    ],
    [
      'no steps',
      () => utils.spectralNorm(new Linear(2, 2), 'weight', { nPowerIterations: 0 }),
      'Expected nPowerIterations to be positive, but got nPowerIterations=0',
    ],
    [
      'an unknown map',
      () => utils.orthogonal(new Linear(2, 2), 'weight', { orthogonalMap: 'qr' as never }),
      'orthogonalMap has to be one of "matrix_exp", "cayley", "householder". Got: qr',
    ],
    [
      'an assignment that a map has not',
      () =>
        Reflect.set(utils.orthogonal(new Linear(2, 2), 'weight', { useTrivialization: false }), 'weight', ones([2, 2])),
      'It is not possible to assign to the matrix_exp parametrization',
    ],
    [
      'an assignment of another shape',
      () => Reflect.set(utils.orthogonal(new Linear(2, 2)), 'weight', ones([3, 2])),
      'Expected a matrix or batch of matrices of shape [2, 2]. Got a tensor of shape [3, 2].',
    ],
    [
      'an unknown option',
      () => utils.spectralNorm(new Linear(2, 2), 'weight', { iterations: 1 } as never),
      "unknown option 'iterations'",
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });

  test('unsafe takes another shape', () => {
    const layer = utils.registerParametrization(
      new Linear(2, 2),
      'weight',
      of((x) => x.sum(0)),
      { unsafe: true },
    );
    expect(layer.weight.shape).toEqual([2]);
  });
});

describe('what they promise', () => {
  test('spectralNorm brings the norm to 1, and stands still in evaluation mode', () => {
    manualSeed(3);
    const layer = utils.spectralNorm(new Linear(6, 4));
    for (let i = 0; i < 30; i++) layer.forward(zeros([1, 6]));
    layer.eval();
    const before = numbers(layer.stateDict()['parametrizations.weight.0._u']);
    expect(linalg.matrixNorm(layer.weight, 2).itemSync()).toBeCloseTo(1, 4);
    layer.forward(zeros([1, 6]));
    expect(numbers(layer.stateDict()['parametrizations.weight.0._u'])).toEqual(before);
    // two passes before one backward
    layer.train();
    layer
      .forward(ones([1, 6]))
      .sub(layer.forward(ones([1, 6])))
      .sum()
      .backward();
    expect(layer.parameters().every(({ grad }) => grad !== null)).toBe(true);
  });

  test.each([[[3, 3]], [[5, 3]], [[3, 5]]])('orthogonal %j stays so when it is trained', ([rows, columns]) => {
    const layer = utils.orthogonal(new Linear(columns, rows, { dtype: 'float64' }));
    const start = layer.weight;
    const [original] = layer.parameters().slice(-1);
    // of reflections the diagonal says nothing but a sign
    const [changed, diagonal] = [
      randn([rows, columns], { dtype: 'float64' }),
      eye(rows, columns, { dtype: 'float64' }),
    ];
    original.detach().add_(changed.mul(diagonal.neg().add(1)));
    const W = layer.weight;
    expect(numbers(W)).not.toEqual(numbers(start));
    const product = rows < columns ? W.matmul(W.t()) : W.t().matmul(W);
    const size = Math.min(rows, columns);
    numbers(product).forEach((value, i) => {
      expect(Math.abs(value - (i % (size + 1) === 0 ? 1 : 0))).toBeLessThan(1e-13);
    });
    expect([start.requiresGrad, layer.weight.requiresGrad]).toEqual([true, true]);
  });
});
