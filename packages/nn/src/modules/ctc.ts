/** Connectionist temporal classification as a module. */
import type { Tensor } from '@tenfold/tensor-core';
import { checkFlag, checkSize } from '../checks.ts';
import { type CtcLossOptions, ctcLoss, type Lengths } from '../functional/ctc.ts';
import { Loss } from './loss.ts';

/**
 * The loss of label sequences whose alignment with the input is not known (https://pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html).
 *
 * @throws ArgumentError for options of the wrong kind.
 * @example
 * const loss = new CTCLoss().forward(logits.logSoftmax(2), targets, [50, 50], [12, 9]); // logits [50, 2, C], targets [2, S]
 */
export class CTCLoss extends Loss {
  readonly blank: number;
  readonly zeroInfinity: boolean;

  constructor(options?: CtcLossOptions) {
    super(options, ['blank', 'zeroInfinity']);
    this.blank = checkSize('CTCLoss: blank', options?.blank ?? 0);
    this.zeroInfinity = checkFlag('CTCLoss: zeroInfinity', options?.zeroInfinity ?? false);
  }

  forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    const { reduction, blank, zeroInfinity } = this;
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, { reduction, blank, zeroInfinity });
  }
}
