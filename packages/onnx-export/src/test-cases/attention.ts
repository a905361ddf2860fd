/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import { tensor } from '@tenfold/tensor-core';
import { type Case, f } from './inputs.ts';

const attrs = { isCausal: false, scale: 0.5 };
const allowed = () =>
  tensor([
    [true, false, true],
    [true, true, false],
  ]);

export const attention = (): Case[] => [
  {
    op: 'scaledDotProductAttention',
    inputs: [f([2, 2, 4]), f([2, 3, 4]), f([2, 3, 2])],
    operands: (x) => [...x, null],
    attrs,
    dynamic: true,
  },
  { op: 'scaledDotProductAttention', inputs: [f([2, 4]), f([3, 4]), f([3, 2]), f([2, 3])], attrs },
  {
    op: 'scaledDotProductAttention',
    inputs: [f([2, 2, 3, 4]), f([2, 2, 3, 4]), f([2, 2, 3, 4])],
    operands: (x) => [...x, null],
    attrs: { isCausal: true, scale: 0.3 },
    dynamic: true,
  },
  {
    op: 'scaledDotProductAttention',
    inputs: [f([2, 2, 3, 4]), f([2, 2, 5, 4]), f([2, 2, 5, 4]), f([2, 1, 3, 5])],
    attrs,
    dynamic: true,
  },
  { op: 'scaledDotProductAttention', inputs: [f([2, 2, 3, 4]), f([2, 2, 2, 4]), f([2, 2, 2, 4]), f([2, 3, 2])], attrs },
  { op: 'scaledDotProductAttention', inputs: [f([2, 3, 4]), f([2, 2, 4]), f([2, 2, 4]), f([2, 3, 2])], attrs },
  { op: 'scaledDotProductAttention', inputs: [f([2, 2, 3, 4]), f([2, 4]), f([2, 4]), f([2])], attrs },
  { op: 'scaledDotProductAttention', inputs: [f([2, 4]), f([3, 4]), f([3, 2]), allowed()], attrs },
  {
    op: 'scaledDotProductAttention',
    inputs: [f([3, 4]), f([3, 4]), f([3, 4])],
    operands: (x) => [...x, null],
    attrs: { isCausal: true, scale: 0.5 },
  },
  {
    op: 'scaledDotProductAttentionBackward',
    inputs: [f([2, 2]), f([2]), f([2, 4]), f([3, 4]), f([3, 2]), f([2, 3]), f([2, 2]), f([2])],
    attrs: { ...attrs, wanted: [true, true, true, true] },
  },
];
