import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import {
  BatchNorm2d,
  Conv2d,
  Flatten,
  LayerNorm,
  Linear,
  LSTM,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '@tenfold/nn';
import { type Tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { type DescribedTensor, describedValue, expectedOf, fixture, rounded } from './fixtures.test-support.ts';
import { loadPt } from './index.ts';

const expected = expectedOf('pt.json') as { readonly [name: string]: unknown };
const files = Object.keys(expected).filter((name) => !name.endsWith('outputs'));

type State = { [name: string]: Tensor };

it.each(files)('%s.pt is what PyTorch saved: values, dtypes, shapes, strides, shared memory', async (name) => {
  expect(describedValue(await loadPt(fixture(`${name}.pt`)))).toEqual(rounded(expected[name]));
});

it('tensors that shared memory share it', async () => {
  const { tensors } = (await loadPt(fixture('mixed.pt'))) as { tensors: State };
  tensors.base.fill_(9);
  expect(tensors.row.toArraySync()).toEqual([9, 9, 9, 9]);
  expect(tensors.transposed.isContiguous()).toBe(false);
  tensors.transposed.select(0, 0).fill_(5);
  expect(tensors.base.select(1, 0).toArraySync()).toEqual([5, 5, 5]);
  expect(tensors.grad.requiresGrad && tensors.grad.isLeaf).toBe(true);
});

it('names of Python have no meaning here', async () => {
  const value = (await loadPt(fixture('mixed.pt'))) as { [name: string]: unknown };
  expect(Object.keys(value)).toContain('__proto__');
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

describe('PyTorch’s outputs from PyTorch’s weights:', () => {
  async function load(
    name: string,
  ): Promise<{ state: State; input: Tensor; close: (y: Tensor, tolerance: number) => void }> {
    const state = (await loadPt(fixture(`${name}.pt`))) as State;
    const { input, output } = expected[`${name} outputs`] as {
      [part in 'input' | 'output']: { $tensor: DescribedTensor };
    };
    const tensorOf = ({ $tensor: { shape, dtype, data } }: typeof input): Tensor => {
      const x = zeros(shape, { dtype: dtype as 'float64' });
      return x.add(x.newTensor(data as number[]).view(shape));
    };
    const wanted = tensorOf(output);
    const close = (y: Tensor, tolerance: number): void => {
      expect(y.shape).toEqual(wanted.shape);
      expect(y.sub(wanted).abs().max().itemSync()).toBeLessThan(tolerance);
    };
    return { state, input: tensorOf(input), close };
  }

  it('an MLP', async () => {
    const { state, input, close } = await load('mlp');
    const model = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
    model.loadStateDict(state);
    close(model.forward(input).detach(), 1e-6);
  });

  // each model of @tenfold/nn takes PyTorch's weights under PyTorch's names, and all of them
  const models: { readonly [name: string]: () => Module & { forward(x: Tensor): Tensor | [Tensor, ...unknown[]] } } = {
    cnn: () =>
      new Sequential(
        new Conv2d(1, 4, 3, { padding: 1 }),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Linear(64, 3),
      ),
    lstm: () => new LSTM(3, 5, { batchFirst: true }),
    'lstm-layers': () => new LSTM(3, 4, { numLayers: 2, bidirectional: true, projSize: 2 }),
    transformer: () => new TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }),
    'transformer-encoder': () => {
      const layer = new TransformerEncoderLayer(4, 2, { dimFeedforward: 6, normFirst: true, activation: 'gelu' });
      return new TransformerEncoder(layer, 2, { norm: new LayerNorm(4) });
    },
  };
  it.each(Object.keys(models))('%s', async (name) => {
    const { state, input, close } = await load(name);
    const model = models[name]().double().eval();
    model.loadStateDict(state);
    const output = model.forward(input);
    close((Array.isArray(output) ? output[0] : output).detach(), 1e-12);
  });
});

it('an optimiser’s state has numbers as keys', async () => {
  const saved = (await loadPt(fixture('adam.pt'))) as { state: Map<number, { step: Tensor; exp_avg: Tensor }> };
  expect(saved.state.get(0)?.exp_avg.toArraySync()).toEqual([Math.fround(0.1), Math.fround(0.1)]);
});

it('takes a device, and no option that it does not know', async () => {
  const { tensors } = (await loadPt(fixture('mixed.pt'), { device: 'cpu' })) as { tensors: State };
  expect(tensors.parameter.device).toBe('cpu');
  await expect(loadPt(fixture('mixed.pt'), { mapLocation: 'cpu' } as never)).rejects.toThrow(
    "unknown option 'mapLocation'",
  );
});
