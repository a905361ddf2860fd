/** How losses are called: scores, target, and a weight if there is one. */

import type { LossOps } from '@tenfold/tensor-core';
import * as core from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

type Loss = (input: core.Tensor, target: core.Tensor, options?: object) => core.Tensor;

const loss = (fn: Loss): OpCase => ({
  call: ([input, target, weight], args) => fn(input, target, weight ? { ...args, weight } : args),
});

export const lossCases: Cases<LossOps> = {
  mseLoss: loss(core.mseLoss),
  l1Loss: loss(core.l1Loss),
  smoothL1Loss: loss(core.smoothL1Loss),
  huberLoss: loss(core.huberLoss),
  nllLoss: loss(core.nllLoss),
  nllLossBackward: { none: 'the gradient of nllLoss; sampled there' },
  crossEntropy: loss(core.crossEntropy),
  binaryCrossEntropy: loss(core.binaryCrossEntropy),
  binaryCrossEntropyWithLogits: loss(core.binaryCrossEntropyWithLogits),
};
