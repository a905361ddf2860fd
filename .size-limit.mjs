/** What an application that computes on the CPU ships, bundled, minified and compressed with brotli. `npm run lint` holds it. */
export default [
  {
    name: 'tensor-core + backend-cpu',
    import: { 'packages/tensor-core/dist/index.js': '*', 'packages/backend-cpu/dist/index.js': '{ cpu }' },
    limit: '70 kB',
    modifyEsbuildConfig: (config) => ({ ...config, format: 'esm' }),
  },
];
