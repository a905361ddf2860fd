/** How operands of a normalisation lie over the dims of its input: what is normalised together, and what shares a weight. */
import type { View } from '../elements.ts';
import { type Dim, dimOf, dimsOf, repeated, viewed } from './rows.ts';

export interface Frame {
  /** The input, its gradient and the result. */
  like(view: View): View;
  /** A mean or a deviation, repeated over what is normalised together. */
  statistic(view: View): View;
  /** A weight or a bias, repeated over what shares it. */
  affine(view: View): View;
  /** The dims that statistics have, and those that weights have. */
  readonly statisticDims: readonly number[];
  readonly affineDims: readonly number[];
}

const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, i) => start + i);

/** The last `dims` dims are normalised together, and have a weight each. */
export function trailingFrame(shape: readonly number[], dims: number): Frame {
  const lead = shape.length - dims;
  return {
    like: (view) => view,
    statistic: (view) => viewed(view, [...dimsOf(view).slice(0, lead), ...repeated(shape.slice(lead))]),
    affine: (view) => viewed(view, [...repeated(shape.slice(0, lead)), ...dimsOf(view)]),
    statisticDims: range(0, lead),
    affineDims: range(lead, shape.length),
  };
}

/** `[N, C, …]` as `[N, groups, channels of a group, …]`. */
export function groupFrame([samples, channels, ...places]: readonly number[], groups: number): Frame {
  const each = channels / Math.max(1, groups);
  const split = ([, stride]: Dim): Dim[] => [
    [groups, stride * each],
    [each, stride],
  ];
  return {
    like(view) {
      const [first, second, ...rest] = dimsOf(view);
      return viewed(view, [first, ...split(second), ...rest]);
    },
    statistic: (view) => viewed(view, [...dimsOf(view), ...repeated([each, ...places])]),
    affine: (view) => viewed(view, [[samples, 0], ...split(dimOf(view, 0)), ...repeated(places)]),
    statisticDims: [0, 1],
    affineDims: [1, 2],
  };
}

/** `[N, C, …]`, normalised by channel. */
export function channelFrame([samples, , ...places]: readonly number[]): Frame {
  const beside = (view: View): View => viewed(view, [[samples, 0], dimOf(view, 0), ...repeated(places)]);
  return { like: (view) => view, statistic: beside, affine: beside, statisticDims: [1], affineDims: [1] };
}
