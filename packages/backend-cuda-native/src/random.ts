/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createRandom(_cuda: Cuda): Pick<Runtime<Buffer>, 'random' | 'randomIntegers'> {
  const fail = () => {
    throw new Error('createRandom is being written');
  };
  return { random: fail, randomIntegers: fail };
}
