/** What a step of training costs the device: few dispatches, handed over at once, and nothing read but the loss. */
import '@tenfold/backend-cpu/register';
import '@tenfold/autograd';
import { CrossEntropyLoss, Linear, ReLU, Sequential } from '@tenfold/nn';
import { Adam } from '@tenfold/optim';
import { manualSeed, randn, registerBackend, tensor } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { webgpu } from './runtime.ts';

const backend = await webgpu();
registerBackend(backend);

/** Losses of some steps on a device, the same for all devices but for rounding. */
async function train(device: string, steps: number, each: () => void): Promise<number[]> {
  manualSeed(3);
  // drawn on the CPU for both, so that normals agree to the last bit
  const layers = [new Linear(784, 256), new ReLU(), new Linear(256, 128), new ReLU(), new Linear(128, 10)];
  const model = new Sequential(...layers).to(device);
  const x = randn([64, 784]).to(device);
  const y = tensor(
    Array.from({ length: 64 }, (_, i) => i % 10),
    { dtype: 'int64', device },
  );
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  const criterion = new CrossEntropyLoss();
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    const loss = criterion.forward(model.forward(x), y);
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
    each();
  }
  return losses;
}

it('an Adam step of a network of three layers is at most 30 dispatches in 1 submit', async () => {
  const { counters } = backend;
  if (!counters) throw new Error('no adapter');
  const costs: { readonly dispatches: number; readonly submits: number }[] = [];
  let before = { ...counters };
  const losses = await train('webgpu', 5, () => {
    costs.push({ dispatches: counters.dispatches - before.dispatches, submits: counters.submits - before.submits });
    before = { ...counters };
  });
  // the first two make the state of the optimiser and fill the pools
  for (const { dispatches, submits } of costs.slice(2)) {
    expect(dispatches).toBeLessThanOrEqual(30);
    expect(submits).toBe(1);
  }
  const expected = await train('cpu', 5, () => {});
  losses.forEach((loss, i) => expect(Math.abs(loss - expected[i])).toBeLessThan(1e-4));
  expect(losses[4]).toBeLessThan(losses[0]);
});
