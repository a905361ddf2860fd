/** Losses over classes. */
import { nllLoss, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';

const reductions = ['none', 'mean', 'sum'] as const;

/** −log p of the targets, from `[N, C, …]`; the mean is weighted. */
function negativeLikelihood(c: NodeContext, logs: Tensor): Tensor {
  const reduction = reductions.find((name) => name === c.string('reduction', 'mean'));
  if (!reduction) throw c.error(`reduction must be one of ${reductions.join(', ')}, got '${c.string('reduction')}'`);
  const options = { reduction, weight: c.optional(2) };
  const target = c.x(1).to('int64');
  return nllLoss(logs, target, c.given('ignore_index') ? { ...options, ignoreIndex: c.int('ignore_index') } : options);
}

function softmaxCrossEntropy(c: NodeContext): RowResult {
  const logs = c.x().logSoftmax(1);
  return [negativeLikelihood(c, logs), logs];
}

/** Rows by op type. */
export const loss: Rows = {
  NegativeLogLikelihoodLoss: (c) => negativeLikelihood(c, c.x()),
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};
