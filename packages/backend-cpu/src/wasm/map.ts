/** The map family: prepares the descriptor of a kernel and runs it. Small exact programs are done by plain loops, with the same bits. */
import type { DType, Program } from '@tenfold/tensor-core';
import { toBigInt, toElement, type View } from '../elements.ts';
import { count, isDense } from '../iterate.ts';
import { map as plainMap } from '../kernels/map.ts';
import { itemBytes, laneClass } from './elements.ts';
import { type Axis, axesOf, collapsed } from './geometry.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import { defineMap, factsOf, type Layout, type ProgramFacts, type Words, wordsOf } from './map-kernel.ts';
import { Unsupported } from './render.ts';
import { descriptorEnd, descriptorStart, type Staging, whole } from './staging.ts';

export type MapFamily = (
  outs: readonly View[],
  ins: readonly View[],
  program: Program,
  params: readonly number[],
) => void;

/** A program with its kernels by layout; `null` where it has no vector code. */
interface Compiled {
  readonly facts: ProgramFacts;
  readonly words: Words;
  readonly kernels: Map<number, Kernel | null>;
}

/** Programs of so many elements or fewer run as plain loops, if these give the same bits. */
const fewElements = 64;

export function createMap(machine: Machine, staging: Staging): MapFamily {
  const byProgram = new WeakMap<Program, Compiled>();
  const byKey = new Map<string, Compiled>();

  const compiledOf = (program: Program): Compiled => {
    let known = byProgram.get(program);
    if (known) return known;
    known = byKey.get(program.key);
    if (!known) {
      const facts = factsOf(program);
      byKey.set(program.key, (known = { facts, words: wordsOf(facts), kernels: new Map() }));
    }
    byProgram.set(program, known);
    return known;
  };

  const kernelOf = ({ facts, kernels }: Compiled, inner: Axis, outputs: number, rank: number): Kernel | null => {
    let key = facts.usesIndex ? rank : 0;
    for (let o = 0; o < inner.strides.length; o++) key = key * 3 + layouts.indexOf(layoutOf(inner, o, outputs));
    let kernel = kernels.get(key);
    if (kernel === undefined) {
      const variant = inner.strides.map((_, o) => layoutOf(inner, o, outputs));
      kernels.set(key, (kernel = compileKernel(machine, facts, variant, rank)));
    }
    return kernel;
  };

  return (outs, ins, program, params) => {
    const { shape } = outs[0];
    const total = count(shape);
    if (total === 0) return;
    const compiled = compiledOf(program);
    const { facts, words } = compiled;
    if (facts.exact && total <= fewElements) {
      plainMap(outs, ins, program, params);
      return;
    }
    const views =
      facts.stepped.length === ins.length ? [...outs, ...ins] : [...outs, ...facts.stepped.map((i) => ins[i])];
    const axes = facts.usesIndex ? axesOf(views) : (flat(views, total) ?? tiled(collapsed(axesOf(views)), outs.length));
    const inner = axes[axes.length - 1] ?? { size: 1, strides: views.map(() => 0) };
    const kernel = kernelOf(compiled, inner, outs.length, shape.length);
    const end = words.dims + Math.max(axes.length - 1, 0) * words.wordsPerDim;
    let done = false;
    try {
      const ready =
        kernel !== null &&
        descriptorStart + 4 * end <= descriptorEnd &&
        describe(staging, compiled, views, ins, params, axes, inner, outs.length);
      if (ready) machine.run(kernel, machine.sharing?.splitMap(machine.threads, staging, facts, words, end) ?? whole);
      done = ready;
    } finally {
      staging.finish(done);
    }
    if (!done) plainMap(outs, ins, program, params);
  };
}

const layouts: readonly Layout[] = ['dense', 'splat', 'strided'];

/** How operand `o` lies along a row; outputs come first. */
function layoutOf({ size, strides }: Axis, o: number, outputs: number): Layout {
  if (strides[o] === 0 && o >= outputs) return 'splat';
  return strides[o] === 1 || size === 1 ? 'dense' : 'strided';
}

