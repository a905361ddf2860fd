/** How much a web page ships: bundled by esbuild, minified, compressed with brotli. Lint holds what has a limit; the rest is shown by `npx size-limit`. */
const tensorCore = 'packages/tensor-core/dist/index.js';
const cpu = 'packages/backend-cpu/dist/index.js';

/**
 * The modules ask where they lie, which a script can't.
 * @param {object} config
 */
const modifyEsbuildConfig = (config) => ({ ...config, format: 'esm' });

export default [
  {
    name: 'a page with tensors, all their methods, and the CPU engine',
    import: { [tensorCore]: '{ Tensor, registerBackend, tensor }', [cpu]: '{ cpu }' },
    // 70 kB are wanted: the kernels' code takes 30, which pages that compute little could do without
    limit: '93 kB',
    modifyEsbuildConfig,
  },
  {
    name: 'tensor-core with every function that is no method (convolutions, losses, …), and the CPU engine',
    import: { [tensorCore]: '*', [cpu]: '{ cpu }' },
    modifyEsbuildConfig,
  },
];
