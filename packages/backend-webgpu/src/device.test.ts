/** The device as a whole: how its errors arrive, how it is lost, and reads and uploads among recorded commands. */

import '@tenfold/backend-cpu/register';
import { Linear } from '@tenfold/nn';
import { Adam } from '@tenfold/optim';
import {
  BackendError,
  DeviceError,
  DTypeError,
  devices,
  fromTypedArray,
  ones,
  registerBackend,
  resolveDevice,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquire } from './acquire.ts';
import { elementType } from './elements.ts';
import { Gpu } from './gpu.ts';
import { type WebGpuBackend, webgpu } from './runtime.ts';

const device = 'webgpu';
let backend: WebGpuBackend;

beforeAll(async () => {
  backend = await webgpu();
  registerBackend(backend);
});

afterAll(() => backend.destroy());

describe('a lost device', () => {
  it('rejects what is being read, refuses the rest, and a new one takes over', async () => {
    const first = await webgpu();
    registerBackend(first);
    const model = new Linear(3, 2, { device });
    const optimizer = new Adam(model.parameters(), { lr: 0.1 });
    const x = ones([4, 3], { device });
    const step = async (): Promise<number> => {
      const loss = model.forward(x).pow(2).sum();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    };
    await step();
    const saved = await Promise.all(
      Object.entries(model.stateDict()).map(
        async ([name, value]) => [name, await (value as Tensor).toAsync('cpu')] as const,
      ),
    );
    const pending = [x.sum().item(), x.add(1).toArray()];
    first.destroy();
    for (const read of pending) await expect(read).rejects.toThrow(BackendError);
    for (const read of pending)
      await expect(read).rejects.toThrow(/destroyed; registerBackend\(await webgpu\(\)\) opens a new one/);
    expect(() => x.add(1)).toThrow(/destroyed/);
    await expect(x.toArray()).rejects.toThrow(/destroyed/);
    expect(await first.probe()).toMatchObject([{ available: false, reason: expect.stringContaining('destroyed') }]);

    const second = await webgpu();
    registerBackend(second);
    expect(await devices()).toContainEqual(expect.objectContaining({ name: device, available: true }));
    const restored = new Linear(3, 2, { device });
    restored.loadStateDict(Object.fromEntries(saved.map(([name, value]) => [name, value.to(device)])));
    const y = await restored.forward(ones([4, 3], { device })).toArray();
    const [weight, bias] = saved.map(([, value]) => value);
    const expected = ones([4, 3]).matmul(weight.t()).add(bias).toArraySync() as number[][];
    (y as number[][]).flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i], 5));
    second.destroy();
    registerBackend(backend);
  });

  it('is refused by name when it is opened', async () => {
    const gone = await webgpu();
    gone.destroy();
    expect(() => gone.open(0)).toThrow(/destroyed/);
    expect(() => backend.open(1)).toThrow(DeviceError);
  });
});

describe('what the device does not have', () => {
  it('float64', () => {
    expect(() => zeros([2], { dtype: 'float64', device })).toThrow(DTypeError);
    expect(() => zeros([2], { dtype: 'float64', device })).toThrow(/'webgpu' has no float64; choose one of float32/);
    expect(() => zeros([2], { device }).to('float64')).toThrow(DTypeError);
  });

  it('integers beyond 32 bits', async () => {
    for (const x of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n])
      expect(() => fromTypedArray(BigInt64Array.of(0n, x), [2], { device })).toThrow(DTypeError);
    expect(() => tensor([1, 2 ** 40], { dtype: 'int64', device })).toThrow(/1099511627776 \(at 1\) doesn't fit/);
    const extremes = tensor([2 ** 31 - 1, -(2 ** 31)], { dtype: 'int64', device });
    expect(await extremes.toArray()).toEqual([2 ** 31 - 1, -(2 ** 31)]);
  });

  it('memory', async () => {
    const { used } = backend.bufferBytes();
    const { maxBufferSize, maxStorageBufferBindingSize } = (await acquire({})).device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const n = limit / 4 + 1;
    expect(() => zeros([n], { device })).toThrow(BackendError);
    expect(() => zeros([n], { device })).toThrow(new RegExp(`${4 * n} bytes.*${limit}.*bytes are held`));
    expect(backend.bufferBytes().used).toBe(used);
    expect(await ones([3], { device }).sum().item()).toBe(3);
  });

  it('options', async () => {
    // @ts-expect-error
    await expect(webgpu({ debgu: true })).rejects.toThrow(/debgu/);
  });
});

