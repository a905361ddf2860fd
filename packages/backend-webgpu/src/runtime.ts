/** The WebGPU device: the kernel families in WGSL over one queue, and the backend that opens it. */
import {
  type Backend,
  checkOptions,
  DeviceError,
  type DType,
  type Runtime,
  type TypedArray,
} from '@tenfold/tensor-core';
import { type Acquired, type AdapterOptions, acquire } from './acquire.ts';
import { createArgReduce } from './arg-reduce.ts';
import { bufferOverhead } from './buffer-pool.ts';
import { elementType } from './elements.ts';
import { createGather } from './gather.ts';
import { type Buffer, type Counters, Gpu } from './gpu.ts';
import { createMap } from './map.ts';
import { createMatmul } from './matmul.ts';
import { createOverrides } from './overrides.ts';
import { createRandom } from './random.ts';
import { createReduce } from './reduce.ts';
import { createScan } from './scan.ts';
import { createScatter } from './scatter.ts';
import { createSort } from './sort.ts';

/** What every device has; float16 comes with the feature `shader-f16`. */
const dtypes: readonly DType[] = ['float32', 'int64', 'int32', 'uint8', 'bool'];

const roundUp = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** The kernel families on an open device. */
function runtimeOn(gpu: Gpu): Runtime<Buffer> {
  const map = createMap(gpu);
  const reduce = createReduce(gpu);
  const matmul = createMatmul(gpu, { map, reduce });
  const sort = createSort(gpu);
  return {
    capabilities: {
      dtypes: gpu.hasF16 ? [...dtypes, 'float16'] : dtypes,
      int64Bits: 32,
      subnormals: false,
      syncRead: false,
      collectedBelow: 0,
      bufferOverhead,
    },
    allocate(dtype, length) {
      gpu.check();
      const type = elementType(dtype);
      return gpu.pool.allocate(Math.max(4, length * type.bytes), type);
    },
    free: (buffer) => gpu.pool.release(buffer),
    upload: (buffer, data, offset) => upload(gpu, buffer, data, offset),
    download: (buffer, offset, length) => download(gpu, buffer, offset, length),
    copy: (from, fromOffset, to, toOffset, length) => {
      const { bytes } = from.type;
      gpu.copy(from, fromOffset * bytes, to, toOffset * bytes, roundUp(length * bytes));
    },
    synchronize: () => gpu.finish(),
    map,
    reduce,
    argReduce: createArgReduce(gpu),
    scan: createScan(gpu),
    matmul,
    gather: createGather(gpu),
    scatter: createScatter(gpu, sort),
    sort,
    ...createRandom(gpu),
    overrides: createOverrides(gpu, { map, reduce, matmul }),
  };
}

/** The kernel families that overrides are made of. */
export type Families = Pick<Runtime<Buffer>, 'map' | 'reduce' | 'matmul'>;

function upload(gpu: Gpu, buffer: Buffer, data: TypedArray, offset: number): void {
  const encoded = buffer.type.encode(data);
  const { bytes } = buffer.type;
  if (encoded.byteLength % 4 === 0) {
    gpu.write(buffer, offset * bytes, encoded as Uint32Array<ArrayBuffer>);
    return;
  }
  // an odd number of halves: the word that the last one shares is the buffer's own, at its end
  const padded = new Uint16Array(encoded.length + 1);
  padded.set(encoded);
  gpu.write(buffer, offset * bytes, padded);
}

async function download(gpu: Gpu, buffer: Buffer, offset: number, length: number): Promise<TypedArray> {
  const { bytes, decode } = buffer.type;
  const first = offset * bytes;
  const start = first - (first % 4);
  const data = await gpu.read(buffer, start, roundUp(first + length * bytes) - start);
  return decode(data.slice(first - start, first - start + length * bytes));
}

/** Options of {@link webgpu}. */
export interface WebGpuOptions extends AdapterOptions {
  /** Submits every kernel by itself, so that an error of the device names it. Slow; default false. */
  readonly debug?: boolean;
}

/** What {@link webgpu} gives: a backend for `registerBackend`, and what the device has done so far. */
export interface WebGpuBackend extends Backend<Buffer> {
  /** Dispatches and submits so far; `null` where there is no device. */
  readonly counters: Readonly<Counters> | null;
  /** Bytes of the GPU's buffers: those behind tensors, and those that wait to be used again. */
  bufferBytes(): { readonly used: number; readonly free: number };
  /** Gives the device back: pending reads are rejected, and its tensors are gone. */
  destroy(): void;
}

/**
 * The WebGPU backend, for `registerBackend(await webgpu())`: device `'webgpu'` with float32, int32, int64 (kept in 32 bits), uint8, bool, and float16
 * where the adapter has `shader-f16`. It never throws for want of a GPU: then `await devices()` says why, and so does the first use of the device.
 *
 * @example
 * import { registerBackend, tensor } from '@tenfold/tensor-core';
 * import { webgpu } from '@tenfold/backend-webgpu';
 * registerBackend(await webgpu());
 * console.log(await tensor([1, 2], { device: 'webgpu' }).add(1).toArray()); // [2, 3]
 */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  checkOptions('webgpu', options, ['powerPreference', 'forceFallbackAdapter', 'adapter', 'debug']);
  let acquired: Acquired | null = null;
  let reason = '';
  try {
    acquired = await acquire(options);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    reason = error.message;
  }
  const gpu = acquired && new Gpu(acquired.device, options);
  const runtime = gpu && runtimeOn(gpu);
  const { description, vendor, architecture } = acquired?.adapter.info ?? {};
  return {
    specVersion: 1,
    deviceType: 'webgpu',
    counters: gpu?.counters ?? null,
    probe: async () => [
      gpu && gpu.lost === null
        ? {
            name: 'webgpu',
            available: true,
            description: description || [vendor, architecture].filter(Boolean).join(' '),
          }
        : { name: 'webgpu', available: false, reason: gpu?.lost ?? reason },
    ],
    open(index) {
      if (index !== 0) throw new DeviceError(`there is one webgpu device: use 'webgpu', not 'webgpu:${index}'`);
      if (!runtime) throw new DeviceError(reason);
      gpu?.check();
      return runtime;
    },
    bufferBytes: () => ({ used: gpu?.pool.usedBytes ?? 0, free: gpu?.pool.freeBytes ?? 0 }),
    destroy: () => gpu?.destroy(),
  };
}
