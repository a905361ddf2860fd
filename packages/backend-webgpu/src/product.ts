/**
 * A product as kernels see it: four groups of dims (batch, m, n, k), each with as few dims as possible, whose sizes and strides are uniforms. An operand's
 * address is a sum of one part per group, so a kernel finds the part of a row once and adds the part of each column to it. Convolutions are products whose
 * operand is a view of overlapping windows; nothing is unfolded.
 */
import { type Epilogue, isFloat, type MatmulDims } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import { type Axis, axesOf, merged, sizeOf } from './geometry.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { type Bindings, type View, word, writeParams } from './shader.ts';

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

/**
 * Whether fours along the last dim of a group are four neighbours of an operand at a multiple of four elements, wherever they begin in the other dims: then
 * they can be read at once.
 */
export function hasVectors(p: Product, operand: 'a' | 'b', name: GroupName): boolean {
  if (p[operand].offset % 4 !== 0) return false;
  return groupNames.every((group) => {
    const { axes, operands } = p[group];
    const o = operands.indexOf(operand);
    if (o < 0) return true;
    const last = group === name ? axes.length - 1 : -1;
    if (group === name && axes.length === 0) return false;
    return axes.every(({ size, strides }, i) =>
      i === last ? strides[o] === 1 && size % 4 === 0 : strides[o] % 4 === 0,
    );
  });
}

/** How a factor is read: four neighbours at a time along its own dim (`across`) or along k, or element by element. */
export type Reading = 'across' | 'along' | 'single';

/** Of both factors. */
export interface Readings {
  readonly a: Reading;
  readonly b: Reading;
}

/** How the factors of a product can be read; `wide`: whether an invocation has fours of columns. */
export function readingsOf(p: Product, { slots }: Bindings, wide = true): Readings {
  const [out, a, b] = slots;
  const reading = (operand: 'a' | 'b'): Reading => {
    if (operand === 'b' && !wide) return hasVectors(p, 'b', 'k') ? 'along' : 'single';
    return hasVectors(p, operand, operand === 'a' ? 'm' : 'n')
      ? 'across'
      : hasVectors(p, operand, 'k')
        ? 'along'
        : 'single';
  };
  const readings = { a: reading('a'), b: reading('b') };
  // one declaration serves all operands in a buffer, and neither the result nor what an epilogue reads goes by fours
  const shared = (slot: number): boolean => slots.filter((other) => other === slot).length > 1;
  const together = a === b && slots.filter((slot) => slot === a).length === 2 && a !== out;
  if (together) return readings.a === 'single' || readings.b === 'single' ? { a: 'single', b: 'single' } : readings;
  return { a: shared(a) ? 'single' : readings.a, b: shared(b) ? 'single' : readings.b };
}

/** The bindings that go by fours. */
export const vectorSlots = ({ slots: [, a, b] }: Bindings, readings: Readings): ReadonlySet<number> =>
  new Set([...(readings.a === 'single' ? [] : [a]), ...(readings.b === 'single' ? [] : [b])]);

/** With the longest dim of k last, where kernels take several steps at a time. The order of a sum is free. */
export function longestLast(p: Product): Product {
  const { axes } = p.k;
  const longest = Math.max(...axes.map(({ size }) => size));
  const place = axes.findLastIndex(({ size }) => size === longest);
  if (place === axes.length - 1) return p;
  return { ...p, k: { ...p.k, axes: [...axes.filter((_, i) => i !== place), axes[place]] } };
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Uniforms that are no address: the sizes of the groups, then the tiles along m and n. */
const header = 6;

/** Calls `visit` for each uniform of a product, always in the same order: views' offsets, then of each dim its size and strides. */
function mapUniforms<T>(p: Product, visit: (value: number) => T): { offsets: T[]; groups: Groups<T> } {
  const offsets = [p.out, p.a, p.b, ...(p.epilogue?.inputs ?? [])].map(({ offset }) => visit(offset));
  const groups = Object.fromEntries(
    groupNames.map((name) => [
      name,
      p[name].axes.map(({ size, strides }) => ({ size: visit(size), strides: strides.map(visit) })),
    ]),
  ) as unknown as Groups<T>;
  return { offsets, groups };
}

type Groups<T> = { readonly [G in GroupName]: readonly { readonly size: T; readonly strides: readonly T[] }[] };

/** The uniforms of a product as code. */
export interface Uniforms {
  readonly groups: Groups<string>;
  offset(operand: Operand): string;
  /** The word of the first parameter of the epilogue. */
  readonly firstParam: number;
}

export function productUniforms(p: Product): Uniforms {
  let at = header;
  const { offsets, groups } = mapUniforms(p, () => word(at++));
  const first: readonly Operand[] = ['out', 'a', 'b'];
  const place = (operand: Operand): number =>
    first.includes(operand) ? first.indexOf(operand) : first.length + Number(operand.slice(1));
  return { groups, offset: (operand) => offsets[place(operand)], firstParam: at };
}

/** Writes the uniforms of a product; gives how many words they are. */
export function writeProduct(gpu: Gpu, p: Product, tilesM: number, tilesN: number): number {
  const { words } = gpu;
  words.set([p.batch.size, p.m.size, p.n.size, p.k.size, tilesM, tilesN]);
  let at = header;
  mapUniforms(p, (value) => {
    words[at++] = value;
  });
  return p.epilogue ? writeParams(gpu, at, p.epilogue.program, p.epilogue.params) : at;
}

/** What of a product decides a kernel's code, besides its bindings. */
export const productKey = (p: Product): string =>
  `${p.out.dtype} ${groupNames.map((name) => p[name].axes.length)} ${p.epilogue?.program.key ?? ''}`;

/** WGSL functions `out_m(i)`, `a_k(i)`, …: the part of an operand's address that position `i` within a group gives. */
export function addressFunctions(p: Product, { groups }: Uniforms): string {
  return groupNames
    .flatMap((name) => p[name].operands.map((operand, o) => addressFunction(name, operand, o, groups[name])))
    .join('\n');
}

function addressFunction(name: GroupName, operand: Operand, o: number, axes: Groups<string>['m']): string {
  const head = `fn ${operand}_${name}(i: u32) -> u32`;
  if (axes.length === 0) return `${head} { return 0u; }`;
  if (axes.length === 1) return `${head} { return i * ${axes[0].strides[o]}; }`;
  const steps = axes
    .slice(1)
    .reverse()
    .map(({ size, strides }) => `at += (rest % ${size}) * ${strides[o]}; rest /= ${size};`);
  return `${head} { var rest = i; var at = 0u; ${steps.join(' ')} return at + rest * ${axes[0].strides[o]}; }`;
}

/**
 * Loops over the dims of k with `pa` and `pb`, the parts of both addresses. `inner` gives the loop over the last dim, from its counter and size: it moves them
 * itself.
 */
export function loopsOverK({ groups: { k } }: Uniforms, inner: (counter: string, size: string) => string): string {
  return k.reduceRight((body, { size, strides: [sa, sb] }, d) => {
    const last = d === k.length - 1;
    const [pa, pb] = last ? ['pa', 'pb'] : [`pa${d}`, `pb${d}`];
    const [fromA, fromB] = d === 0 ? ['0u', '0u'] : [`pa${d - 1}`, `pb${d - 1}`];
    const head = `var ${pa} = ${fromA}; var ${pb} = ${fromB}; var k${d} = 0u;`;
    if (last) return `${head}\n  ${inner(`k${d}`, size)}`;
    return `${head}
  for (; k${d} < ${size}; k${d}++) {
  ${body}
  ${pa} += ${sa}; ${pb} += ${sb};
  }`;
  }, '');
}
