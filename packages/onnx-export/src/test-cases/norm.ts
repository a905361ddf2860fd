/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import { type Case, f, positive } from './inputs.ts';

const eps = 0.25;
const all = [true, true, true];
type Operands = NonNullable<Case['operands']>;
const noBias: Operands = ([x, w]) => [x, w, null];
const plain: Operands = ([x]) => [x, null, null];
const noWeight: Operands = ([x, b]) => [x, null, b];

export const norm = (): Case[] => [
  { op: 'layerNorm', inputs: [f([3, 4]), f([4]), f([4])], attrs: { dims: 1, eps } },
  { op: 'layerNorm', inputs: [f([2, 3, 4])], operands: plain, attrs: { dims: 2, eps }, dynamic: true },
  { op: 'layerNorm', inputs: [f([3, 4]), f([4])], operands: noBias, attrs: { dims: 1, eps } },
  { op: 'layerNorm', inputs: [f([3, 4]), f([4])], operands: noWeight, attrs: { dims: 1, eps } },
  {
    op: 'layerNormBackward',
    inputs: [f([3, 4]), f([3, 4]), f([3, 1]), positive([3, 1])],
    operands: (x) => [...x, null],
    attrs: { dims: 1, wanted: all },
    dynamic: true,
  },
  { op: 'groupNorm', inputs: [f([2, 4, 3]), f([4]), f([4])], attrs: { groups: 2, eps } },
  { op: 'groupNorm', inputs: [f([2, 4, 3, 2])], operands: plain, attrs: { groups: 4, eps }, dynamic: true },
  { op: 'groupNorm', inputs: [f([2, 4]), f([4]), f([4])], attrs: { groups: 2, eps } },
  { op: 'groupNorm', inputs: [f([2, 4, 3, 2]), f([4]), f([4])], attrs: { groups: 4, eps }, dynamic: false },
  {
    op: 'groupNormBackward',
    inputs: [f([2, 4, 3]), f([2, 4, 3]), f([2, 2]), positive([2, 2]), f([4])],
    attrs: { groups: 2, wanted: all },
  },
  { op: 'batchNorm', inputs: [f([3, 2, 4]), f([2]), f([2])], attrs: { eps } },
  { op: 'batchNorm', inputs: [f([3, 2])], operands: plain, attrs: { eps }, dynamic: true },
  { op: 'batchNormInference', inputs: [f([3, 2, 4]), f([2]), positive([2]), f([2]), f([2])], attrs: { eps } },
  {
    op: 'batchNormInference',
    inputs: [f([3, 2]), f([2]), positive([2])],
    operands: (x) => [...x, null, null],
    attrs: { eps },
  },
  {
    op: 'batchNormBackward',
    inputs: [f([3, 2, 4]), f([3, 2, 4]), f([2]), positive([2]), f([2])],
    attrs: { training: true, wanted: all },
  },
  { op: 'rmsNorm', inputs: [f([3, 4]), f([4])], attrs: { dims: 1, eps } },
  { op: 'rmsNorm', inputs: [f([2, 3, 4])], operands: ([x]) => [x, null], attrs: { dims: 2, eps }, dynamic: true },
  {
    op: 'rmsNormBackward',
    inputs: [f([3, 4]), f([3, 4]), positive([3, 1]), f([4])],
    attrs: { dims: 1, wanted: [true, true] },
  },
];
