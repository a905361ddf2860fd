/** Datasets that workers make again, in a module of their own. */
import { getWorkerInfo } from '@tenfold/data';
import { tensor } from '@tenfold/tensor-core';

/** `i` and `i²`, and what the sample's own generator would draw from. */
export class Squares {
  constructor(length, { slow = 0, failAt = -1 } = {}) {
    this.length = length;
    this.slow = slow;
    this.failAt = failAt;
  }

  async get(index, generator) {
    // some samples come before those that were asked for earlier
    if (this.slow > 0) await new Promise((done) => setTimeout(done, this.slow * ((index * 7) % 5)));
    if (index === this.failAt) throw new RangeError(`no sample ${index}`);
    const { offset, seed } = generator;
    return {
      x: Float32Array.of(index, index ** 2),
      label: BigInt(index % 3),
      name: `n${index}`,
      stream: `${seed}:${offset}`,
    };
  }
}

/** The whole numbers below `n`, each worker its share. */
export async function* counting(n) {
  const { id, numWorkers } = getWorkerInfo() ?? { id: 0, numWorkers: 1 };
  for (let i = id; i < n; i += numWorkers) yield i;
}

/** Tensors of several dtypes: they need a backend, which the other datasets don't. */
export async function tensors() {
  await import('@tenfold/backend-cpu/register');
  const get = (index) => [
    tensor([[index, 0.1]], { dtype: 'float64' }),
    tensor(index % 2 === 0),
    tensor([index / 3], { dtype: 'float16' }),
    tensor([2 ** 40 + index], { dtype: 'int64' }),
    index,
  ];
  return { length: 4, get };
}

export const asleep = () => ({ length: 4, get: () => new Promise(() => {}) });
export const dying = () => ({ length: 4, get: () => process.exit(7) });
export const functions = () => ({ length: 4, get: () => [() => 1] });
/** Another length in a worker than outside. */
export const liar = () => ({ length: getWorkerInfo() ? 3 : 4, get: (index) => index });
export const ragged = () => ({ length: 4, get: (index) => new Float32Array(index) });
export const unopened = () => {
  if (getWorkerInfo()) throw new TypeError('cannot open the file');
  return { length: 4, get: (index) => index };
};
export const nothing = () => 5;