/** One row, if the first operand is dense and each other is dense or a single element. */
function flat(views: readonly View[], total: number): Axis[] | null {
  const { shape } = views[0];
  const strides: number[] = [];
  for (const view of views) {
    if (isDense(shape, view.strides)) strides.push(1);
    else if (strides.length > 0 && isSingle(shape, view.strides)) strides.push(0);
    else return null;
  }
  return [{ size: total, strides }];
}

function isSingle(shape: readonly number[], strides: readonly number[]): boolean {
  for (let d = 0; d < shape.length; d++) if (strides[d] !== 0 && shape[d] !== 1) return false;
  return true;
}

function compileKernel(machine: Machine, facts: ProgramFacts, layouts: readonly Layout[], rank: number): Kernel | null {
  const module = machine.module();
  try {
    defineMap(module, { facts, layouts, rank });
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
  return machine.compile<{ map: Kernel }>(module).map;
}

/** Writes the descriptor. `false` if the operands don't fit the first page. */
function describe(
  staging: Staging,
  { facts, words }: Compiled,
  views: readonly View[],
  ins: readonly View[],
  params: readonly number[],
  axes: readonly Axis[],
  inner: Axis,
  outputs: number,
): boolean {
  const to = staging.words;
  const at = descriptorStart / 4;
  let rows = 1;
  for (let d = 0; d < axes.length - 1; d++) rows *= axes[d].size;
  to[at + words.length] = inner.size;
  to[at + words.rows] = rows;
  to[at + words.start] = 0;
  for (let o = 0; o < views.length; o++) {
    const address = staging.address(views[o], o < outputs);
    if (address === null) return false;
    to[at + words.addresses + o] = address;
    to[at + words.strides + o] = inner.strides[o] * itemBytes(views[o].dtype);
  }
  for (let l = 0; l < facts.loaded.length; l++) {
    if (!describeLoaded(staging, at + words.loaded[l], ins[facts.loaded[l].input])) return false;
  }
  const { program } = facts;
  for (let p = 0; p < program.params.length; p++)
    writeParam(staging, at + words.params + 2 * p, program.params[p], params[p]);
  for (let d = axes.length - 2, k = 0; d >= 0; d--, k++) {
    const from = at + words.dims + k * words.wordsPerDim;
    to[from] = axes[d].size;
    to[from + 1] = 0;
    for (let o = 0; o < views.length; o++) to[from + 2 + o] = axes[d].strides[o] * itemBytes(views[o].dtype);
  }
  return true;
}

/** Writes what a kernel needs to read an input at computed positions. `false` if it doesn't fit the first page. */
export function describeLoaded(staging: Staging, word: number, view: View): boolean {
  const address = staging.address(view, false);
  if (address === null) return false;
  const to = staging.words;
  to[word] = address;
  const rank = view.shape.length;
  for (let d = 0; d < rank; d++) {
    to[word + 1 + d] = view.shape[d];
    to[word + 1 + rank + d] = view.strides[d] * itemBytes(view.dtype);
  }
  return true;
}

/** A parameter as kernels read it: an element of its dtype. */
export function writeParam(staging: Staging, word: number, dtype: DType, value: number): void {
  switch (laneClass[dtype]) {
    case 'f64':
      staging.doubles[word / 2] = value;
      break;
    case 'i64':
      staging.longs[word / 2] = toBigInt(value);
      break;
    default:
      staging.write(dtype, word * 4, toElement(value, dtype) as number);
  }
}

/** Elements of a tile's side: what one operand reads across lies in few cache lines. */
const tileSide = 32;

/**
 * Rows in tiles, where an operand lies across them: as the transpose of what is written. A tile's cache lines are read once for all its rows.
 */
function tiled(axes: Axis[], outputs: number): Axis[] {
  if (axes.length < 2) return axes;
  const inner = axes[axes.length - 1];
  const across = inner.strides.findIndex((stride, o) => o >= outputs && stride > 1);
  if (across < 0 || inner.size < 2 * tileSide || inner.size % tileSide !== 0) return axes;
  const along = axes.findIndex(({ strides }) => strides[across] === 1);
  if (along < 0 || along === axes.length - 1) return axes;
  const rest = axes.filter((_, d) => d !== along && d !== axes.length - 1);
  const tiles = { size: inner.size / tileSide, strides: inner.strides.map((stride) => stride * tileSide) };
  return [...rest, tiles, axes[along], { ...inner, size: tileSide }];
}
