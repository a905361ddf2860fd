import { defineConfig } from 'vite';
import { digits } from './digits.ts';

/** With these headers a page may share memory between threads, which backend-cpu uses. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  base: './',
  plugins: [digits()],
  // the packages' sources: nothing has to be built first
  resolve: { conditions: ['tenfold-source', 'module', 'browser', 'development|production'] },
  // exports to files are for Node; no page reaches them
  build: { target: 'es2023', chunkSizeWarningLimit: 800, rolldownOptions: { external: /^node:/ } },
  server: { headers },
  preview: { headers },
});
