/** The digits: 60,000 to learn from and 10,000 to be tested with. They stay bytes, as they are in their files. */
import { readFile } from 'node:fs/promises';
import { readIdx, TensorDataset } from '@tenfold/data';
import type { Tensor } from '@tenfold/tensor-core';
import { type DataFile, dataFile } from './files.ts';

/** Images, uint8 `[n, 28, 28]`, and the digits that they show, uint8 `[n]`. */
export type Digits = TensorDataset<readonly [images: Tensor, labels: Tensor]>;

export interface Data {
  readonly train: Digits;
  readonly test: Digits;
}

/** Reads all test digits, and the first `limit` to learn from. */
export async function readData(limit: number): Promise<Data> {
  const read = async (name: DataFile): Promise<Tensor> => readIdx(await readFile(dataFile(name)), { device: 'cpu' });
  const [images, labels] = [await read('train-images-idx3-ubyte'), await read('train-labels-idx1-ubyte')];
  return {
    train: new TensorDataset(images.slice(0, 0, limit), labels.slice(0, 0, limit)),
    test: new TensorDataset(await read('t10k-images-idx3-ubyte'), await read('t10k-labels-idx1-ubyte')),
  };
}
