/** The reduce family: prepares the descriptor of a kernel and runs it. Few elements are reduced by plain loops. */
import { contiguousStrides, type Program, type ReduceKind } from '@tenfold/tensor-core';
import { allocate, type View } from '../elements.ts';
import { count } from '../iterate.ts';
import { reduce as plainReduce } from '../kernels/reduce.ts';
import { itemBytes } from './elements.ts';
import { type Axis, merged } from './geometry.ts';
import { heapBytes } from './heap.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import type { MapFamily } from './map.ts';
import { factsOf, type Layout, type ProgramFacts } from './map-kernel.ts';
import { castProgram, compileKernel, describeDims, describeProgram, keeperOf } from './program-call.ts';
import { defineReduce, type ReduceVariant, type ReduceWords, reduceWordsOf, scratchBytes } from './reduce-kernel.ts';
import { descriptorEnd, descriptorStart, type Staging, whole } from './staging.ts';

export type ReduceFamily = (
  kind: ReduceKind,
  out: View,
  ins: readonly View[],
  program: Program,
  params: readonly number[],
) => void;

/** A program with its kernels by kind and layout; `null` where it has no vector code. */
interface Compiled {
  readonly facts: ProgramFacts;
  readonly words: ReduceWords;
  readonly kernels: Map<string, Kernel | null>;
}

/** So many elements or fewer are reduced by plain loops, if these give the same elements. */
const fewElements = 64;
/** From so many elements on, sums of narrow floats are made of pairs in their own precision first. */
const manyElements = 65536;

export function createReduce(machine: Machine, staging: Staging, map: MapFamily): ReduceFamily {
  const compiledOf = keeperOf((program): Compiled => {
    const facts = factsOf(program);
    return { facts, words: reduceWordsOf(facts), kernels: new Map() };
  });
  const scratch = machine.heap.allocate(scratchBytes);

  const kernelOf = ({ facts, kernels }: Compiled, variant: Omit<ReduceVariant, 'facts'>): Kernel | null => {
    const { kind, shape, layouts, long } = variant;
    const key = `${kind}${shape}${long ? 'long' : ''}${layouts.map((layout) => layout[1]).join('')}`;
    let kernel = kernels.get(key);
    if (kernel === undefined) {
      kernel = compileKernel(machine, 'reduce', (module) => defineReduce(module, { ...variant, facts }));
      kernels.set(key, kernel);
    }
    return kernel;
  };

  /** Whether a kernel has reduced it. */
  const run = (
    kind: ReduceKind,
    compiled: Compiled,
    views: readonly View[],
    ins: readonly View[],
    params: readonly number[],
    { kept, reduced, shape }: Walk,
    long: boolean,
  ): boolean => {
    const inner = (shape === 'along' ? reduced.at(-1) : kept.at(-1)) ?? single(views.length);
    const layouts = inner.strides.map((stride, o): Layout => {
      if (stride === 0 && o > 0) return 'splat';
      return stride === 1 || inner.size === 1 ? 'dense' : 'strided';
    });
    const kernel = kernelOf(compiled, { kind, shape, layouts, long });
    if (!kernel) return false;
    let done = false;
    let overflowed = false;
    try {
      done = describe(staging, compiled, views, ins, params, { kept, reduced, shape }, inner, scratch);
      if (done) {
        const parts =
          machine.sharing?.splitReduce(machine.threads, staging, compiled.facts, compiled.words, shape) ?? whole;
        overflowed = runShared(machine, staging, kernel, compiled.words, parts);
      }
    } finally {
      staging.finish(done && !overflowed);
    }
    // single precision may have overflown where double does not
    return overflowed ? run(kind, compiled, views, ins, params, { kept, reduced, shape }, false) : done;
  };

  const reduce: ReduceFamily = (kind, out, ins, program, params) => {
    const { shape } = ins[0];
    const total = count(shape);
    const compiled = compiledOf(program);
    const { facts } = compiled;
    const { dtype } = program.outputs[0];
    if (total === 0 || dtype !== out.dtype || (facts.exact && total <= fewElements)) {
      plainReduce(kind, out, ins, program, params);
      return;
    }
    if (facts.usesIndex) {
      const values =
        total * itemBytes(dtype) >= heapBytes ? machine.heap.allocateArray(dtype, total) : allocate(dtype, total);
      try {
        const dense: View = { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage: { buffer: values } };
        map([dense], ins, program, params);
        reduce(kind, out, [dense], castProgram(dtype, dtype), []);
      } finally {
        if (values.byteLength >= heapBytes) machine.heap.free(values.byteOffset, values.byteLength);
      }
      return;
    }
    const views = [out, ...facts.stepped.map((i) => ins[i])];
    const done = run(kind, compiled, views, ins, params, walkOf(shape, views), total >= manyElements);
    if (!done) plainReduce(kind, out, ins, program, params);
  };
  return reduce;
}

