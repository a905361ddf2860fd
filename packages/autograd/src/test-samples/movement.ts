/** Where the derivatives of this family are checked. */
import { blockDiag, cartesianProd, columnStack, combinations, dstack, type MovementOps } from '@tenfold/tensor-core';
import { any, other, type Samples } from './inputs.ts';

export const movement: Samples<MovementOps> = {
  diagEmbed: [
    [(x) => x.diagEmbed(), any(2, 3)],
    [(x) => x.diagEmbed({ offset: -1, dim1: 0, dim2: 2 }), any(2, 3)],
  ],
  viewScatter: [
    [(x, y) => x.diagonalScatter(y, { offset: 1 }), any(3, 3), other(2)],
    [(x, y) => x.selectScatter(y, 1, -1), any(2, 3), other(2)],
    [(x, y) => x.sliceScatter(y, 0, 1, null, 2), any(4, 2), other(2, 2)],
  ],
  flip: [
    [(x) => x.rot90(), any(2, 3)],
    [(x) => x.rot90(-1, [1, 0]), any(2, 3)],
  ],
  cat: [
    [(x, y) => dstack([x, y]), any(2, 2), other(2, 2)],
    [(x, y) => columnStack([x, y]), any(2), other(2, 2)],
    [(x, y) => blockDiag([x, y]), any(2, 1), other(3)],
  ],
  stack: [[(x, y) => cartesianProd([x, y]), any(2), other(3)]],
  view: [[(x) => combinations(x, { r: 2, withReplacement: true }), any(3)]],
  repeatInterleave: [[(x) => x.repeatInterleave(3), any(2, 2)]],
};
