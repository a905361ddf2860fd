/** How normalisations are called: the input, its running statistics if there are any, weight and bias. */
import type { NormOps, Tensor } from '@tenfold/tensor-core';
import * as core from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

const made = (what: string) => ({ none: `what ${what} is made of; sampled there` });
const gradientOf = (what: string) => ({ none: `the gradient of ${what}; sampled there` });

/** Running statistics are changed in place: they are results too. */
const running = (
  statistics: readonly (Tensor | null | undefined)[],
): { copies: (Tensor | null)[]; changed: Tensor[] } => {
  // what is no tensor is for the op to refuse
  const copies = statistics.map((x) => (core.isTensor(x) ? x.clone() : (x ?? null)));
  return { copies, changed: copies.filter((x) => x !== null) };
};

const layered = (fn: typeof core.layerNorm): OpCase => ({
  call: ([x, weight, bias], { normalizedShape, ...options }) => fn(x, normalizedShape, { weight, bias, ...options }),
});

export const norm: Cases<NormOps> = {
  layerNorm: layered(core.layerNorm),
  layerNormBackward: gradientOf('layerNorm'),
  groupNorm: {
    call: ([x, weight, bias], { numGroups, ...options }) => core.groupNorm(x, numGroups, { weight, bias, ...options }),
  },
  groupNormBackward: gradientOf('groupNorm'),
  batchNorm: {
    call: ([x, mean, variance, weight, bias], options) => {
      const { copies, changed } = running([mean, variance]);
      const y = core.batchNorm(x, copies[0], copies[1], { weight, bias, ...options });
      return options.training ? [y, ...changed] : y;
    },
  },
  batchNormInference: made('batchNorm without training'),
  batchNormBackward: gradientOf('batchNorm'),
  rmsNorm: {
    call: ([x, weight], { normalizedShape, ...options }) => core.rmsNorm(x, normalizedShape, { weight, ...options }),
  },
  rmsNormBackward: gradientOf('rmsNorm'),
};

/** Functions that are made of other ops. */
export const normMethods: { readonly [name: string]: OpCase } = {
  instanceNorm: {
    call: ([x, mean, variance, weight, bias], options) => {
      const { copies, changed } = running([mean, variance]);
      const [runningMean, runningVar] = copies;
      const y = core.instanceNorm(x, { runningMean, runningVar, weight, bias, ...options });
      return options.useInputStats === false ? y : [y, ...changed];
    },
  },
};
