/** Memory and faults: buffers come back, do not overlap, and bad requests leave everything as it was. */
import {
  BackendError,
  type DType,
  IndexError,
  memory,
  type Runtime,
  resolveDevice,
  type TensorView,
  type TypedArray,
  tensor,
} from '@tenfold/tensor-core';
import { type Check, expectThat } from './check.ts';

const runtimeOf = (device: string): Runtime => resolveDevice(device).runtime;

const float32 = (values: readonly number[]): TypedArray => Float32Array.from(values);

/** A one-dimensional view of a buffer of its own. */
function line(runtime: Runtime, dtype: DType, data: TypedArray): TensorView {
  const buffer = runtime.allocate(dtype, data.length);
  runtime.upload(buffer, data, 0);
  return { dtype, shape: [data.length], strides: [1], offset: 0, storage: { buffer } };
}

const read = async (runtime: Runtime, { storage, shape }: TensorView): Promise<number[]> =>
  Array.from(await runtime.download(storage.buffer, 0, shape[0]), Number);

/** What a call throws, at once or when the queue has run. */
async function thrownBy(runtime: Runtime, call: () => void, out: TensorView): Promise<unknown> {
  try {
    call();
    await runtime.synchronize?.();
    await read(runtime, out);
  } catch (error) {
    return error;
  }
  return undefined;
}

type Kernel = (runtime: Runtime, out: TensorView, index: TensorView, source: TensorView) => void;

const outOfRange = (op: string, at: number, kernel: Kernel): Check => ({
  op,
  name: `index ${at} of 3 is an IndexError and leaves the output as it was`,
  async run(device) {
    const runtime = runtimeOf(device);
    const out = line(runtime, 'float32', float32([7, 8, 9]));
    const source = line(runtime, 'float32', float32([1, 2, 3]));
    const index = line(runtime, 'int64', BigInt64Array.from([0n, 1n, BigInt(at)]));
    const error = await thrownBy(runtime, () => kernel(runtime, out, index, source), out);
    expectThat(error instanceof IndexError, `expected an IndexError, got ${error ?? 'no error'}`);
    const after = await read(runtime, out);
    expectThat(after.join() === '7,8,9', `the output was [7,8,9] and is now [${after}]`);
    for (const x of [out, source, index]) runtime.free(x.storage.buffer);
  },
});

const gather: Kernel = (runtime, out, index, source) => runtime.gather(out, source, index, 0);
const scatter: Kernel = (runtime, out, index, source) => runtime.scatter('set', out, index, source, 0);

/** Faults of kernels and of the memory. */
export const faultChecks: readonly Check[] = [
  outOfRange('gather', 3, gather),
  outOfRange('gather', -1, gather),
  outOfRange('scatter', 3, scatter),
  outOfRange('scatter', -1, scatter),
  {
    op: 'allocate',
    name: 'more than any device has is a BackendError, and the device goes on',
    async run(device) {
      const runtime = runtimeOf(device);
      let error: unknown;
      try {
        runtime.free(runtime.allocate('float32', 2 ** 50));
      } catch (thrown) {
        error = thrown;
      }
      expectThat(error instanceof BackendError, `expected a BackendError, got ${error ?? 'no error'}`);
      const x = line(runtime, 'float32', float32([1, 2]));
      expectThat((await read(runtime, x)).join() === '1,2', 'a buffer made after the failure does not keep its data');
      runtime.free(x.storage.buffer);
    },
  },
];

const rounds = 64;

/** What memory a device holds, and what is in it. */
export const memoryChecks: readonly Check[] = [
  {
    op: 'allocate',
    name: 'buffers that are held do not share memory',
    async run(device) {
      const runtime = runtimeOf(device);
      const lines: TensorView[] = [];
      for (let i = 0; i < 40; i++) {
        lines.push(line(runtime, 'float32', new Float32Array(5 + i).fill(i)));
        // makes room that the next one may take
        if (i % 3 === 0) runtime.free((lines.shift() as TensorView).storage.buffer);
      }
      for (const x of lines) {
        const values = await read(runtime, x);
        const own = x.shape[0] - 5;
        expectThat(
          values.every((value) => value === own),
          `a buffer filled with ${own} holds [${values}]`,
        );
      }
      for (const x of lines) runtime.free(x.storage.buffer);
    },
  },
  {
    op: 'free',
    name: 'freed buffers are not kept',
    async run(device) {
      const gc = await garbageCollector();
      if (!gc) return;
      const runtime = runtimeOf(device);
      const seen: WeakRef<object>[] = [];
      for (let i = 0; i < rounds; i++) {
        const buffer = runtime.allocate('float32', 2048);
        if (typeof buffer === 'object' && buffer !== null) seen.push(new WeakRef(buffer));
        runtime.free(buffer);
      }
      // what the running job has seen of a weak reference stays until it ends
      await new Promise((done) => setTimeout(done));
      await runtime.synchronize?.();
      gc();
      const kept = new Set(seen.map((ref) => ref.deref()).filter((buffer) => buffer !== undefined)).size;
      expectThat(kept < rounds / 2, `${kept} of ${rounds} buffers are still held after they were freed`);
    },
  },
  {
    op: 'memory',
    name: 'disposed tensors give their bytes back',
    async run(device) {
      const name = resolveDevice(device).name;
      const held = () => memory()[name]?.buffers ?? 0;
      const before = held();
      for (let i = 0; i < 20; i++) {
        const x = tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { device },
        );
        const results = [x.add(1), x.matmul(x), x.sum(), x.sort(0).values];
        await results[2].item();
        for (const y of [x, ...results]) y.dispose();
      }
      const kept = held() - before;
      // pairs of which one half was asked for leave the other half to the collector
      expectThat(kept <= 20, `${kept} buffers are still counted after 20 rounds`);
    },
  },
];

/** Views of one buffer see what is written to it, at once. */
export const viewChecks: readonly Check[] = [
  {
    op: 'view',
    name: 'a view shows what was written after it was first read',
    async run(device) {
      const x = tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { device },
      );
      const view = x.t();
      const first = Array.from(await view.add(0).toTypedArray(), Number);
      expectThat(first.join() === '1,4,2,5,3,6', `the transpose is [${first}]`);
      x.mul_(10);
      const second = Array.from(await view.add(0).toTypedArray(), Number);
      expectThat(second.join() === '10,40,20,50,30,60', `after mul_(10) the transpose is [${second}]`);
      const product = Array.from(await view.matmul(x).toTypedArray(), Number);
      expectThat(product.join() === '1700,2200,2700,2200,2900,3600,2700,3600,4500', `its product is [${product}]`);
    },
  },
];

/** Node's collector, where there is one to ask. */
async function garbageCollector(): Promise<(() => void) | null> {
  const known = (globalThis as { gc?: () => void }).gc;
  if (known) return known;
  if (typeof process === 'undefined' || !process.versions?.node) return null;
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
