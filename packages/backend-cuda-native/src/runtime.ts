/** The CUDA device: the kernel families over one driver, and the backend that opens it. */
import {
  type Backend,
  checkOptions,
  DeviceError,
  type DeviceInfo,
  dtypeNames,
  type Runtime,
} from '@tenfold/tensor-core';
import { createArgReduce } from './arg-reduce.ts';
import { collectGarbage } from './collect.ts';
import { Compiler } from './compiler.ts';
import { attempt, Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';
import { createGather } from './gather.ts';
import { KernelLibrary, kernelManifest } from './kernel-library.ts';
import { loadAddon } from './load-addon.ts';
import { createMap } from './map.ts';
import { createMatmul } from './matmul.ts';
import type { Addon, FoundLibrary, Probe, ProbedDevice } from './native.ts';
import { remember } from './open-devices.ts';
import { createOverrides } from './overrides.ts';
import { Programs } from './programs.ts';
import { createRandom } from './random.ts';
import { createReduce } from './reduce.ts';
import { createScan } from './scan.ts';
import { createScatter } from './scatter.ts';
import { createSort } from './sort.ts';

/** The kernel families that overrides are made of. */
export type Families = Pick<Runtime<Buffer>, 'map' | 'reduce' | 'matmul'>;

/** The kernel families on an open device. */
function runtimeOn(cuda: Cuda, compiler: Compiler | null, { tf32 }: CudaOptions): Runtime<Buffer> {
  const programs = new Programs(cuda, compiler);
  const map = createMap(cuda, programs);
  const reduce = createReduce(cuda, programs, map);
  const matmul = createMatmul(cuda, map, { tf32 });
  const sort = createSort(cuda);
  return {
    capabilities: { dtypes: dtypeNames, syncRead: true, collectedBelow: 0 },
    allocate: (dtype, length) => cuda.allocate(dtype, length),
    free: (buffer) => cuda.free(buffer),
    collect: collectGarbage,
    upload: (buffer, data, offset) => cuda.upload(buffer, data, offset),
    download: (buffer, offset, length) => cuda.download(buffer, offset, length),
    downloadSync: (buffer, offset, length) => cuda.downloadSync(buffer, offset, length),
    copy: (from, fromOffset, to, toOffset, length) => cuda.copy(from, fromOffset, to, toOffset, length),
    synchronize: () => cuda.synchronize(),
    map,
    reduce,
    argReduce: createArgReduce(cuda, map),
    scan: createScan(cuda),
    matmul,
    gather: createGather(cuda),
    scatter: createScatter(cuda, sort),
    sort,
    ...createRandom(cuda),
    overrides: createOverrides(cuda, { map, reduce, matmul }),
  };
}

/** Options of {@link cuda}. */
export interface CudaOptions {
  /** Waits after every kernel, so that an error of the device names it. Slow; default false. */
  readonly blocking?: boolean;
  /** Folders in which cuBLASLt, cuDNN and NVRTC are looked for first. */
  readonly libraries?: readonly string[];
  /**
   * Whether products and convolutions of float32 may round their factors to TF32, 10 bits of fraction: several times as fast on Ampere and later. Default
   * false, as PyTorch's `torch.backends.cuda.matmul.allow_tf32`.
   */
  readonly tf32?: boolean;
}

/** The CUDA backend as {@link cuda} gives it. */
export interface CudaBackend extends Backend<Buffer> {
  /** What was found: the driver, its devices and the libraries that make them faster; `null` where the addon can't be loaded. */
  readonly found: Probe | null;
}

/**
 * The CUDA backend, for `registerBackend(cuda())`: devices `'cuda:0'`, `'cuda:1'`, … with every dtype. It never throws for want of a card, a driver or a
 * binary: then `await devices()` says why, and so does the first use of the device.
 *
 * @example
 * import { registerBackend, tensor } from '@tenfold/tensor-core';
 * import { cuda } from '@tenfold/backend-cuda-native';
 * registerBackend(cuda());
 * console.log(tensor([1, 2], { device: 'cuda' }).add(1).toArraySync()); // [2, 3]
 */
export function cuda(options: CudaOptions = {}): CudaBackend {
  checkOptions('cuda', options, ['blocking', 'libraries', 'tf32']);
  const loaded = loadAddon();
  const addon = 'addon' in loaded ? loaded.addon : null;
  const found = addon?.probe({ libraries: options.libraries }) ?? null;
  const kernels = kernelManifest();
  const reason =
    ('reason' in loaded ? loaded.reason : null) ?? found?.reason ?? (typeof kernels === 'string' ? kernels : null);
  const open = new Map<number, Cuda>();
  return {
    specVersion: 1,
    deviceType: 'cuda',
    indexed: true,
    found,
    probe: async () => {
      if (reason !== null || !found) return [{ name: 'cuda:0', available: false, reason: reason ?? 'unknown' }];
      return found.devices.map((device, index) => infoOf(device, found, index, open.get(index)?.native.lost ?? null));
    },
    open(index) {
      const device = found?.devices[index];
      if (reason !== null) throw new DeviceError(`cuda: ${reason}`);
      if (!device) throw new DeviceError(`cuda: there is no device ${index}: ${devicesInWords(found)}`);
      const old = tooOld(device);
      if (old !== null) throw new DeviceError(`cuda:${index}: ${old}`);
      const native = attempt(() => (addon as Addon).open(index, { blocking: options.blocking }));
      const opened = new Cuda(native, new KernelLibrary(native, device.computeCapability), device);
      open.set(index, opened);
      const { version } = (found as Probe).libraries.nvrtc;
      const runtime = runtimeOn(opened, native.hasNvrtc ? new Compiler(native, version ?? '') : null, options);
      remember(runtime, opened);
      return runtime;
    },
  };
}

/** What the kernels are compiled for: see scripts/build-kernels.mjs. */
const oldestCapability = 7.5;

/** Why a device that is older than the kernels can't be used; `null` if it can. */
function tooOld({ name, computeCapability }: ProbedDevice): string | null {
  const capability = computeCapability.join('.');
  if (Number(capability) >= oldestCapability) return null;
  return `${name} is of compute capability ${capability}; ${oldestCapability} (Turing) or newer is needed`;
}

const devicesInWords = (found: Probe | null): string => {
  const count = found?.devices.length ?? 0;
  return count === 1 ? "use 'cuda:0'" : `use 'cuda:0' to 'cuda:${count - 1}'`;
};

const gibibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 30)} GiB`;

const inWords = (name: string, { path, version, reason }: FoundLibrary): string =>
  path === null ? `no ${name} (${reason})` : `${name} ${version ?? ''}`.trim();

function infoOf(device: ProbedDevice, { driver, libraries }: Probe, index: number, lost: string | null): DeviceInfo {
  const name = `cuda:${index}`;
  const reason = lost ?? tooOld(device);
  if (reason !== null) return { name, available: false, reason };
  const parts = [
    device.name,
    gibibytes(device.memory),
    `compute capability ${device.computeCapability.join('.')}`,
    `driver ${driver.version}`,
    inWords('cuBLASLt', libraries.cublasLt),
    inWords('NVRTC', libraries.nvrtc),
  ];
  return { name, available: true, description: parts.join(', ') };
}
