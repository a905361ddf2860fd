/** How these are called: convolutions. */

import type { ConvOps } from '@tenfold/tensor-core';
import * as functions from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

type Convolution = 'conv1d' | 'conv2d' | 'conv3d' | 'convTranspose1d' | 'convTranspose2d' | 'convTranspose3d';

const call = (name: Convolution): OpCase => ({
  call: ([input, weight, bias], args) => functions[name](input, weight, bias ?? null, args),
});

export const conv: Cases<ConvOps> = {
  convolution: { none: 'what conv1d, conv2d and conv3d are made of; sampled there' },
  convolutionTranspose: { none: 'what convTranspose1d and its like are made of; sampled there' },
  convolutionWeight: { none: 'the gradient of convolutions; sampled there' },
};

/** Methods and functions that are made of other ops. */
export const convMethods: { readonly [name: string]: OpCase } = {
  conv1d: call('conv1d'),
  conv2d: call('conv2d'),
  conv3d: call('conv3d'),
  convTranspose1d: call('convTranspose1d'),
  convTranspose2d: call('convTranspose2d'),
  convTranspose3d: call('convTranspose3d'),
};
