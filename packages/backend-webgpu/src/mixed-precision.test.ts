/** Mixed precision where numbers can't be read in between: skipped steps, and a network in float16. */
import '@tenfold/backend-cpu/register';
import { autocast } from '@tenfold/autograd';
import { CrossEntropyLoss, Linear, ReLU, Sequential } from '@tenfold/nn';
import { Adam, GradScaler, SGD } from '@tenfold/optim';
import { ones, randint, randn, registerBackend, type Tensor, tensor } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { webgpu } from './runtime.ts';

const backend = await webgpu();
registerBackend(backend);
const { capabilities } = await backend.open(0);

it('skips the steps that the cpu skips', async () => {
  const run = async (device: string): Promise<number[]> => {
    const params = [0, 1].map(() => ones([3], { device, requiresGrad: true }));
    const optimizers = [new Adam([params[0]], { lr: 0.1, amsgrad: true }), new SGD([params[1]], { momentum: 0.9 })];
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
  const [here, cpu] = [await run('webgpu'), await run('cpu')];
  expect(here.slice(0, 2)).toEqual([8, 4]);
  here.forEach((value, i) => {
    expect(value).toBeCloseTo(cpu[i], 5);
  });
});

it.skipIf(!capabilities.dtypes.includes('float16'))(
  'learns in float16 what it learns in float32, to 5 % of the loss (without the feature shader-f16 there is no float16)',
  async () => {
    const [x, y] = [randn([32, 8]), randint(0, 3, [32])];
    const weights = [randn([16, 8]), randn([16]), randn([3, 16]), randn([3])].map((w) => w.mul(0.3));
    const train = async (half: boolean): Promise<number> => {
      const model = new Sequential(new Linear(8, 16), new ReLU(), new Linear(16, 3)).to('webgpu');
      for (const [i, param] of [...model.parameters()].entries()) param.data = weights[i].to('webgpu');
      const optimizer = new Adam(model.parameters(), { lr: 0.02 });
      const scaler = new GradScaler({ enabled: half });
      const criterion = new CrossEntropyLoss();
      const [input, target] = [x.to('webgpu'), y.to('webgpu')];
      let loss = Number.NaN;
      for (let step = 0; step < 10; step++) {
        optimizer.zeroGrad();
        const output = autocast({ deviceType: 'webgpu', enabled: half }, () => {
          const logits = model.forward(input);
          expect(logits.dtype).toBe(half ? 'float16' : 'float32');
          return criterion.forward(logits, target);
        });
        scaler.scale(output).backward();
        scaler.step(optimizer);
        scaler.update();
        loss = await output.item();
      }
      expect([...model.parameters()].every(({ dtype }) => dtype === 'float32')).toBe(true);
      return loss;
    };
    const [half, full] = [await train(true), await train(false)];
    expect(Math.abs(half - full)).toBeLessThan(0.05 * full);
  },
);
