/**
 * A product as kernels see it: four groups of dims (batch, m, n, k), each with as few dims as possible. An address is a sum of one part per group.
 * Convolutions are products whose operand is a view of overlapping windows; nothing is unfolded.
 */
import type { MatmulDims } from '@tenfold/tensor-core';
import type { View } from './elements.ts';
import { type Axis, axesOf, merged, sizeOf } from './geometry.ts';

type Operand = 'out' | 'addend' | 'a' | 'b';
type GroupName = 'batch' | 'm' | 'n' | 'k';

/** The operands that have the dims of a group: an axis has a stride for each, in this order, and so has `struct Product` in product.cuh. */
const operandsOf: { readonly [G in GroupName]: readonly Operand[] } = {
  batch: ['out', 'addend', 'a', 'b'],
  m: ['out', 'addend', 'a'],
  n: ['out', 'addend', 'b'],
  k: ['a', 'b'],
};

export interface Group {
  readonly axes: readonly Axis[];
  readonly size: number;
}

export type Product = { readonly [G in GroupName]: Group } & {
  readonly out: View;
  readonly a: View;
  readonly b: View;
  /** What is added to each result once it is rounded, in the shape of `out`. */
  readonly addend: View | null;
};

const groupOf = (axes: readonly Axis[]): Group => {
  // longer steps outside: what lies together then comes together, and the order within a group is free
  const sorted = [...axes].sort((x, y) => y.strides[0] - x.strides[0]);
  return { axes: merged(sorted), size: sizeOf(axes.map(({ size }) => size)) };
};

/** The groups of a product. */
export function productOf(out: View, a: View, b: View, { batch, m, n, k }: MatmulDims, addend: View | null): Product {
  const none = { ...out, strides: out.shape.map(() => 0) };
  /** `count` dims of each view, from where its dims of the group begin. */
  const group = (count: number, ...parts: readonly (readonly [view: View, from: number])[]): Group => {
    const part = (list: readonly number[], from: number) => list.slice(from, from + count);
    const views = parts.map(([{ shape, strides }, from]) => ({
      shape: part(shape, from),
      strides: part(strides, from),
    }));
    return groupOf(axesOf(views));
  };
  const added = addend ?? none;
  return {
    batch: group(batch, [out, 0], [added, 0], [a, 0], [b, 0]),
    m: group(m, [out, batch], [added, batch], [a, batch]),
    n: group(n, [out, batch + m], [added, batch + m], [b, batch + k]),
    k: group(k, [a, batch + m], [b, batch]),
    out,
    a,
    b,
    addend,
  };
}

const exchanged = ({ axes, size }: Group, places: readonly number[]): Group => ({
  axes: axes.map((axis) => ({ size: axis.size, strides: places.map((place) => axis.strides[place]) })),
  size,
});

/** The same result as bᵀ aᵀ. */
export const transposed = (p: Product): Product => ({
  batch: exchanged(p.batch, [0, 1, 3, 2]),
  m: p.n,
  n: p.m,
  k: exchanged(p.k, [1, 0]),
  out: p.out,
  a: p.b,
  b: p.a,
  addend: p.addend,
});

/** The dims that an operand has in a group: there may be fewer than of the group, where only another operand has gaps. */
export function axesOfOperand(p: Product, name: GroupName, operand: Operand): readonly Axis[] {
  const o = operandsOf[name].indexOf(operand);
  return merged(p[name].axes.map(({ size, strides }) => ({ size, strides: [strides[o]] })));
}

/** The step of an operand along the last dim of a group: 1 where elements of a run are neighbours. */
export function lastStride(p: Product, name: GroupName, operand: Operand): number {
  const axes = axesOfOperand(p, name, operand);
  return axes.length === 0 ? 0 : axes[axes.length - 1].strides[0];
}

const groupNames: readonly GroupName[] = ['batch', 'm', 'n', 'k'];

/**
 * Whether fours along a group are four neighbours of an operand at a multiple of four elements, wherever they begin in the other dims: then they are moved
 * at once. Buffers begin at multiples of 256 bytes.
 */
export function hasFours(p: Product, operand: 'out' | 'a' | 'b', along: GroupName): boolean {
  if (p[operand].offset % 4 !== 0) return false;
  return groupNames.every((name) => {
    if (!operandsOf[name].includes(operand)) return true;
    const axes = axesOfOperand(p, name, operand);
    if (name !== along) return axes.every(({ strides }) => strides[0] % 4 === 0);
    if (axes.length === 0) return false;
    const last = axes[axes.length - 1];
    return (
      last.strides[0] === 1 && last.size % 4 === 0 && axes.slice(0, -1).every(({ strides }) => strides[0] % 4 === 0)
    );
  });
}

/** `enum Reading` in product.cuh. */
export const fours = 1;
export const across = 2;

/** How tiles of a factor are read. */
export function readingOf(p: Product, operand: 'a' | 'b'): number {
  const own = operand === 'a' ? 'm' : 'n';
  if (hasFours(p, operand, own)) return fours | across;
  if (hasFours(p, operand, 'k')) return fours;
  const [ownStride, stepStride] = [lastStride(p, own, operand), lastStride(p, 'k', operand)];
  if (ownStride === 1 || stepStride === 1) return ownStride === 1 ? across : 0;
  return ownStride < stepStride ? across : 0;
}
