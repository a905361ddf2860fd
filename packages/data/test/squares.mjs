/** Datasets that workers make again, in a module of their own. */
import { getWorkerInfo } from '@tenfold/data/worker';

/** `[i, i²]` with noise of the sample's own generator. */
export class Squares {
  constructor(length, { slow = 0, failAt = -1 } = {}) {
    this.length = length;
    this.slow = slow;
    this.failAt = failAt;
  }

  async get(index, generator) {
    // later samples of a batch come first
    if (this.slow > 0) await new Promise((done) => setTimeout(done, this.slow * ((index * 7) % 5)));
    if (index === this.failAt) throw new RangeError(`no sample ${index}`);
    const { offset, seed } = generator;
    return {
      x: Float32Array.of(index, index ** 2),
      label: BigInt(index % 3),
      name: `n${index}`,
      stream: (offset / 2 ** 20 + Number(seed)) % 1e6,
    };
  }
}

/** The whole numbers below `n`, each worker its share. */
export async function* counting(n) {
  const { id, numWorkers } = getWorkerInfo() ?? { id: 0, numWorkers: 1 };
  for (let i = id; i < n; i += numWorkers) yield i;
}

/** Another length in a worker than outside. */
export const liar = () => ({ length: getWorkerInfo() ? 3 : 4, get: (index) => index });

export const breaks = () => {
  if (getWorkerInfo()) throw new TypeError('cannot open the file');
  return { length: 4, get: (index) => index };
};

export const dies = () => ({ length: 4, get: () => process.exit(7) });

export const hangs = () => ({ length: 4, get: () => new Promise(() => setInterval(() => {}, 1000)) });
