/** Where the derivatives of this family are checked. */
import { builtinOps, dispatch, type IndexOps, tensor } from '@tenfold/tensor-core';
import { any, bools, ints, other, type Sample, type Samples } from './inputs.ts';

const onto = ints([
  [0, 2, 1],
  [0, 0, 2],
]);
const reduced = (reduce: 'sum' | 'prod' | 'amax' | 'amin' | 'mean'): Sample[] =>
  [true, false].map(
    (includeSelf): Sample => [(x, y) => x.scatterReduce(1, onto, y, reduce, { includeSelf }), any(2, 4), other(2, 3)],
  );
const leaf = (data: number[]) => tensor(data, { dtype: 'float64', requiresGrad: true });

export const index: Samples<IndexOps> = {
  embeddingBackward: [
    [
      (g) =>
        dispatch(
          builtinOps.embeddingBackward,
          [
            g,
            ints([
              [2, 0],
              [2, 1],
            ]),
          ],
          { rows: 4, paddingIdx: 1 },
        ),
      any(2, 2, 3),
    ],
  ],
  scatterReduce: [
    ...reduced('sum'),
    ...reduced('prod'),
    ...reduced('amax'),
    ...reduced('amin'),
    ...reduced('mean'),
    // no, one, two and three factors that are 0
    [
      (x, y) => x.scatterReduce(0, ints([0, 0, 1, 1, 2, 2, 3, 3]), y, 'prod'),
      leaf([2, 0.5, -1.5, 0]),
      leaf([3, 1.25, 0, 2, 0, 0, 0, 0]),
    ],
    [
      (x, y) => x.scatterReduce(0, ints([0, 0, 0, 1, 2]), y, 'prod', { includeSelf: false }),
      leaf([0, 0, 0, 1.5]),
      leaf([0, 2, 0, 0, 3]),
    ],
    // the tensor's own zero among the factors
    [(x, y) => x.scatterReduce(0, ints([0, 0, 1, 1]), y, 'prod'), leaf([0, 0, 2]), leaf([3, 2, 0, 1.5])],
    [(x, y) => x.scatter(0, ints([0, 0, 1]), y, { reduce: 'multiply' }), any(3), other(3)],
  ],
  scatterAdd: [[(x, y) => x.scatter(0, ints([0, 0, 1]), y, { reduce: 'add' }), any(3), other(3)]],
  indexCopy: [[(x, y) => x.put(ints([3, -1]), y), any(2, 3), other(2)]],
  indexAdd: [
    [(x, y) => x.indexAdd(0, ints([0, 0, 1]), y, { alpha: 2.5 }), any(3), other(3)],
    [(x, y) => x.put(ints([3, -1, 3]), y, { accumulate: true }), any(2, 3), other(3)],
  ],
  gather: [[(x) => x.takeAlongDim(ints([[0], [2]]), 1), any(2, 3)]],
  index: [
    [(x) => x.index(['...', ints([2, 0, 2])]), any(2, 2, 3)],
    [(x) => x.index(['newAxis', bools([true, false]), '...', 0]), any(2, 2, 3)],
  ],
  indexPut: [[(x, y) => x.indexPut([0, '...', ints([2, 0])], y), any(2, 2, 3), other(2)]],
};
