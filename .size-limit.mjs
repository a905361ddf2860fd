/** How much a web page ships: bundled by esbuild, minified, compressed with brotli. `npx size-limit` shows it; lint holds it to the limits, which lie a little above what is. */

/** @param {string} name @param {string} [entry] */
const dist = (name, entry = 'index') => `packages/${name}/dist/${entry}.js`;

/**
 * The modules ask where they lie, which a script can't.
 * @param {object} config
 */
const modifyEsbuildConfig = (config) => ({ ...config, format: 'esm' });

/** What pages import, and what that may weigh. */
const pages = [
  {
    name: 'a page with tensors, all their methods, and the CPU engine with the kernels that these need',
    import: { [dist('tensor-core')]: '{ Tensor, registerBackend, tensor }', [dist('backend-cpu', 'lean')]: '{ cpu }' },
    // 70 kB are wanted
    limit: '85 kB',
  },
  {
    name: 'the same with all kernels and threads',
    import: {
      [dist('tensor-core')]: '{ Tensor, registerBackend, tensor }',
      [dist('backend-cpu')]: '{ cpu, setNumThreads }',
    },
    limit: '100 kB',
  },
  {
    name: 'tensor-core with every function that is no method (convolutions, losses, …), and the CPU engine with all kernels',
    import: { [dist('tensor-core')]: '*', [dist('backend-cpu')]: '{ cpu }' },
    limit: '137 kB',
  },
  { name: 'import { tensor } alone', import: { [dist('tensor-core')]: '{ tensor }' }, limit: '44 kB' },
  {
    name: 'a linear model that is trained, with all it needs',
    import: {
      [dist('tensor-core')]: '{ manualSeed, registerBackend, tensor }',
      [dist('backend-cpu', 'lean')]: '{ cpu }',
      [dist('nn')]: '{ Linear, MSELoss }',
      [dist('optim')]: '{ SGD }',
    },
    limit: '135 kB',
  },
  {
    name: 'safetensors, beside tensor-core',
    import: { [dist('serialize')]: '{ loadSafetensors, saveSafetensors }' },
    ignore: ['@tenfold/tensor-core'],
    limit: '4 kB',
  },
  {
    name: 'control flow for ONNX, beside tensor-core',
    import: { [dist('onnx-export', 'control')]: '*' },
    ignore: ['@tenfold/tensor-core'],
    limit: '4 kB',
  },
];

/** Each package by itself, without the packages it stands on. */
const packages = {
  'tensor-core': '86 kB',
  autograd: '34.5 kB',
  nn: '42 kB',
  optim: '19 kB',
  data: '20 kB',
  serialize: '13 kB',
  train: '6.6 kB',
  'onnx-model': '30.5 kB',
  'onnx-export': '50 kB',
  'onnx-import': '31 kB',
  'backend-cpu': '57.5 kB',
  'backend-webgpu': '45.5 kB',
  'backend-cuda-native': '22.5 kB',
};

export default [
  ...pages,
  ...Object.entries(packages).map(([name, limit]) => ({
    name: `@tenfold/${name} by itself`,
    import: { [dist(name)]: '*' },
    ignore: ['@tenfold/*', 'node:*'],
    limit,
  })),
].map((check) => ({ ...check, modifyEsbuildConfig }));