it('a module moves there and back, its gradients and buffers with it', async () => {
  const model = new Linear(3, 2);
  model.registerBuffer('seen', tensor([4, 5], { dtype: 'int64' }));
  model
    .forward(tensor([1, 2, 3]))
    .square()
    .sum()
    .backward();
  const tensors = (): Tensor[] => [
    ...Object.values(model.stateDict() as { [name: string]: Tensor }),
    model.weight.grad as Tensor,
  ];
  const values = () => Promise.all(tensors().map((x) => x.toArray()));
  const before = await values();
  expect(before).toHaveLength(4);
  expect(await model.toAsync(device)).toBe(model);
  expect(tensors().map((x) => x.device)).toEqual([device, device, device, device]);
  expect(() => model.to('cpu')).toThrow(DeviceError);
  await model.toAsync('cpu');
  expect(tensors().map((x) => x.device)).toEqual(['cpu', 'cpu', 'cpu', 'cpu']);
  expect(await values()).toEqual(before);
});

describe('errors of the device', () => {
  const broken = (gpu: Gpu): void => {
    const buffer = gpu.pool.allocate(64, elementType('float32'));
    gpu.dispatch(
      gpu.kernel('broken', ['write'], () => 'this is not a shader'),
      [buffer],
      0,
      1,
    );
  };

  it('arrive at the next await, once', async () => {
    const gpu = new Gpu((await acquire({})).device);
    broken(gpu);
    await expect(gpu.finish()).rejects.toThrow(BackendError);
    await expect(gpu.finish()).resolves.toBeUndefined();
    gpu.destroy();
  });

  it('name the kernel in debug mode', async () => {
    const gpu = new Gpu((await acquire({})).device, { debug: true });
    broken(gpu);
    await expect(gpu.finish()).rejects.toThrow(/in the kernel 'broken'/);
    const good = gpu.kernel(
      'good',
      ['write'],
      () => `@group(0) @binding(0) var<storage, read_write> b: array<f32>;
      @compute @workgroup_size(1) fn main() { b[0] = 2.0; }`,
    );
    const buffer = gpu.pool.allocate(64, elementType('float32'));
    // more workgroups than there can be
    gpu.dispatch(good, [buffer], 0, 65536);
    await expect(gpu.finish()).rejects.toThrow(/in the kernel 'good'/);
    gpu.dispatch(good, [buffer], 0, 1);
    expect(new Float32Array(await gpu.read(buffer, 0, 4))).toEqual(new Float32Array([2]));
    gpu.destroy();
  });

  it('debug mode computes the same', async () => {
    const debug = await webgpu({ debug: true });
    registerBackend(debug);
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { device },
    );
    expect(await x.matmul(x).add(1).toArray()).toEqual([
      [8, 11],
      [16, 23],
    ]);
    debug.destroy();
    registerBackend(backend);
  });
});

describe('reads and uploads among recorded commands', () => {
  it('several reads in flight, each of its own time', async () => {
    const x = zeros([1000], { device });
    const reads = Array.from({ length: 20 }, () => {
      x.add_(1);
      return x.sum().item();
    });
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 20 }, (_, i) => 1000 * (i + 1)));
  });

  it('a read under way does not hold up what comes later', async () => {
    const x = ones([100_000], { device });
    const read = x.sum().item();
    const { submits } = backend.counters as { submits: number };
    for (let i = 0; i < 600; i++) x.mul_(1);
    expect((backend.counters as { submits: number }).submits).toBeGreaterThan(submits);
    expect(await x.add(1).mean().item()).toBe(2);
    expect(await read).toBe(100_000);
  });

  it('an upload into memory that recorded commands still read', async () => {
    const results: Tensor[] = [];
    for (let i = 0; i < 50; i++) {
      // the memory of the one before, freed while its commands wait
      const x = fromTypedArray(new Float32Array(500).fill(i), [500], { device });
      results.push(x.add(1));
      x.dispose();
    }
    for (const [i, result] of results.entries()) expect(await result.mean().item()).toBe(i + 1);
  });

  it('a fault is reported once, by the read that follows it', async () => {
    const x = tensor([1, 2, 3], { device });
    const before = x.add(1).toArray();
    const wrong = x.gather(0, tensor([7], { dtype: 'int64', device })).toArray();
    const after = x.add(2).toArray();
    expect(await before).toEqual([2, 3, 4]);
    await expect(wrong).rejects.toThrow('index 7 is out of bounds for dimension 0 with size 3');
    expect(await after).toEqual([3, 4, 5]);
  });

  it('synchronous reads are a DeviceError that names the asynchronous one', () => {
    const x = ones([2], { device });
    expect(resolveDevice(device).runtime.capabilities.syncRead).toBe(false);
    expect(() => x.sum().itemSync()).toThrow(DeviceError);
    expect(() => x.nonzero()).toThrow(/await x\.nonzeroAsync/);
    expect(() => x.unique()).toThrow(/await x\.uniqueAsync/);
    expect(() => x.maskedSelect(x.gt(0))).toThrow(/await x\.maskedSelectAsync/);
  });
});
