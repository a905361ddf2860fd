import type { Capabilities, Runtime } from '@tenfold/tensor-core';
import { argReduce } from './arg-reduce.ts';
import { gather } from './gather.ts';
import { map } from './map.ts';
import { matmul } from './matmul.ts';
import { bufferStore, type Memory } from './memory.ts';
import { random, randomIntegers } from './random.ts';
import { reduce } from './reduce.ts';
import { scan } from './scan.ts';
import { scatter } from './scatter.ts';
import { sort } from './sort.ts';

/** What the device can do. Take away what yours lacks: the checks that need it are left out. */
const capabilities: Capabilities = {
  dtypes: ['float32', 'float64', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'],
  // `downloadSync` exists
  syncRead: true,
  // core counts every buffer, and frees it when its last tensor is gone
  collectedBelow: 0,
};

/** Opens the device: its buffers and its kernels. */
export function openRuntime(): Runtime<Memory> {
  return {
    capabilities,
    ...bufferStore(2 ** 31),
    ...{ map, reduce, argReduce, scan, matmul, gather, scatter, sort, random, randomIntegers },
    // kernels of your own for ops that core derives from the families, by the op's name
    overrides: {},
  };
}
