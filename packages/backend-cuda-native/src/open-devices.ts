/** The open device behind a device string, for what core's tensors don't ask of a device: streams, graphs and memory. */
import { ArgumentError, checkOptions, DeviceError, describe, resolveDevice } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';

const known = new WeakMap<object, Cuda>();

/** Notes the device of a runtime that is about to be opened. */
export function remember(runtime: object, cuda: Cuda): void {
  known.set(runtime, cuda);
}

/** Names a CUDA device. */
export interface CudaDeviceOptions {
  /** `'cuda'`, the default, or `'cuda:1'`. */
  readonly device?: string;
}

/** A device with its name. */
export interface OpenCuda {
  readonly cuda: Cuda;
  readonly device: string;
}

/** The device of `options`, opened. @throws DeviceError if it is none of CUDA's, or can't be used. */
export function openCuda(what: string, options: CudaDeviceOptions = {}): OpenCuda {
  checkOptions(what, options, ['device']);
  const { runtime, name } = resolveDevice(options.device ?? 'cuda');
  const cuda = known.get(runtime);
  if (!cuda) throw new DeviceError(`${what}: expected a CUDA device such as 'cuda:0', got '${name}'`);
  return { cuda, device: name };
}

/** Refuses what a function must not return: what it awaits would be queued elsewhere. */
export function refuseAsync(what: string, result: unknown): void {
  if (result instanceof Promise)
    throw new ArgumentError(`${what}: the function must not be async; await before or after it`);
}

/** A handle of the driver's that its JavaScript object stands for, and how it is given back. */
export interface Handled extends OpenCuda {
  readonly id: number;
  readonly release: () => void;
}

const handles = new WeakMap<object, Handled>();

const collected = new FinalizationRegistry<Handled>(({ cuda, release }) => {
  if (cuda.native.lost !== null) return;
  try {
    release();
  } catch {
    // nobody is there to hear of it; the device's next use says what is wrong with it
  }
});

/** Gives `owner` a handle, which goes with it at the latest. */
export function own(owner: object, handle: Handled): void {
  handles.set(owner, handle);
  collected.register(owner, handle, owner);
}

/** The handle of `owner`. @throws ArgumentError if it is no such object, or was destroyed. */
export function handleOf(what: string, owner: object): Handled {
  const handle = typeof owner === 'object' && owner !== null ? handles.get(owner) : undefined;
  if (!handle) throw new ArgumentError(`${what}: ${describe(owner)} was destroyed, or never was one of CUDA's`);
  return handle;
}

/** Gives the handle of `owner` back; again does nothing. */
export function disown(owner: object): void {
  const handle = handles.get(owner);
  if (!handle) return;
  if (handle.cuda.native.lost === null) handle.release();
  handles.delete(owner);
  collected.unregister(owner);
}
