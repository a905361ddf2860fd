/**
 * `@tenfold/backend-cuda-native`: every kernel family in CUDA, in Node, over the NVIDIA driver alone.
 *
 * @packageDocumentation
 */
export { CudaGraph } from './graphs.ts';
export { type CudaMemory, cudaMemory, emptyCache } from './memory.ts';
export type { CudaDeviceOptions } from './open-devices.ts';
export { type CudaBackend, type CudaOptions, cuda } from './runtime.ts';
export { CudaEvent, CudaStream, currentStream, withStream } from './streams.ts';
