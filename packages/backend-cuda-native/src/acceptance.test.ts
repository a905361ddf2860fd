/** Acceptance programs C and D on CUDA: 100 steps of each follow the CPU's to float32 accuracy. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { Function as AutogradFunction, asFunction, type FunctionContext, noGrad } from '@tenfold/autograd';
import { Module, MSELoss, Parameter } from '@tenfold/nn';
import { SGD } from '@tenfold/optim';
import { devices, manualSeed, rand, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';

const cudaTest = test.skipIf(noCuda !== null);

cudaTest(`there is a device${noCuda ? `: ${noCuda}` : ''}`, async () => {
  expect(await devices()).toContainEqual(expect.objectContaining({ name: 'cuda:0', available: true }));
});

/** The largest relative difference of two sequences of losses or values. */
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(Math.abs(x), 1e-6)));

class MyReLU extends AutogradFunction {
  static forward(ctx: FunctionContext, input: Tensor): Tensor {
    ctx.saveForBackward(input);
    return input.clamp(0);
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
    const [input] = ctx.savedTensors;
    const gradInput = gradOutput.clone();
    gradInput.indexPut_([input.lt(0)], 0);
    return gradInput;
  }
}

/** C: the losses of a two-layer net with a custom ReLU. */
async function twoLayers(device: string): Promise<number[]> {
  const relu = asFunction(MyReLU);
  manualSeed(7);
  // drawn on the CPU for both, so that normals agree to the last bit
  const [x, y] = [randn([64, 1000]).to(device), randn([64, 10]).to(device)];
  const w1 = randn([1000, 100]).to(device).requiresGrad_();
  const w2 = randn([100, 10]).to(device).requiresGrad_();
  const losses: number[] = [];
  for (let step = 0; step < 100; step++) {
    const loss = relu(x.mm(w1)).mm(w2).sub(y).pow(2).sum();
    loss.backward();
    noGrad(() => {
      for (const w of [w1, w2]) {
        w.sub_((w.grad as Tensor).mul(1e-6));
        w.grad?.zero_();
      }
    });
    losses.push(await loss.item());
  }
  return losses;
}

cudaTest('C: a custom ReLU in a two-layer net', async () => {
  const onGpu = await twoLayers('cuda');
  expect(onGpu[0]).toBeGreaterThan(1e6);
  expect(onGpu[99]).toBeLessThan(onGpu[0] / 50);
  // 100 steps multiply the roundings of sums of 1,000 products; each step's loss is a sum of 640 squares
  expect(distance(onGpu, await twoLayers('cpu'))).toBeLessThan(1e-4);
});

class LinearF extends AutogradFunction {
  static forward(ctx: FunctionContext, input: Tensor, weight: Tensor, bias: Tensor): Tensor {
    ctx.saveForBackward(input, weight, bias);
    const output = input.mm(weight.t());
    return output.add(bias.unsqueeze(0).expandAs(output));
  }

  static backward(ctx: FunctionContext, grad: Tensor): (Tensor | null)[] {
    const [input, weight] = ctx.savedTensors;
    return [
      ctx.needsInputGrad[0] ? grad.mm(weight) : null,
      ctx.needsInputGrad[1] ? grad.t().mm(input) : null,
      ctx.needsInputGrad[2] ? grad.sum(0) : null,
    ];
  }
}

const linear = asFunction(LinearF);

class MyLinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inFeatures: number, outFeatures: number, device: string) {
    super();
    this.weight = new Parameter(rand([outFeatures, inFeatures]).to(device));
    this.bias = new Parameter(zeros([outFeatures], { device }));
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

/** D: the losses of linear regression, and the model's answer for [[3, 2]]. */
async function regression(device: string): Promise<number[]> {
  manualSeed(1);
  const model = new MyLinear(2, 1, device);
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 });
  const criterion = new MSELoss();
  const slope = tensor([[2], [3]], { device });
  const results: number[] = [];
  for (let step = 0; step < 100; step++) {
    // uniforms are the same bits on every device
    const x = rand([32, 2], { device });
    const loss = criterion.forward(model.forward(x), x.mm(slope).add(4));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    results.push(await loss.item());
  }
  results.push(await model.forward(tensor([[3, 2]], { device })).item());
  return results;
}

cudaTest('D: linear regression with a custom Function', async () => {
  const onGpu = await regression('cuda');
  expect(onGpu[100]).toBeGreaterThan(14);
  expect(onGpu[100]).toBeLessThan(17);
  const onCpu = await regression('cpu');
  // losses near zero are differences of numbers near 8: compared against the first, as those are
  const scale = onCpu[0];
  for (const [i, value] of onGpu.entries()) expect(Math.abs(value - onCpu[i]) / scale).toBeLessThan(1e-6);
});
