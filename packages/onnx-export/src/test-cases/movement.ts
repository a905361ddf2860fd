/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import { type Case, f, i } from './inputs.ts';

export const movement = (): Case[] => [
  { op: 'diagEmbed', inputs: [f([3, 4])], attrs: { offset: 0, dim1: 1, dim2: 2 }, dynamic: true },
  { op: 'diagEmbed', inputs: [f([3, 4])], attrs: { offset: -2, dim1: 2, dim2: 0 } },
  { op: 'diagEmbed', inputs: [i(-5, 6, [4], 'int64')], attrs: { offset: 1, dim1: 0, dim2: 1 } },
];
