/** WebGPU in Node with no GPU: Dawn from the npm package `webgpu`, on SwiftShader's Vulkan driver from the package of Chromium. */
import { globalSetup, swiftShader } from './chromium.ts';
import { poolOf } from './node-pool.ts';

/** The options of a vitest project whose tests need a WebGPU adapter in Node. */
export const onDawn = () => ({
  globalSetup,
  pool: poolOf({ name: 'dawn', env: swiftShader }),
});
