/** What a device's memory holds, as `torch.cuda.memory_stats` says it. */
import { attempt } from './cuda.ts';
import { type CudaDeviceOptions, openCuda } from './open-devices.ts';

/** Bytes of a device. */
export interface CudaMemory {
  /** In buffers, and the most so far (`torch.cuda.memory_allocated`, `max_memory_allocated`). */
  readonly used: number;
  readonly peakUsed: number;
  /** Taken from the driver, buffers that can be used again among them, and the most so far (`torch.cuda.memory_reserved`, `max_memory_reserved`). */
  readonly reserved: number;
  readonly peakReserved: number;
  /** Of the card, for all that run on it (`torch.cuda.mem_get_info`). */
  readonly free: number;
  readonly total: number;
  /** How many buffers are in use. */
  readonly buffers: number;
}

/** What the memory of a device holds now. @throws DeviceError if there is no such device. */
export function cudaMemory(options?: CudaDeviceOptions): CudaMemory {
  const { cuda } = openCuda('cudaMemory', options);
  return attempt(() => cuda.native.memory());
}

/** Gives buffers that nobody uses back to the driver, for other processes (`torch.cuda.empty_cache`). */
export function emptyCache(options?: CudaDeviceOptions): void {
  const { cuda } = openCuda('emptyCache', options);
  attempt(() => cuda.native.emptyCache());
}
