/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import { tensor } from '@tenfold/tensor-core';
import { type Case, f, i } from './inputs.ts';

export const index = (): Case[] => [
  ...(['sum', 'prod', 'amax', 'amin'] as const).flatMap((reduce): Case[] => {
    const since = reduce === 'sum' || reduce === 'prod' ? 16 : 18;
    return [true, false].flatMap((includeSelf): Case[] => [
      {
        op: 'scatterReduce',
        inputs: [f([4, 5]), i(0, 4, [3, 5]), f([3, 5])],
        attrs: { dim: 0, reduce, includeSelf },
        since,
      },
      {
        op: 'scatterReduce',
        inputs: [f([4, 5]), i(0, 5, [4, 3]), f([4, 3])],
        attrs: { dim: 1, reduce, includeSelf },
        since,
        dynamic: true,
      },
      {
        op: 'scatterReduce',
        inputs: [i(-5, 6, [4], 'int32'), i(0, 4, [6]), i(-5, 6, [6], 'int32')],
        attrs: { dim: 0, reduce, includeSelf },
        since,
      },
    ]);
  }),
  { op: 'uniqueRows', inputs: [f([4, 3]), tensor([0, 2], { dtype: 'int64' })], attrs: null },
];
