/** How much a web page ships: bundled by esbuild, minified, compressed with brotli. Lint holds what has a limit; the rest is shown by `npx size-limit`. */
const tensorCore = 'packages/tensor-core/dist/index.js';
const cpu = 'packages/backend-cpu/dist/index.js';
const serialize = 'packages/serialize/dist/index.js';
const leanCpu = 'packages/backend-cpu/dist/lean.js';

/**
 * The modules ask where they lie, which a script can't.
 * @param {object} config
 */
const modifyEsbuildConfig = (config) => ({ ...config, format: 'esm' });

export default [
  {
    name: 'a page with tensors, all their methods, and the CPU engine with the kernels that these need',
    import: { [tensorCore]: '{ Tensor, registerBackend, tensor }', [leanCpu]: '{ cpu }' },
    // 70 kB are wanted
    limit: '85 kB',
    modifyEsbuildConfig,
  },
  {
    name: 'the same with all kernels and threads',
    import: { [tensorCore]: '{ Tensor, registerBackend, tensor }', [cpu]: '{ cpu, setNumThreads }' },
    modifyEsbuildConfig,
  },
  {
    name: 'tensor-core with every function that is no method (convolutions, losses, …), and the CPU engine with all kernels',
    import: { [tensorCore]: '*', [cpu]: '{ cpu }' },
    modifyEsbuildConfig,
  },
  {
    name: 'safetensors, beside tensor-core',
    path: serialize,
    import: '{ loadSafetensors, saveSafetensors }',
    ignore: ['@tenfold/tensor-core'],
    limit: '4 kB',
    modifyEsbuildConfig,
  },
  {
    // this also says that it imports nothing of Node
    name: 'all of serialize that works on bytes, beside tensor-core',
    path: serialize,
    import: '*',
    ignore: ['@tenfold/tensor-core'],
    limit: '13 kB',
    modifyEsbuildConfig,
  },
];
