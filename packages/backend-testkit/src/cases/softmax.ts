/** How softmax and its logarithm are called. */
import type { SoftmaxOps } from '@tenfold/tensor-core';
import { type Cases, positional } from '../case.ts';

export const softmax: Cases<SoftmaxOps> = {
  softmax: positional('softmax', 'dim'),
  logSoftmax: positional('logSoftmax', 'dim'),
  softmaxBackward: { none: 'the gradient of softmax; sampled there' },
  logSoftmaxBackward: { none: 'the gradient of logSoftmax; sampled there' },
};
