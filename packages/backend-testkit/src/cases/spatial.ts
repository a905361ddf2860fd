/** How these are called: padding, windows as columns, resizing and sampling of images. */
import * as core from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';
import { accumulated, decode } from '../compare.ts';

/** Weights come from positions, which float32 rounds, and terms of either sign cancel. */
const weighted = { tolerance: { float32: accumulated }, toleranceReason: 'a sum of weighted pixels' } as const;

export const spatial: Cases<core.SpatialOps> = {
  pad: {
    call: ([x], { pad, mode, value }) =>
      core.pad(x, pad, { mode, value: value === undefined ? value : Number(decode(value)) }),
  },
  padBackward: { none: 'the transpose of pad; sampled as its gradient' },
  im2col: { call: ([x], { kernelSize, ...options }) => core.im2col(x, kernelSize, options) },
  col2im: {
    ...weighted,
    call: ([x], { outputSize, kernelSize, ...options }) => core.col2im(x, outputSize, kernelSize, options),
  },
  interpolate: { ...weighted, call: ([x], options) => core.interpolate(x, options) },
  interpolateBackward: { none: 'the transpose of interpolate; sampled as its gradient' },
  pixelShuffle: { call: ([x], { upscaleFactor }) => core.pixelShuffle(x, upscaleFactor) },
  pixelUnshuffle: { call: ([x], { downscaleFactor }) => core.pixelUnshuffle(x, downscaleFactor) },
  channelShuffle: { call: ([x], { groups }) => core.channelShuffle(x, groups) },
  gridSample: {
    ...weighted,
    call: ([x, grid], options) => core.gridSample(x, grid, options),
  },
  affineGrid: { ...weighted, call: ([theta], { size, ...options }) => core.affineGrid(theta, size, options) },
};

/** Methods and functions that are made of other ops. */
export const spatialMethods: { readonly [name: string]: OpCase } = {};
