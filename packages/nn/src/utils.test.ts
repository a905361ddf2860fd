import '@tenfold/backend-cpu/register';
import { type DType, manualSeed, onesLike, randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import fixture from '../fixtures/tools.json' with { type: 'json' };
import { Linear, Parameter, Sequential, Tanh, utils } from './index.ts';
import { clipGradNorm_ } from './utils.ts';

interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly (number | string)[];
}

const special: { readonly [name: string]: number } = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};
const numberOf = (value: number | string): number => (typeof value === 'string' ? special[value] : value);
const tensorOf = ({ shape, dtype, data }: TensorData): Tensor =>
  tensor(data.map(numberOf), { dtype: 'float64' })
    .view([...shape])
    .to(dtype as DType);
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

function expectClose(actual: Tensor | null, expected: TensorData): void {
  if (actual === null) throw new Error('nothing came');
  expect([actual.dtype, ...actual.shape]).toEqual([expected.dtype, ...expected.shape]);
  const tolerance = expected.dtype === 'float64' ? 1e-12 : 1e-6;
  const values = numbers(actual);
  expected.data.map(numberOf).forEach((wanted, i) => {
    if (!Object.is(values[i], wanted) && !(Math.abs(values[i] - wanted) <= tolerance * Math.max(1, Math.abs(wanted))))
      expect.fail(`[${i}] is ${values[i]}, not ${wanted}`);
  });
}

/** A parameter with this gradient. */
function withGrad(grad: Tensor): Parameter {
  const parameter = new Parameter(onesLike(grad));
  parameter.grad = grad;
  return parameter;
}

describe('clipping', () => {
  test.each(fixture.clipNorms.map((sample) => [`norm ${sample.normType} to ${sample.maxNorm}`, sample] as const))(
    '%s, as PyTorch',
    async (_, { grads, maxNorm, normType, total, after }) => {
      const options = { normType: numberOf(normType) };
      const limit = numberOf(maxNorm);
      const parameters = grads.map((data) => withGrad(tensorOf(data)));
      expectClose(utils.getTotalNorm(grads.map(tensorOf), options), total);
      expectClose(clipGradNorm_([...parameters, new Parameter(randn([2]))], limit, options), total);
      parameters.forEach(({ grad }, i) => {
        expectClose(grad, after[i]);
      });

      const others = grads.map((data) => withGrad(tensorOf(data)));
      expectClose(await utils.clipGradNormAsync_(others, limit, options), total);
      expect(others.map(({ grad }) => numbers(grad as Tensor))).toEqual(
        parameters.map(({ grad }) => numbers(grad as Tensor)),
      );
    },
  );

  test.each(fixture.clipValues)('values to $clipValue, as PyTorch', ({ clipValue, grad, after }) => {
    const parameter = withGrad(tensorOf(grad));
    utils.clipGradValue_(parameter, numberOf(clipValue));
    expectClose(parameter.grad, after);
  });

  test('takes one parameter, gradients of two dtypes, none at all, and elements of none', () => {
    const one = withGrad(tensor([3, 4]));
    expect(utils.clipGradNorm_(one, 1).itemSync()).toBe(5);
    expect(Math.hypot(...numbers(one.grad as Tensor))).toBeCloseTo(1, 5);

    const mixed = [withGrad(tensor([3])), withGrad(tensor([4], { dtype: 'float64' }))];
    expect(utils.clipGradNorm_(mixed, 1).itemSync()).toBe(5);
    expect(mixed.map(({ grad }) => [grad?.dtype, Number(grad?.itemSync().toFixed(5))])).toEqual([
      ['float32', 0.6],
      ['float64', 0.8],
    ]);

    expect(utils.clipGradNorm_([new Parameter(randn([2]))], 1).itemSync()).toBe(0);
    expect(utils.clipGradNorm_([], 1).itemSync()).toBe(0);
    utils.clipGradValue_([], 1);
    const none = [withGrad(randn([0, 3])), withGrad(tensor([-3, 2]))];
    expect(utils.clipGradNorm_(none, 1, { normType: Number.POSITIVE_INFINITY }).itemSync()).toBe(3);
  });

  test('gradients keep their place, and nothing is recorded', () => {
    const parameter = new Parameter(tensor([1, 2]));
    parameter.square().sum().backward(undefined, { createGraph: true });
    const { grad } = parameter;
    const norm = utils.clipGradNorm_([parameter], 1);
    expect(parameter.grad).toBe(grad);
    expect([norm.requiresGrad, norm.gradFn]).toEqual([false, null]);
  });

  test('a norm that is not finite, if asked for', async () => {
    const sentence = (order: string): string =>
      `The total norm of order ${order} for gradients from \`parameters\` is non-finite, so it cannot be clipped.`;
    const parameter = withGrad(tensor([1, Number.NaN]));
    const strict = { errorIfNonfinite: true };
    expect(() => utils.clipGradNorm_([parameter], 1, strict)).toThrow(sentence('2.0'));
    expect(() => utils.clipGradNorm_([parameter], 1, { ...strict, normType: Number.POSITIVE_INFINITY })).toThrow(
      sentence('inf'),
    );
    expect(() => utils.getTotalNorm([parameter.grad as Tensor], { ...strict, normType: 0.5 })).toThrow(sentence('0.5'));
    await expect(utils.clipGradNormAsync_([parameter], 1, strict)).rejects.toThrow(sentence('2.0'));
    expect(numbers(parameter.grad as Tensor)).toEqual([1, Number.NaN]);
    expect(utils.clipGradNorm_([withGrad(tensor([3, 4]))], 1, strict).itemSync()).toBe(5);
  });

  const parameter = withGrad(tensor([1]));
  test.each<[string, () => unknown, string]>([
    ['a negative norm', () => utils.clipGradNorm_([parameter], -1), 'maxNorm must be a number from 0, got number -1'],
    ['no norm', () => utils.clipGradNorm_([parameter], Number.NaN), 'maxNorm must be a number from 0, got number NaN'],
    [
      'a norm as text',
      () => utils.clipGradNorm_([parameter], '1' as never),
      "maxNorm must be a number from 0, got string '1'",
    ],
    [
      'an order as text',
      () => utils.clipGradNorm_([parameter], 1, { normType: 'inf' as never }),
      'normType must be a number or Infinity',
    ],
    [
      'a flag that is none',
      () => utils.clipGradNorm_([parameter], 1, { errorIfNonfinite: 1 as never }),
      'errorIfNonfinite must be true or false',
    ],
    ['an unknown option', () => utils.clipGradNorm_([parameter], 1, { norm: 2 } as never), "unknown option 'norm'"],
    [
      'a module',
      () => utils.clipGradNorm_(new Linear(1, 1) as never, 1),
      'expected parameters such as model.parameters(), got an object (Linear)',
    ],
    ['no tensors', () => utils.clipGradValue_([3] as never, 1), 'expected a list of tensors, but one is number 3'],
    ['a negative value', () => utils.clipGradValue_([parameter], -1), 'clipValue must be a number from 0'],
    [
      'a number for the norm',
      () => utils.clipGradsWithNorm_([parameter], 1, 5 as never),
      'totalNorm must be a tensor, got number 5',
    ],
    ['integers', () => utils.getTotalNorm([tensor([1]).to('int64')]), 'Expected a floating point'],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(message);
    expect((parameter.grad as Tensor).itemSync()).toBe(1);
  });
});

