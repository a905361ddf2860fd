/** The random family: a thread computes one block of a Philox stream, as `philox.ts` of tensor-core states them. */
import type { RandomKey, Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import { type Buffer, kernelTypes, type View } from './elements.ts';
import { axesOf, countOf, forEachPart, merged, sizeOf } from './geometry.ts';

/** Elements of a block; of float64 half as many floats. */
const perBlock = 4;

/** `random` and `randomIntegers`. */
export function createRandom(cuda: Cuda): Pick<Runtime<Buffer>, 'random' | 'randomIntegers'> {
  function fill(name: string, out: View, { lo, hi }: RandomKey, offset: number, low: number, range: number): void {
    if (sizeOf(out.shape) === 0) return;
    const kernel = `random_${name}_${kernelTypes[out.dtype]}`;
    const elements = out.dtype === 'float64' && name !== 'integers' ? perBlock / 2 : perBlock;
    let first = 0;
    forEachPart(merged(axesOf([out])), [out.offset], (part, [to]) => {
      const count = countOf(part);
      cuda
        .call(kernel)
        .view(out, to)
        .walk(part, 1)
        .long(offset)
        .long(first)
        .int(lo | 0)
        .int(hi | 0)
        .long(low)
        .long(range)
        .launchOver(Math.ceil(count / elements) + 1);
      first += count;
    });
  }
  return {
    random: (kind, out, key, offset) => fill(kind, out, key, offset, 0, 1),
    randomIntegers: (out, key, offset, low, range) => fill('integers', out, key, offset, low, range),
  };
}
