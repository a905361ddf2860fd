/** Where the derivatives of this family are checked: nothing flows through a draw, so all are zeros but for what is only scaled by one. */
import { dropout, manualSeed, normal, type RandomOps, type Tensor } from '@tenfold/tensor-core';
import { any, type Fn, positive, probability, type Sample, type Samples } from './inputs.ts';

/** The same numbers at every call. */
const seeded = (fn: Fn, ...inputs: Tensor[]): Sample => [
  (...x) => {
    manualSeed(0);
    return fn(...x.map((y) => y.mul(1)));
  },
  ...inputs,
];

export const random: Samples<RandomOps> = {
  logNormal: [seeded((x) => x.logNormal_(), any(4))],
  cauchy: [seeded((x) => x.cauchy_(), any(4))],
  geometric: [seeded((x) => x.geometric_(0.3), probability(4))],
  dropout: [seeded((x) => dropout(x, 0.5), any(3, 4)), seeded((x) => dropout(x, 1), any(2))],
  // as PyTorch has it, though the numbers do move with the mean: where it can't move, zeros are right
  normalOf: [seeded((mean, std) => normal(mean.mul(0), std.mul(0)), any(2, 1), positive(3))],
};
