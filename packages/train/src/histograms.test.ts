/** Histograms against counts made by hand, and numpy's. */
import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { Linear, ReLU, Sequential } from '@tenfold/nn';
import { manualSeed, randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { ActivationHistograms, gradientHistograms, histogramOf, parameterHistograms, readHistograms } from './index.ts';

const read = async (x: Tensor, bins: number) => (await readHistograms({ x: histogramOf(x, { bins }) })).x;

it('counts between the smallest and the largest', async () => {
  // numpy.histogram([1, 2, 2, 3, 5], 4) is [1, 2, 1, 1] over [1, 2, 3, 4, 5]
  expect(await read(tensor([1, 2, 2, 3, 5]), 4)).toEqual({
    counts: [1, 2, 1, 1],
    edges: [1, 2, 3, 4, 5],
    num: 5,
    min: 1,
    max: 5,
    sum: 13,
    sumSquares: 43,
  });
});

it('leaves out what is not finite, and has a range for one value and for none', async () => {
  const odd = await read(tensor([Number.NaN, 1, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY]), 2);
  expect(odd).toEqual({ counts: [1, 1], edges: [1, 2, 3], num: 2, min: 1, max: 3, sum: 4, sumSquares: 10 });
  expect(await read(tensor([2, 2]), 2)).toMatchObject({ counts: [0, 2], edges: [1.5, 2, 2.5], min: 2, max: 2 });
  expect(await read(tensor([Number.NaN]), 2)).toMatchObject({ counts: [0, 0], edges: [-0.5, 0, 0.5], num: 0 });
  expect(await read(tensor([]), 2)).toMatchObject({ counts: [0, 0], edges: [-0.5, 0, 0.5], num: 0 });
  expect(() => histogramOf(tensor([1]), { bins: 0 })).toThrow('expected `bins` to be an integer of at least 1');
  expect(() => histogramOf([1] as never)).toThrow('histogramOf: values must be a tensor, got an array of 1');
});

it('of gradients, parameters and activations of a model', async () => {
  manualSeed(0);
  const model = new Sequential(new Linear(3, 4), new ReLU(), new Linear(4, 2, { bias: false }));
  expect(gradientHistograms(model)).toEqual({});
  using activations = new ActivationHistograms(model, { bins: 8 });
  const output = model.forward(randn([5, 3]));
  output.sum().backward();

  const gradients = await readHistograms(gradientHistograms(model, { bins: 8 }));
  expect(Object.keys(gradients)).toEqual(['0.weight', '0.bias', '2.weight']);
  expect(gradients['0.weight'].num).toBe(12);
  const grad = (await model.namedParameters()[0][1].grad!.flatten().toArray()) as number[];
  expect(gradients['0.weight'].max).toBe(Math.max(...grad));
  expect(gradients['0.weight'].min).toBe(Math.min(...grad));
  expect(Object.keys(parameterHistograms(model))).toEqual(['0.weight', '0.bias', '2.weight']);

  const seen = await readHistograms(activations.take());
  expect(Object.entries(seen).map(([name, { num }]) => [name, num])).toEqual([
    ['0', 20],
    ['1', 20],
    ['2', 10],
  ]);
  expect(seen[1].min).toBe(0);
  expect(seen[2].sum).toBeCloseTo(await output.sum().item(), 5);
  expect(activations.take()).toEqual({});

  activations.remove();
  model.forward(randn([5, 3]));
  expect(activations.take()).toEqual({});
});
