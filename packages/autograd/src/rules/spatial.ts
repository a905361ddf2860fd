/** Derivatives: padding, windows as columns, resizing and sampling of images. All but the last are linear, and an op and its transpose are each other's. */
import { builtinOps, dispatch, type SpatialOps } from '@tenfold/tensor-core';
import { formula, linear, type Rules, viaBody } from '../rule.ts';

/** What was put around is cut off. */
const cropping = (padding: readonly number[]): number[] => padding.map((n) => (n === 0 ? 0 : -n));

export const spatial: Rules<SpatialOps> = {
  // y = P x:  dx = Pᵀ g; padding with a constant is undone by cropping, and cropping by padding with 0
  pad: formula(
    linear((c) => {
      const { padding, mode } = c.attrs;
      return mode === 'constant'
        ? dispatch(builtinOps.pad, [c.grad], { padding: cropping(padding), mode, value: 0 })
        : dispatch(builtinOps.padBackward, [c.grad], { padding, mode });
    }),
  ),
  padBackward: formula(linear((c) => dispatch(builtinOps.pad, [c.grad], { ...c.attrs, value: 0 }))),
  im2col: formula(
    linear((c) => dispatch(builtinOps.col2im, [c.grad], { ...c.attrs, outputSize: c.shape(0).slice(-2) })),
  ),
  col2im: formula(
    linear((c) => {
      const { outputSize: _, ...attrs } = c.attrs;
      return dispatch(builtinOps.im2col, [c.grad], attrs);
    }),
  ),
  interpolate: formula(
    linear((c) => dispatch(builtinOps.interpolateBackward, [c.grad], { ...c.attrs, size: c.shape(0).slice(2) })),
  ),
  interpolateBackward: formula(
    linear((c) => dispatch(builtinOps.interpolate, [c.grad], { ...c.attrs, size: c.shape(0).slice(2) })),
  ),
  pixelShuffle: viaBody,
  pixelUnshuffle: viaBody,
  channelShuffle: viaBody,
  gridSample: viaBody,
  affineGrid: viaBody,
};
