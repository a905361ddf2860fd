/** The map family: prepares the descriptor of a kernel and runs it. Small exact programs are done by plain loops, with the same bits. */
import type { Program } from '@tenfold/tensor-core';
import type { View } from '../elements.ts';
import { count, isDense } from '../iterate.ts';
import { map as plainMap } from '../kernels/map.ts';
import { type Axis, axesOf, collapsed } from './geometry.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import { defineMap, factsOf, type Layout, type ProgramFacts, type Words, wordsOf } from './map-kernel.ts';
import { compileKernel, describeDims, describeProgram, keeperOf } from './program-call.ts';
import { descriptorEnd, descriptorStart, type Staging, whole } from './staging.ts';
import { createCopyAcross } from './transpose.ts';

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
  const copyAcross = createCopyAcross(machine, staging);
  const compiledOf = keeperOf((program): Compiled => {
    const facts = factsOf(program);
    return { facts, words: wordsOf(facts), kernels: new Map() };
  });

  const kernelOf = ({ facts, kernels }: Compiled, inner: Axis, outputs: number, rank: number): Kernel | null => {
    let key = facts.usesIndex ? rank : 0;
    for (let o = 0; o < inner.strides.length; o++) key = key * 3 + layouts.indexOf(layoutOf(inner, o, outputs));
    let kernel = kernels.get(key);
    if (kernel === undefined) {
      const variant = inner.strides.map((_, o) => layoutOf(inner, o, outputs));
      kernel = compileKernel(machine, 'map', (module) => defineMap(module, { facts, layouts: variant, rank }));
      kernels.set(key, kernel);
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
    const walk = facts.usesIndex ? axesOf(views) : (flat(views, total) ?? collapsed(axesOf(views)));
    if (facts.copies && copyAcross(outs[0], ins[0], walk)) return;
    const axes = facts.usesIndex ? walk : tiled(walk, outs.length);
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
  if (!describeProgram(staging, at, facts, words, views, outputs, inner, ins, params)) return false;
  describeDims(to, at + words.dims, words, axes.slice(0, -1), views);
  return true;
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
