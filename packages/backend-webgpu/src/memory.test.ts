/** GPU memory: what is freed is used again, however it is freed, and a long run holds no more than a short one. */
import { Linear } from '@tenfold/nn';
import { SGD } from '@tenfold/optim';
import { memory, ones, rand, registerBackend, type Tensor, tidy } from '@tenfold/tensor-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WebGpuBackend, webgpu } from './runtime.ts';

const device = 'webgpu';
const MiB = 2 ** 20;
let backend: WebGpuBackend;

beforeAll(async () => {
  backend = await webgpu();
  registerBackend(backend);
});
afterAll(() => backend.destroy());

/** What core counts, and what lies behind it. */
const held = () => {
  const { bytes, buffers } = memory().webgpu;
  return { bytes, buffers, ...backend.bufferBytes() };
};

it('counts what tensors hold, and gives it back by dispose, using and tidy', async () => {
  ones([1], { device }).dispose();
  const before = held();
  const x = ones([MiB], { device });
  expect(held().bytes).toBe(before.bytes + 4 * MiB);
  expect(held().buffers).toBe(before.buffers + 1);
  expect(held().used).toBe(before.used + 4 * MiB);
  x.dispose();
  expect(held()).toMatchObject({ bytes: before.bytes, buffers: before.buffers, used: before.used });
  {
    using y = ones([MiB], { device });
    // the memory of the tensor before
    expect(held().used + held().free).toBe(before.used + before.free + 4 * MiB);
    expect(y.shape).toEqual([MiB]);
  }
  expect(held().bytes).toBe(before.bytes);
  const sum = tidy(() => ones([MiB], { device }).add(1).mul(3).sum());
  expect(held().bytes).toBe(before.bytes + 4);
  expect(await sum.item()).toBe(6 * MiB);
  sum.dispose();
  expect(held()).toMatchObject({ bytes: before.bytes, buffers: before.buffers, used: before.used });
});

it('uses freed memory again while commands that used it wait', async () => {
  const { used, free } = held();
  const results: Tensor[] = [];
  for (let i = 0; i < 30; i++) {
    using x = ones([MiB], { device });
    x.mul_(i);
    using few = x.slice(0, 0, 4);
    results.push(few.sum());
  }
  // thirty tensors in one buffer's memory
  expect(held().used + held().free - used - free).toBeLessThan(5 * MiB);
  for (const [i, result] of results.entries()) expect(await result.item()).toBe(4 * i);
});

it('lets the garbage collector free what is dropped', async () => {
  const before = held();
  let most = 0;
  for (let i = 0; i < 100; i++) {
    const x = ones([MiB / 4], { device });
    expect(await x.slice(0, 0, 4).sum().item()).toBe(4);
    most = Math.max(most, held().used - before.used);
  }
  // 100 MiB went by
  expect(most).toBeLessThan(70 * MiB);
});

it('20,000 steps of training that each await the loss', { timeout: 600_000 }, async () => {
  const model = new Linear(2, 1, { device });
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const x = rand([32, 2], { device });
  const y = x.sum(1, { keepdim: true });
  const before = held();
  const { submits } = backend.counters as { submits: number };
  let [first, last] = [Number.NaN, Number.NaN];
  let mostBytes = 0;
  let mostPooled = 0;
  const steps = 20_000;
  for (let step = 0; step < steps; step++) {
    const loss = model.forward(x).sub(y).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    last = await loss.item();
    if (step === 0) first = last;
    const { bytes, used, free } = held();
    mostBytes = Math.max(mostBytes, bytes - before.bytes);
    mostPooled = Math.max(mostPooled, used + free - before.used - before.free);
  }
  expect(last).toBeLessThan(first / 100);
  // a step makes some KiB; what waits for the collector is bounded by what it is told of: 8 MiB
  expect(mostBytes).toBeLessThan(16 * MiB);
  expect(mostPooled).toBeLessThan(32 * MiB);
  // one submit a step
  expect((backend.counters as { submits: number }).submits - submits).toBe(steps);
});
