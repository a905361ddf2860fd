/** Streams, events, graphs and memory on the device, against plain calls. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { Linear, MSELoss, ReLU, Sequential } from '@tenfold/nn';
import { SGD } from '@tenfold/optim';
import { DeviceError, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { CudaEvent, CudaGraph, CudaStream, cudaMemory, currentStream, emptyCache, withStream } from './index.ts';
import { noCuda } from './no-cuda.test-support.ts';

const device = 'cuda';
const ramp = (rows: number, columns: number): Tensor =>
  tensor(
    Array.from({ length: rows * columns }, (_, i) => (i % 17) - 8),
    { dtype: 'float32', device },
  ).reshape([rows, columns]);

describe.skipIf(noCuda !== null)('streams', () => {
  it('queue beside each other, and wait for each other where they are told', async () => {
    const x = ramp(64, 64);
    const expected = await x.mul(3).add(1).sum().item();
    const side = new CudaStream();
    side.waitStream(currentStream());
    const y = withStream(side, () => {
      expect(currentStream()).toBe(side);
      return x.mul(3);
    });
    expect(currentStream()).not.toBe(side);
    currentStream().waitStream(side);
    expect(await y.add(1).sum().item()).toBe(expected);
    side.synchronize();
    side.destroy();
    expect(() => side.synchronize()).toThrow('was destroyed');
  });

  it('see constants that another stream was first to need', async () => {
    const side = new CudaStream();
    const x = ramp(8, 8);
    side.waitStream(currentStream());
    const there = withStream(side, () => x.mul(5).sub(2).tanh());
    const here = x.mul(5).sub(2).tanh();
    currentStream().waitStream(side);
    expect(await there.toArray()).toEqual(await here.toArray());
  });

  it('come back to the stream before, also after an error', () => {
    const before = currentStream();
    const side = new CudaStream({ device: 'cuda:0' });
    expect(() =>
      withStream(side, () => {
        expect(() => side.destroy()).toThrow('current');
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(() => withStream(side, async () => {})).toThrow('must not be async');
    expect(currentStream()).toBe(before);
  });

  it('belong to CUDA devices that are there', () => {
    expect(() => new CudaStream({ device: 'cpu' })).toThrow(DeviceError);
    expect(() => new CudaStream({ device: 'cpu' })).toThrow("got 'cpu'");
    expect(() => new CudaStream({ device: 'cuda:7' })).toThrow('there is no device 7');
    expect(() => new CudaEvent({ devise: 'cuda' } as object)).toThrow("unknown option 'devise'");
  });
});

describe.skipIf(noCuda !== null)('events', () => {
  it('happen in order, and take the time', () => {
    const [start, end] = [new CudaEvent(), new CudaEvent()];
    expect(() => start.elapsedTime(end)).toThrow('the first event was not recorded');
    start.record();
    const x = ramp(128, 128);
    x.mm(x);
    end.record();
    end.synchronize();
    expect([start.query(), end.query()]).toEqual([true, true]);
    const milliseconds = start.elapsedTime(end);
    expect(milliseconds).toBeGreaterThan(0);
    expect(milliseconds).toBeLessThan(60_000);
    start.destroy();
    expect(() => start.query()).toThrow('was destroyed');
  });
});

describe.skipIf(noCuda !== null)('graphs', () => {
  it('compute anew what was captured', async () => {
    const [x, w] = [ramp(8, 16), ramp(16, 4)];
    const run = (): Tensor => x.mm(w).relu().add(1);
    run();
    const graph = new CudaGraph();
    const y = graph.capture(run);
    for (const factor of [1, -2, 0.5]) {
      x.copy_(ramp(8, 16).mul(factor));
      graph.replay();
      expect(await y.toArray()).toEqual(await run().toArray());
    }
    graph.reset();
    expect(await y.sum().item()).toBe(await run().sum().item());
    expect(() => graph.replay()).toThrow('nothing was captured');
  });

  it('run nothing while they are captured, and keep what a function throws', async () => {
    const x = zeros([4], { device });
    x.add_(1);
    const graph = new CudaGraph();
    graph.capture(() => x.add_(1));
    expect(await x.toArray()).toEqual([1, 1, 1, 1]);
    expect(() => graph.capture(() => {})).toThrow('it holds a capture');
    graph.replay();
    graph.replay();
    expect(await x.toArray()).toEqual([3, 3, 3, 3]);
    const other = new CudaGraph();
    expect(() => other.capture(() => x.sum().itemSync())).toThrow('while a graph is being captured');
    expect(() => other.capture(async () => {})).toThrow('must not be async');
    other.capture(() => x.mul_(2));
    other.replay();
    expect(await x.toArray()).toEqual([6, 6, 6, 6]);
  });

  it('report the faults of each replay', async () => {
    const x = ramp(4, 4);
    const at = tensor([0, 3], { dtype: 'int64', device });
    x.indexSelect(0, at);
    const graph = new CudaGraph();
    const y = graph.capture(() => x.indexSelect(0, at));
    graph.replay();
    expect(await y.toArray()).toEqual(await x.indexSelect(0, at).toArray());
    at.fill_(4);
    graph.replay();
    await expect(y.toArray()).rejects.toThrow('index 4 is out of bounds');
    at.fill_(1);
    graph.replay();
    expect(await y.select(0, 1).toArray()).toEqual(await x.select(0, 1).toArray());
  });

  it('train as calls one by one do', async () => {
    const inputs = Array.from({ length: 6 }, (_, i) =>
      ramp(12, 8)
        .mul(0.1)
        .add(i * 0.01),
    );
    const targets = inputs.map((x) => x.sum(1, { keepdim: true }).tanh());
    const start = () => {
      const model = new Sequential(new Linear(8, 16), new ReLU(), new Linear(16, 1)).to(device);
      const optimizer = new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
      const [x, target] = [inputs[0].clone(), targets[0].clone()];
      const loss = new MSELoss();
      const step = (): Tensor => {
        optimizer.zeroGrad({ setToNone: false });
        const value = loss.forward(model.forward(x), target);
        value.backward();
        optimizer.step();
        return value.detach();
      };
      return { model, x, target, step };
    };
    const [plain, captured] = [start(), start()];
    captured.model.loadStateDict(plain.model.stateDict());
    const losses: Tensor[] = [];
    for (let i = 0; i < inputs.length; i++) {
      plain.x.copy_(inputs[i]);
      plain.target.copy_(targets[i]);
      losses.push(plain.step());
    }
    captured.step();
    const graph = new CudaGraph();
    const value = graph.capture(captured.step);
    for (let i = 1; i < inputs.length; i++) {
      captured.x.copy_(inputs[i]);
      captured.target.copy_(targets[i]);
      graph.replay();
      expect(await value.item()).toBe(await losses[i].item());
    }
    const [one, other] = [plain.model, captured.model].map((model) => [...model.parameters()]);
    for (const [k, parameter] of one.entries()) expect(await other[k].toArray()).toEqual(await parameter.toArray());
  });
});

describe.skipIf(noCuda !== null)('memory', () => {
  it('is counted, and given back', () => {
    emptyCache();
    const before = cudaMemory();
    const x = zeros([1 << 20], { device });
    const during = cudaMemory();
    expect(during.used - before.used).toBeGreaterThanOrEqual(4 << 20);
    expect(during.buffers).toBe(before.buffers + 1);
    expect(during.peakUsed).toBeGreaterThanOrEqual(during.used);
    expect(during.total).toBeGreaterThanOrEqual(during.free);
    x.dispose();
    expect(cudaMemory().used).toBe(before.used);
    const held = cudaMemory().reserved;
    emptyCache();
    expect(cudaMemory().reserved).toBeLessThan(held);
    expect(() => cudaMemory({ device: 'cpu' })).toThrow("got 'cpu'");
  });
});
