/** How these are called: pooling over windows. */

import type { PoolOps, Tensor } from '@tenfold/tensor-core';
import * as functions from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

const pair = (result: functions.MaxPooled | Tensor): readonly Tensor[] =>
  'values' in result ? [result.values, result.indices] : [result];

type WithKernel = `${'maxPool' | 'avgPool'}${1 | 2 | 3}d`;

const windows = (name: WithKernel): OpCase => ({
  call: ([x], { kernelSize, ...options }) => pair(functions[name](x, kernelSize, options)),
});

const adaptive = (name: `adaptive${'Max' | 'Avg'}Pool${1 | 2 | 3}d`): OpCase => ({
  call: ([x], { outputSize, ...options }) => pair(functions[name](x, outputSize, options)),
});

const power = (name: `lpPool${1 | 2 | 3}d`): OpCase => ({
  call: ([x], { normType, kernelSize, ...options }) => functions[name](x, normType, kernelSize, options),
});

const unpool = (name: `maxUnpool${1 | 2 | 3}d`): OpCase => ({
  call: ([x, indices], { kernelSize, ...options }) => functions[name](x, indices, kernelSize, options),
});

export const pool: Cases<PoolOps> = {
  maxPool: { none: 'what maxPool1d, maxPool2d and maxPool3d are made of; sampled there' },
  adaptiveMaxPool: { none: 'what adaptiveMaxPool1d and its like are made of; sampled there' },
  maxPoolBackward: { none: 'the gradient of maxPool; sampled there' },
  avgPool: { none: 'what avgPool1d, avgPool2d and avgPool3d are made of; sampled there' },
  avgPoolBackward: { none: 'the gradient of avgPool; sampled there' },
};

/** Methods and functions that are made of other ops. */
export const poolMethods: { readonly [name: string]: OpCase } = {
  maxPool1d: windows('maxPool1d'),
  maxPool2d: windows('maxPool2d'),
  maxPool3d: windows('maxPool3d'),
  avgPool1d: windows('avgPool1d'),
  avgPool2d: windows('avgPool2d'),
  avgPool3d: windows('avgPool3d'),
  adaptiveMaxPool1d: adaptive('adaptiveMaxPool1d'),
  adaptiveMaxPool2d: adaptive('adaptiveMaxPool2d'),
  adaptiveMaxPool3d: adaptive('adaptiveMaxPool3d'),
  adaptiveAvgPool1d: adaptive('adaptiveAvgPool1d'),
  adaptiveAvgPool2d: adaptive('adaptiveAvgPool2d'),
  adaptiveAvgPool3d: adaptive('adaptiveAvgPool3d'),
  lpPool1d: power('lpPool1d'),
  lpPool2d: power('lpPool2d'),
  maxUnpool1d: unpool('maxUnpool1d'),
  maxUnpool2d: unpool('maxUnpool2d'),
  maxUnpool3d: unpool('maxUnpool3d'),
};
