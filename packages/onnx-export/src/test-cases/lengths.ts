/** Ops over sequences whose batch and length both change. */
import { type Case, f, i } from './inputs.ts';

/** One input, of which axis 1 is the length. */
const along = (op: Case['op'], attrs: object | null, x = f([3, 4, 2])): Case => ({
  op,
  inputs: [x],
  attrs,
  dynamic: true,
  length: 1,
});

const conv = { stride: [1], padding: [1], paddingEnd: [1], dilation: [1], groups: 1 };

export const lengths = (): Case[] => [
  along('softmax', { dim: 1 }),
  along('cumsum', { dim: 1, reverse: false }),
  along('cummax', { dim: 1 }),
  along('logcumsumexp', { dim: 1, reverse: false }),
  along('mean', { dims: [1], keepdim: false }),
  along('maxDim', { dim: 1, keepdim: false }),
  along('sort', { dim: 1, descending: false }),
  along('flip', { dims: [1] }),
  along('transpose', { dim0: 1, dim1: 2 }),
  { ...along('layerNorm', { dims: 1, eps: 0.1 }), operands: ([x]) => [x, null, null] },
  { ...along('rmsNorm', { dims: 1, eps: 0.1 }), operands: ([x]) => [x, null] },
  along('oneHot', { numClasses: 4 }, i(0, 4, [3, 4])),
  {
    op: 'bmm',
    inputs: [f([3, 4, 5]), f([3, 4, 5])],
    operands: ([x, y]) => [x, y.transpose(1, 2)],
    dynamic: true,
    length: 1,
  },
  {
    op: 'scaledDotProductAttention',
    inputs: [f([3, 2, 4, 5]), f([3, 2, 4, 5]), f([3, 2, 4, 5])],
    operands: (x) => [...x, null],
    attrs: { isCausal: true, scale: 0.4 },
    dynamic: true,
    length: 2,
  },
  {
    op: 'convolution',
    inputs: [f([3, 2, 5])],
    operands: ([x]) => [x, x.newOnes([4, 2, 3]), null],
    attrs: conv,
    dynamic: true,
    length: 2,
  },
];
