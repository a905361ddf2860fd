/** Distances and similarities as modules. */
import { checkOptions, type Tensor } from '@tenfold/tensor-core';
import { checkFlag, checkNumber } from '../checks.ts';
import {
  type CosineSimilarityOptions,
  cosineSimilarity,
  type PairwiseDistanceOptions,
  pairwiseDistance,
} from '../functional/distance.ts';
import { Module } from '../module.ts';

/** The cosine of the angle between vectors along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html). */
export class CosineSimilarity extends Module {
  readonly dim: number;
  readonly eps: number;

  constructor(options?: CosineSimilarityOptions) {
    super();
    checkOptions('CosineSimilarity', options, ['dim', 'eps']);
    this.dim = checkNumber('CosineSimilarity: dim', options?.dim ?? 1);
    this.eps = checkNumber('CosineSimilarity: eps', options?.eps ?? 1e-8);
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    const { dim, eps } = this;
    return cosineSimilarity(x1, x2, { dim, eps });
  }
}

/** The p-norm of differences over the last dim (https://pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html). */
export class PairwiseDistance extends Module {
  readonly norm: number;
  readonly eps: number;
  readonly keepdim: boolean;

  constructor(options?: PairwiseDistanceOptions) {
    super();
    checkOptions('PairwiseDistance', options, ['p', 'eps', 'keepdim']);
    this.norm = checkNumber('PairwiseDistance: p', options?.p ?? 2);
    this.eps = checkNumber('PairwiseDistance: eps', options?.eps ?? 1e-6);
    this.keepdim = checkFlag('PairwiseDistance: keepdim', options?.keepdim ?? false);
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    const { norm: p, eps, keepdim } = this;
    return pairwiseDistance(x1, x2, { p, eps, keepdim });
  }
}