/** Runs a kernel on all threads. Whether a sum is not finite. */
function runShared(
  machine: Machine,
  { words }: Staging,
  kernel: Kernel,
  at: ReduceWords,
  descriptors: readonly number[],
): boolean {
  const { heap } = machine;
  const bytes = (descriptors.length - 1) * scratchBytes;
  // the first part has the scratch memory that it came with
  const scratch = bytes > 0 ? heap.allocate(bytes) : 0;
  for (let i = 1; i < descriptors.length; i++)
    words[descriptors[i] / 4 + at.scratch] = scratch + (i - 1) * scratchBytes;
  try {
    machine.run(kernel, descriptors);
  } finally {
    if (bytes > 0) heap.free(scratch, bytes);
  }
  return descriptors.some((descriptor) => words[descriptor / 4 + at.overflowed] !== 0);
}

/** How the elements are walked over: dims of the results, dims that are reduced, outermost first, and along which vectors lie. */
interface Walk {
  readonly kept: readonly Axis[];
  readonly reduced: readonly Axis[];
  readonly shape: 'along' | 'across';
}

const single = (operands: number): Axis => ({ size: 1, strides: new Array<number>(operands).fill(0) });

/** Runs or rows shorter than this are not worth vectors, if the other dims are longer. */
const shortRun = 8;
const shortRow = 4;

function walkOf(shape: readonly number[], views: readonly View[]): Walk {
  const [out] = views;
  const kept: Axis[] = [];
  const reduced: Axis[] = [];
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 1) continue;
    const isKept = out.shape[d] === shape[d];
    const strides = views.map((view, o) => (o > 0 || isKept ? view.strides[d] : 0));
    (isKept ? kept : reduced).push({ size: shape[d], strides });
  }
  const far = (axis: Axis): number => axis.strides.reduce((sum, stride, o) => (o > 0 ? sum + stride : sum), 0);
  const outward = (a: Axis, b: Axis): number => far(b) - far(a);
  const dims = { kept: merged(kept.sort(outward)), reduced: merged(reduced.sort(outward)) };
  const run = dims.reduced[dims.reduced.length - 1];
  const row = dims.kept[dims.kept.length - 1];
  if (!row) return { ...dims, shape: 'along' };
  if (!run) return { ...dims, shape: 'across' };
  const isAlong = far(run) <= far(row);
  if (isAlong) return { ...dims, shape: run.size < shortRun && row.size > 2 * run.size ? 'across' : 'along' };
  return { ...dims, shape: row.size < shortRow && run.size > 2 * row.size ? 'along' : 'across' };
}

/** Writes the descriptor. `false` if the operands don't fit the first page. */
function describe(
  staging: Staging,
  { facts, words }: Compiled,
  views: readonly View[],
  ins: readonly View[],
  params: readonly number[],
  { kept, reduced, shape }: Walk,
  inner: Axis,
  scratch: number,
): boolean {
  const to = staging.words;
  const at = descriptorStart / 4;
  // the innermost dims are walked over by the code itself
  const rows = shape === 'across' ? (reduced[reduced.length - 1] ?? single(views.length)) : single(views.length);
  const outerKept = shape === 'across' ? kept.slice(0, -1) : kept;
  const outerReduced = reduced.slice(0, -1);
  const keptEnd = words.dims + outerKept.length * words.wordsPerDim;
  const end = keptEnd + outerReduced.length * words.wordsPerDim;
  if (descriptorStart + 4 * end > descriptorEnd) return false;
  to[at + words.overflowed] = 0;
  to[at + words.results] = product(outerKept);
  to[at + words.runs] = product(outerReduced);
  to[at + words.length] = inner.size;
  to[at + words.rows] = rows.size;
  to[at + words.scratch] = scratch;
  to[at + words.keptEnd] = 4 * keptEnd;
  to[at + words.reducedEnd] = 4 * end;
  for (let o = 0; o < views.length; o++) to[at + words.rowStrides + o] = rows.strides[o] * itemBytes(views[o].dtype);
  if (!describeProgram(staging, at, facts, words, views, 1, inner, ins, params)) return false;
  describeDims(to, describeDims(to, at + words.dims, words, outerKept, views), words, outerReduced, views);
  return true;
}

const product = (axes: readonly Axis[]): number => axes.reduce((n, { size }) => n * size, 1);
