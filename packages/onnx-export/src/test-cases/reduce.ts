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

const q = [0, 0.3, 1];

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
  ...(['median', 'nanmedian'] as const).map((op): Case => ({ op, inputs: [holes()], attrs: null })),
  ...(['medianDim', 'nanmedianDim', 'mode'] as const).flatMap((op): Case[] => [
    { op, inputs: [holes()], attrs: { dim: 1, keepdim: false }, dynamic: true },
    { op, inputs: [f([5, 3])], attrs: { dim: 0, keepdim: true } },
  ]),
  { op: 'kthvalue', inputs: [holes()], attrs: { k: 3, dim: 1, keepdim: true }, dynamic: true },
  { op: 'mode', inputs: [i(0, 3, [3, 7])], attrs: { dim: 1, keepdim: false }, dynamic: true },
  { op: 'mode', inputs: [i(0, 3, [6, 2], 'int8')], attrs: { dim: 0, keepdim: false } },
  ...(['quantile', 'nanquantile'] as const).flatMap((op): Case[] => [
    {
      op,
      inputs: [holes()],
      operands: ([x]) => [x, tensor(q, { dtype: x.dtype })],
      attrs: { dim: 1, keepdim: false, interpolation: 'linear' },
    },
    {
      op,
      inputs: [f([4, 3])],
      operands: ([x]) => [x, 0.4],
      attrs: { dim: 0, keepdim: true, interpolation: 'midpoint' },
    },
  ]),
  ...(['cummax', 'cummin'] as const).flatMap((op): Case[] => [
    { op, inputs: [f([3, 5])], attrs: { dim: 1 }, dynamic: true },
    { op, inputs: [f([4, 2, 2])], attrs: { dim: 0 }, dynamic: true },
    { op, inputs: [holes()], attrs: { dim: 1 }, dynamic: true },
    {
      op,
      inputs: [
        tensor([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, Number.NaN, 3], {
          dtype: 'float64',
        }),
      ],
      attrs: { dim: 0 },
    },
    ...(['int64', 'int32', 'int8'] as const).map(
      (dtype): Case => ({ op, inputs: [i(-3, 4, [3, 6], dtype)], attrs: { dim: 1 }, dynamic: true }),
    ),
    { op, inputs: [f([3, 4]).gt(0)], attrs: { dim: 1 } },
  ]),
];
