/** What the programs of `process.test.ts` import: the tests make one file of it, which any Node runs as it is. */
export { Linear } from '@tenfold/nn';
export { Adam } from '@tenfold/optim';
export * from '@tenfold/tensor-core';
export { webgpu } from './index.ts';
