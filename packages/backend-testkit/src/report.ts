/** What checks leave behind: how much agreed, and how nearly. */
import type { DType } from '@tenfold/tensor-core';
import type { Measured } from './compare.ts';

/** What a passed check has checked: how many tensors of each kind agreed, of which dtypes, and the largest differences. */
export class CheckReport implements Measured {
  values = 0;
  inPlace = 0;
  traces = 0;
  gradients = 0;
  secondGradients = 0;
  /** 1 if the device left the op to cpu and said so, as it may with decompositions of matrices. */
  refused = 0;
  readonly dtypes = new Set<DType>();
  /** Of float64 results, relative. */
  relative = 0;
  /** Of float32 results, in units in the last place. */
  ulps = 0;
}
