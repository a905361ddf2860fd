import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { Linear, ReLU, Sequential } from '@tenfold/nn';
import {
  batchNorm,
  conv2d,
  layerNorm,
  maxPool2d,
  scaledDotProductAttention,
  stack,
  type Tensor,
  zeros,
} from '@tenfold/tensor-core';
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

  it('a CNN', async () => {
    const { state: s, input, close } = await load('cnn');
    const x = conv2d(input, s['0.weight'], s['0.bias'], { padding: 1 });
    const y = batchNorm(x, s['1.running_mean'], s['1.running_var'], { weight: s['1.weight'], bias: s['1.bias'] });
    close(maxPool2d(y.relu(), 2).flatten(1).matmul(s['5.weight'].t()).add(s['5.bias']), 1e-12);
  });

  it('an LSTM', async () => {
    const { state: s, input, close } = await load('lstm');
    const [n, steps] = input.shape;
    let [h, c] = [zeros([n, 5], { dtype: 'float64' }), zeros([n, 5], { dtype: 'float64' })];
    const outputs: Tensor[] = [];
    for (let t = 0; t < steps; t++) {
      const ofInput = input.select(1, t).matmul(s.weight_ih_l0.t()).add(s.bias_ih_l0);
      const [i, f, g, o] = ofInput.add(h.matmul(s.weight_hh_l0.t()).add(s.bias_hh_l0)).chunk(4, 1);
      c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
      h = o.sigmoid().mul(c.tanh());
      outputs.push(h);
    }
    close(stack(outputs, 1), 1e-12);
  });

  it('a transformer layer', async () => {
    const { state: s, input: x, close } = await load('transformer');
    const linear = (y: Tensor, name: string): Tensor => y.matmul(s[`${name}weight`].t()).add(s[`${name}bias`]);
    const norm = (y: Tensor, name: string): Tensor =>
      layerNorm(y, [8], { weight: s[`${name}.weight`], bias: s[`${name}.bias`] });
    const heads = (y: Tensor): Tensor => y.view([2, 4, 2, 4]).transpose(1, 2);
    const [q, k, v] = linear(x, 'self_attn.in_proj_')
      .chunk(3, 2)
      .map((y) => heads(y.contiguous()));
    const attended = scaledDotProductAttention(q, k, v).transpose(1, 2).contiguous().view([2, 4, 8]);
    const first = norm(x.add(linear(attended, 'self_attn.out_proj.')), 'norm1');
    close(norm(first.add(linear(linear(first, 'linear1.').relu(), 'linear2.')), 'norm2'), 1e-12);
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
