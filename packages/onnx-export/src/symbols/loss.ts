/** Losses are exported as the ops they are made of: ONNX's own loss ops differ in what they take and are in few runtimes. */
import type { LossOps } from '@tenfold/tensor-core';
import { type Symbols, viaBody } from './symbol.ts';

/** Rows by op name. */
export const loss: Symbols<LossOps> = {
  mseLoss: viaBody,
  l1Loss: viaBody,
  smoothL1Loss: viaBody,
  huberLoss: viaBody,
  nllLoss: viaBody,
  nllLossBackward: viaBody,
  crossEntropy: viaBody,
  binaryCrossEntropy: viaBody,
  binaryCrossEntropyWithLogits: viaBody,
};
