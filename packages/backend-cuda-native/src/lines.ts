/** Lines along one axis of operands that share a shape. */
import type { View } from './elements.ts';
import { type Axis, axesOf, countOf, merged } from './geometry.ts';

export interface Lines {
  /** The other dims: where lines begin. */
  readonly axes: readonly Axis[];
  readonly count: number;
  readonly length: number;
  /** From one element of a line to the next, in each operand. */
  readonly steps: readonly number[];
}

export function linesOf(operands: readonly View[], axis: number): Lines {
  const axes = merged(axesOf(operands).filter((_, d) => d !== axis));
  return {
    axes,
    count: countOf(axes),
    length: operands[0].shape[axis],
    steps: operands.map(({ strides }) => strides[axis]),
  };
}

/** Whether neighbouring lines lie nearer to each other in operand `o` than neighbours of a line do. */
export function beside(axes: readonly Axis[], o: number, step: number): boolean {
  const last = axes[axes.length - 1];
  return last !== undefined && last.strides[o] < step;
}

/** The strides of a view without its axis: what lies along it is found by a number. */
export const across = ({ strides }: View, axis: number): number[] =>
  strides.map((stride, d) => (d === axis ? 0 : stride));