describe('parameters and vectors', () => {
  const model = (): Sequential => new Sequential(new Linear(2, 3), new Tanh(), new Linear(3, 1));

  test('there and back', () => {
    manualSeed(1);
    const [from, to] = [model(), model()];
    const vector = utils.parametersToVector(from.parameters());
    expect(vector.shape).toEqual([13]);
    expect(numbers(vector)).toEqual(from.parameters().flatMap(numbers));
    const [first] = to.parameters();
    utils.vectorToParameters(vector, to.parameters());
    expect(to.parameters()[0]).toBe(first);
    expect(to.parameters().flatMap(numbers)).toEqual(numbers(vector));
    expect(to.parameters().every((each) => each.isLeaf && each.requiresGrad)).toBe(true);
    vector.detach().zero_();
    expect(to.parameters().flatMap(numbers)).not.toContain(0);
  });

  test('gradients flow to the parameters', () => {
    const { parameters } = { parameters: model().parameters() };
    utils.parametersToVector(parameters).mul(2).sum().backward();
    for (const { grad } of parameters) expect(new Set(numbers(grad as Tensor))).toEqual(new Set([2]));
  });

  test.each<[string, () => unknown, string]>([
    [
      'a short vector',
      () => utils.vectorToParameters(randn([12]), model().parameters()),
      'expected a vector [13] for 4 parameters, got shape [12]',
    ],
    ['a matrix', () => utils.vectorToParameters(randn([13, 1]), model().parameters()), 'got shape [13, 1]'],
    [
      'no tensor',
      () => utils.vectorToParameters([1] as never, model().parameters()),
      'expected torch.Tensor, but got: an array of 1',
    ],
    ['no parameters', () => utils.parametersToVector([]), 'there are no parameters'],
    [
      'one parameter',
      () => utils.parametersToVector(randn([2]) as never),
      'expected parameters such as model.parameters()',
    ],
    ['numbers', () => utils.parametersToVector([1] as never), 'expected torch.Tensor, but got: number 1'],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
