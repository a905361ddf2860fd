/** Losses in ONNX: against classes its own ops, which came with opset 12, else what they are made of. */
import type { LossOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { type Symbols, viaBody } from './symbol.ts';

interface ClassLoss {
  readonly reduction: string;
  readonly ignoreIndex: number;
}

/** ONNX's loss of scores `[N, C, …]` against classes `[N, …]`. */
function classLoss(g: OpContext, type: string): Ref | null {
  const { reduction, ignoreIndex } = g.attrs as ClassLoss;
  // a sample alone has no form of its own
  if (g.opset < 12 || g.rank() < 2 || g.dims().includes(0)) return null;
  // the definition of the one in terms of the other leaves bfloat16 out before opset 22
  if (g.outDType() === 'bfloat16' && g.opset < 22) return null;
  const inputs = [g.x(0), g.cast(g.x(1), 'int64'), ...(g.isAbsent(2) ? [] : [g.x(2)])];
  return g.op(type, inputs, { reduction_s: reduction, ignore_index_i: ignoreIndex });
}

/** Rows by op name. */
export const loss: Symbols<LossOps> = {
  mseLoss: viaBody,
  l1Loss: viaBody,
  smoothL1Loss: viaBody,
  huberLoss: viaBody,
  nllLoss: (g) => classLoss(g, 'NegativeLogLikelihoodLoss'),
  nllLossBackward: viaBody,
  // against probabilities, or with smooth labels, ONNX has none
  crossEntropy: (g) => {
    if (g.attrs.labelSmoothing !== 0 || g.rank(1) === g.rank(0)) return null;
    return classLoss(g, 'SoftmaxCrossEntropyLoss');
  },
  binaryCrossEntropy: viaBody,
  binaryCrossEntropyWithLogits: viaBody,
};
