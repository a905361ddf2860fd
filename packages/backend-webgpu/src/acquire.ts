/** Finding a GPU: `navigator.gpu` in browsers and in runtimes that have it, else the npm package `webgpu` (Dawn), which is installed only where it is wanted. */
import { DeviceError } from '@tenfold/tensor-core';

/** Which adapter to take. */
export interface AdapterOptions {
  /** `'high-performance'` (default) or `'low-power'`, where a machine has both. */
  readonly powerPreference?: GPUPowerPreference;
  /** Take the software adapter, if there is one. */
  readonly forceFallbackAdapter?: boolean;
  /** With the npm package `webgpu`: a part of the adapter's name, such as `'NVIDIA'`. */
  readonly adapter?: string;
}

/** An adapter with a device on it. */
export interface Acquired {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
}

/** Dawn's objects live as long as the process: one that is collected while a device is open takes the process with it. */
const kept: unknown[] = [];
const devices: GPUDevice[] = [];

/** A process that exits while the driver works on commands can crash in the driver's destructors; destroying the device waits for them. */
function destroyAtExit(device: GPUDevice): void {
  if (devices.push(device) === 1) process.once('exit', () => devices.forEach((open) => void open.destroy()));
}

interface Dawn {
  create(flags: string[]): GPU;
}

async function findGpu({ adapter }: AdapterOptions): Promise<GPU> {
  const own = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (own) return own;
  if (typeof process === 'undefined' || !process.versions?.node) {
    throw new DeviceError(
      'webgpu: this browser has no navigator.gpu; use a current Chrome, Edge, Firefox or Safari, on a page served over https or from localhost',
    );
  }
  let dawn: Dawn;
  try {
    // a name that bundlers for browsers don't follow, and that ours doesn't fold into one that they do
    const name = ['webgpu'].join('');
    dawn = (await import(/* @vite-ignore */ name)) as Dawn;
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    throw new DeviceError(
      missing
        ? 'webgpu: Node has no WebGPU of its own; install it: npm install webgpu'
        : `webgpu: the package 'webgpu' does not load here: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const gpu = dawn.create(adapter === undefined ? [] : [`adapter=${adapter}`]);
  kept.push(gpu);
  return gpu;
}

/** Limits that are raised to what the adapter has; the rest stays as the standard guarantees it. */
const raised = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Features that kernels use where there are. */
const features = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

/** An adapter and a device with its limits raised. @throws DeviceError that says why there is none. */
export async function acquire(options: AdapterOptions): Promise<Acquired> {
  const gpu = await findGpu(options);
  const { powerPreference = 'high-performance', forceFallbackAdapter = false } = options;
  const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter });
  if (!adapter) {
    throw new DeviceError(
      `webgpu: no adapter${options.adapter === undefined ? '' : ` whose name has '${options.adapter}'`}: this machine has no GPU that WebGPU can use, or its driver (Vulkan, Metal, Direct3D 12) is missing`,
    );
  }
  const requiredLimits = Object.fromEntries(raised.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = features.filter((name) => adapter.features.has(name)) as GPUFeatureName[];
  try {
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    if (kept.includes(gpu)) destroyAtExit(device);
    return { adapter, device };
  } catch (error) {
    throw new DeviceError(
      `webgpu: the adapter gives no device: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
