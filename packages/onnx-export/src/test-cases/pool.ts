/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import { type AvgPoolAttrs, type PoolAttrs, pooledSizes } from '@tenfold/tensor-core';
import { type Case, f, i } from './inputs.ts';

const windows = (kernel: number[], changed: Partial<PoolAttrs> = {}): PoolAttrs => ({
  kernel,
  stride: kernel,
  padding: kernel.map(() => 0),
  dilation: kernel.map(() => 1),
  ceilMode: false,
  ...changed,
});

const means = (kernel: number[], changed: Partial<AvgPoolAttrs> = {}): AvgPoolAttrs => ({
  ...windows(kernel, changed),
  countIncludePad: changed.countIncludePad ?? true,
  divisorOverride: changed.divisorOverride ?? null,
});

const ceil = { stride: [3, 2], padding: [1, 1], ceilMode: true };

export const pool = (): Case[] => [
  { op: 'maxPool', inputs: [f([2, 3, 7])], attrs: windows([3], { stride: [2], padding: [1] }), dynamic: true },
  { op: 'maxPool', inputs: [f([2, 2, 5, 6])], attrs: windows([2, 3], ceil), dynamic: true },
  { op: 'maxPool', inputs: [f([1, 2, 6, 7])], attrs: windows([2, 2], { dilation: [2, 3], stride: [1, 2] }) },
  { op: 'maxPool', inputs: [f([1, 2, 4, 5, 4])], attrs: windows([2, 2, 2]) },
  { op: 'maxPoolBackward', inputs: [f([2, 2, 3]), i(0, 5, [2, 2, 3])], attrs: { size: [5] }, since: 16 },
  { op: 'adaptiveMaxPool', inputs: [f([2, 2, 4, 6])], attrs: { size: [2, 3] }, dynamic: true },
  { op: 'avgPool', inputs: [f([2, 3, 7])], attrs: means([3], { stride: [2], padding: [1] }), dynamic: true },
  { op: 'avgPool', inputs: [f([2, 2, 5, 6])], attrs: means([2, 3], { padding: [1, 1], countIncludePad: false }) },
  { op: 'avgPool', inputs: [f([2, 2, 5, 6])], attrs: means([2, 3], ceil), dynamic: true },
  { op: 'avgPool', inputs: [f([2, 2, 5, 6])], attrs: means([2, 3], { ...ceil, countIncludePad: false }) },
  { op: 'avgPool', inputs: [f([1, 2, 4, 5])], attrs: means([2, 2], { divisorOverride: 3 }) },
  { op: 'avgPool', inputs: [f([1, 2, 4, 5, 4])], attrs: means([2, 2, 2]) },
  ...[
    means([2, 3], { padding: [1, 1] }),
    means([2, 3], { padding: [1, 1], countIncludePad: false }),
    means([2, 3], ceil),
    means([2, 3], { ...ceil, countIncludePad: false }),
    means([2, 2], { divisorOverride: 3, stride: [1, 2] }),
  ].map((attrs): Case => {
    const shape = pooledSizes([5, 6], attrs);
    return { op: 'avgPoolBackward', inputs: [f([2, 2, ...shape])], attrs: { ...attrs, size: [5, 6] }, dynamic: true };
  }),
  { op: 'avgPoolBackward', inputs: [f([2, 3, 3])], attrs: { ...means([3], { stride: [2] }), size: [7] } },
];
