/** Where the symbols of further reductions are run in onnxruntime. */
import { tensor } from '@tenfold/tensor-core';
import { type Case, f, i } from './inputs.ts';

const holes = () =>
  tensor(
    [
      [1, Number.NaN, 3],
      [4, 5, Number.NaN],
      [7, 2, 6],
    ],
    { dtype: 'float64' },
  );

/** Ops whose body counts the elements of the dim: an axis that changes is another one. */
export const reduce = (): Case[] => [
  { op: 'nansum', inputs: [holes()], attrs: { dims: [1], keepdim: false }, dynamic: true },
  { op: 'nansum', inputs: [i(-5, 6, [3, 4])], attrs: { dims: [0, 1], keepdim: true }, dynamic: true },
  { op: 'logcumsumexp', inputs: [f([3, 4])], attrs: { dim: 1, reverse: false }, dynamic: true },
  { op: 'logcumsumexp', inputs: [f([3, 4])], attrs: { dim: 0, reverse: true } },
  { op: 'median', inputs: [f([3, 4])], attrs: null },
  { op: 'medianDim', inputs: [f([3, 4])], attrs: { dim: 1, keepdim: false }, dynamic: true },
  { op: 'medianDim', inputs: [i(-50, 50, [3, 5])], attrs: { dim: 1, keepdim: true }, dynamic: true },
  { op: 'kthvalue', inputs: [f([3, 4])], attrs: { k: 2, dim: 1, keepdim: false }, dynamic: true },
  {
    op: 'quantile',
    inputs: [f([3, 4])],
    operands: ([x]) => [x, 0.3],
    attrs: { dim: 1, keepdim: false, interpolation: 'linear' },
  },
  {
    op: 'quantile',
    inputs: [f([3, 4])],
    operands: ([x]) => [x, 0.3],
    attrs: { dim: null, keepdim: true, interpolation: 'nearest' },
  },
];
