/**
 * `@tenfold/backend-webgpu`: every kernel family in WGSL, in browsers and in Node.
 *
 * @packageDocumentation
 */
export type { AdapterOptions } from './acquire.ts';
export { type WebGpuBackend, type WebGpuOptions, webgpu } from './runtime.ts';
