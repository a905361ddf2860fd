/** The reduce family: prepares the descriptor of a kernel and runs it. Few elements are reduced by plain loops. */
import { type Program, Program as ProgramOf, type ReduceKind } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import { allocate, type View } from '../elements.ts';
import { count } from '../iterate.ts';
import { reduce as plainReduce } from '../kernels/reduce.ts';
import { itemBytes } from './elements.ts';
import { type Axis, merged } from './geometry.ts';
import { heapBytes } from './heap.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import { describeLoaded, type MapFamily, writeParam } from './map.ts';
import { factsOf, type Layout, type ProgramFacts } from './map-kernel.ts';
import { defineReduce, type ReduceVariant, type ReduceWords, reduceWordsOf, scratchBytes } from './reduce-kernel.ts';
import { Unsupported } from './render.ts';
import { denseStrides } from './rows.ts';
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
  /** The identity on what the program gives, where a map has to run it first. */
  readonly identity: Program;
}

/** So many elements or fewer are reduced by plain loops, if these give the same elements. */
const fewElements = 64;
/** From so many elements on, sums of narrow floats are made of pairs in their own precision first. */
const manyElements = 65536;

export function createReduce(machine: Machine, staging: Staging, map: MapFamily): ReduceFamily {
  const compiledOf = keeperOf((program): Compiled => {
    const facts = factsOf(program);
    const { dtype } = program.outputs[0];
    const identity = new ProgramOf([e.input(0, dtype)], [dtype]);
    return { facts, words: reduceWordsOf(facts), kernels: new Map(), identity };
  });
  const scratch = machine.heap.allocate(scratchBytes);

  const kernelOf = ({ facts, kernels }: Compiled, variant: Omit<ReduceVariant, 'facts'>): Kernel | null => {
    const { kind, shape, layouts, long } = variant;
    const key = `${kind}${shape}${long ? 'long' : ''}${layouts.map((layout) => layout[1]).join('')}`;
    let kernel = kernels.get(key);
    if (kernel === undefined) kernels.set(key, (kernel = compileKernel(machine, { ...variant, facts })));
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
        const dense: View = { dtype, shape, strides: denseStrides(shape), offset: 0, storage: { buffer: values } };
        map([dense], ins, program, params);
        reduce(kind, out, [dense], compiled.identity, []);
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

/** Results of `make` by program, and by what programs compute. */
function keeperOf<T>(make: (program: Program) => T): (program: Program) => T {
  const byProgram = new WeakMap<Program, T>();
  const byKey = new Map<string, T>();
  return (program) => {
    let known = byProgram.get(program);
    if (known !== undefined) return known;
    known = byKey.get(program.key);
    if (known === undefined) byKey.set(program.key, (known = make(program)));
    byProgram.set(program, known);
    return known;
  };
}

function compileKernel(machine: Machine, variant: ReduceVariant): Kernel | null {
  const module = machine.module();
  try {
    defineReduce(module, variant);
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
  return machine.compile<{ reduce: Kernel }>(module).reduce;
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
  for (let o = 0; o < views.length; o++) {
    const address = staging.address(views[o], o === 0);
    if (address === null) return false;
    const size = itemBytes(views[o].dtype);
    to[at + words.addresses + o] = address;
    to[at + words.strides + o] = inner.strides[o] * size;
    to[at + words.rowStrides + o] = rows.strides[o] * size;
  }
  for (let l = 0; l < facts.loaded.length; l++) {
    if (!describeLoaded(staging, at + words.loaded[l], ins[facts.loaded[l].input])) return false;
  }
  const { program } = facts;
  for (let p = 0; p < program.params.length; p++)
    writeParam(staging, at + words.params + 2 * p, program.params[p], params[p]);
  let from = at + words.dims;
  for (const axes of [outerKept, outerReduced]) {
    for (let d = axes.length - 1; d >= 0; d--, from += words.wordsPerDim) {
      to[from] = axes[d].size;
      to[from + 1] = 0;
      for (let o = 0; o < views.length; o++) to[from + 2 + o] = axes[d].strides[o] * itemBytes(views[o].dtype);
    }
  }
  return true;
}

const product = (axes: readonly Axis[]): number => axes.reduce((n, { size }) => n * size, 1);
