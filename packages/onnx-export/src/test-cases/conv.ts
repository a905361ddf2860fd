/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import type { ConvAttrs } from '@tenfold/tensor-core';
import { type Case, f } from './inputs.ts';

const settings = (n: number, changed: Partial<ConvAttrs> = {}): ConvAttrs => {
  const all = (value: number): number[] => new Array<number>(n).fill(value);
  return { stride: all(1), padding: all(0), paddingEnd: all(0), dilation: all(1), groups: 1, ...changed };
};

const without = (inputs: readonly import('@tenfold/tensor-core').Tensor[]) => [...inputs, null];

const mixed: Partial<ConvAttrs> = { stride: [2, 1], padding: [1, 2], paddingEnd: [0, 1], dilation: [1, 2], groups: 2 };

export const conv = (): Case[] => [
  { op: 'convolution', inputs: [f([2, 3, 7]), f([4, 3, 3]), f([4])], attrs: settings(1, { stride: [2] }) },
  { op: 'convolution', inputs: [f([2, 4, 5, 6]), f([4, 2, 2, 2]), f([4])], attrs: settings(2, mixed) },
  {
    op: 'convolution',
    inputs: [f([2, 2, 5]), f([2, 2, 2])],
    operands: without,
    attrs: settings(1, { paddingEnd: [-1] }),
  },
  { op: 'convolution', inputs: [f([1, 2, 3, 4, 3]), f([2, 2, 2, 2, 2])], operands: without, attrs: settings(3) },
  {
    op: 'convolutionTranspose',
    inputs: [f([2, 3, 4]), f([3, 2, 3]), f([2])],
    attrs: settings(1, { stride: [3], paddingEnd: [-2] }),
  },
  {
    op: 'convolutionTranspose',
    inputs: [f([1, 4, 3, 3]), f([4, 2, 3, 2])],
    operands: without,
    attrs: settings(2, { stride: [2, 3], padding: [1, 0], paddingEnd: [0, 0], groups: 2 }),
  },
  { op: 'convolutionWeight', inputs: [f([2, 3, 5]), f([2, 2, 6])], attrs: settings(1), dynamic: true },
  {
    op: 'convolutionWeight',
    inputs: [f([2, 4, 3, 3]), f([2, 2, 5, 6])],
    attrs: settings(2, { stride: [2, 1], padding: [1, 0], paddingEnd: [0, -1], dilation: [1, 2], groups: 2 }),
    dynamic: true,
  },
];
