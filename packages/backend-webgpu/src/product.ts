/**
 * A product as kernels see it: four groups of dims (batch, m, n, k), each with as few dims as possible, whose sizes and strides are uniforms. An operand's
 * address is a sum of one part per group, so a kernel finds the part of a row once and adds the part of each column to it. Convolutions are products whose
 * operand is a view of overlapping windows; nothing is unfolded.
 */
import { type Epilogue, isFloat, type MatmulDims } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import { type Axis, axesOf, merged, sizeOf } from './geometry.ts';
import type { Buffer } from './gpu.ts';
import type { View } from './shader.ts';

/** Dims of one role, and the operands that have them: `strides[i]` of an axis belongs to `operands[i]`. */
export interface Group {
  readonly axes: readonly Axis[];
  readonly operands: readonly Operand[];
  readonly size: number;
}

/** The result, its factors, and what an epilogue reads. */
export type Operand = 'out' | 'a' | 'b' | `e${number}`;

export const groupNames = ['batch', 'm', 'n', 'k'] as const;
export type GroupName = (typeof groupNames)[number];

export type Product = { readonly [G in GroupName]: Group } & {
  readonly out: View;
  readonly a: View;
  readonly b: View;
  readonly epilogue?: Epilogue<Buffer>;
};

interface Part {
  readonly view: View;
  /** Where its dims of the group begin. */
  readonly from: number;
}

function group(size: number, parts: { readonly [operand: string]: Part }): Group {
  const operands = Object.keys(parts) as Operand[];
  const views = Object.values(parts).map(({ view, from }) => ({
    shape: view.shape.slice(from, from + size),
    strides: view.strides.slice(from, from + size),
  }));
  return { axes: merged(axesOf(views)), operands, size: sizeOf(views[0].shape) };
}

/** The groups of a product. */
export function productOf(out: View, a: View, b: View, dims: MatmulDims, epilogue?: Epilogue<Buffer>): Product {
  const { batch, m, n, k } = dims;
  const extra = (from: number): { [operand: string]: Part } =>
    Object.fromEntries((epilogue?.inputs ?? []).map((view, i) => [`e${i}`, { view, from }]));
  const at = (view: View, from: number): Part => ({ view, from });
  return {
    batch: group(batch, { out: at(out, 0), a: at(a, 0), b: at(b, 0), ...extra(0) }),
    m: group(m, { out: at(out, batch), a: at(a, batch), ...extra(batch) }),
    n: group(n, { out: at(out, batch + m), b: at(b, batch + k), ...extra(batch + m) }),
    k: group(k, { a: at(a, batch + m), b: at(b, batch) }),
    out,
    a,
    b,
    epilogue,
  };
}

const exchanged = (operand: Operand): Operand => (operand === 'a' ? 'b' : operand === 'b' ? 'a' : operand);

/** With a and b exchanged, and operands in the order that they have in every product. */
function exchangedGroup({ axes, operands, size }: Group): Group {
  const places = operands.map((operand) => operands.indexOf(exchanged(operand)));
  if (places.includes(-1)) return { axes, operands: operands.map(exchanged), size };
  return {
    axes: axes.map((axis) => ({ size: axis.size, strides: places.map((place) => axis.strides[place]) })),
    operands,
    size,
  };
}

/** The same result as bᵀ aᵀ. */
export const transposed = (p: Product): Product => ({
  batch: exchangedGroup(p.batch),
  m: exchangedGroup(p.n),
  n: exchangedGroup(p.m),
  k: exchangedGroup(p.k),
  out: p.out,
  a: p.b,
  b: p.a,
  epilogue: p.epilogue,
});

/** The step of an operand along the last dim of a group: 1 where elements of a run are neighbours. */
export function lastStride({ axes, operands }: Group, operand: Operand): number {
  return axes.length === 0 ? 0 : axes[axes.length - 1].strides[operands.indexOf(operand)];
}

/** The WGSL type in which sums are kept: halves are summed in single precision. */
export const sumType = ({ out }: Product): string => (isFloat(out.dtype) ? 'f32' : elementType(out.dtype).value);

/** Code of an element, for the sum. */
export const forSum = (p: Product, code: string): string => (p.out.dtype === 'float16' ? `f32(${code})` : code);

/** Calls `visit` for each uniform of a product, always in the same order: views' offsets, then of each dim its size and strides. */
export function mapUniforms<T>(p: Product, visit: (value: number) => T): Uniforms<T> {
  const { epilogue } = p;
  const offsets = [p.out, p.a, p.b, ...(epilogue?.inputs ?? [])].map(({ offset }) => visit(offset));
  const groups = Object.fromEntries(
    groupNames.map((name) => [
      name,
      p[name].axes.map(({ size, strides }) => ({ size: visit(size), strides: strides.map(visit) })),
    ]),
  ) as unknown as Uniforms<T>['groups'];
  return { offsets, groups };
}

export interface Uniforms<T> {
  readonly offsets: readonly T[];
  readonly groups: { readonly [G in GroupName]: readonly { readonly size: T; readonly strides: readonly T[] }[] };
}

/** What of a product decides a kernel's code. */
export const productKey = (p: Product): string =>
  `${groupNames.map((name) => p[name].axes.length)} ${p.epilogue?.program.key ?? ''}`;

/** The place of an operand in `Uniforms.offsets`. */
const offsetIndex = (operand: Operand): number =>
  operand === 'out' ? 0 : operand === 'a' ? 1 : operand === 'b' ? 2 : 3 + Number(operand.slice(1));

/** The offset of an operand, as code. */
export const offsetOf = ({ offsets }: Uniforms<string>, operand: Operand): string => offsets[offsetIndex(operand)];

/** WGSL functions `out_m(i)`, `a_k(i)`, …: the part of an operand's address that position `i` within a group gives. */
export function addressFunctions(p: Product, uniforms: Uniforms<string>): string {
  return groupNames
    .flatMap((name) => p[name].operands.map((operand, o) => addressFunction(name, operand, o, uniforms.groups[name])))
    .join('\n');
}

function addressFunction(name: GroupName, operand: Operand, o: number, axes: Uniforms<string>['groups']['m']): string {
  const head = `fn ${operand}_${name}(i: u32) -> u32`;
  if (axes.length === 0) return `${head} { return 0u; }`;
  if (axes.length === 1) return `${head} { return i * ${axes[0].strides[o]}; }`;
  const steps = axes
    .slice(1)
    .reverse()
    .map(({ size, strides }) => `at += (rest % ${size}) * ${strides[o]}; rest /= ${size};`);
  return `${head} { var rest = i; var at = 0u; ${steps.join(' ')} return at + rest * ${axes[0].strides[o]}; }`;
}
