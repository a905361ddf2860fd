/**
 * `@tenfold/backend-cuda-native`: every kernel family in CUDA, in Node, over the NVIDIA driver alone.
 *
 * @packageDocumentation
 */
export { type CudaBackend, type CudaOptions, cuda } from './runtime.ts';
