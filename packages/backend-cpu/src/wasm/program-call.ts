/** What calls of the map and reduce families share: kernels by program, and the words of a descriptor that programs decide. */
import { type DType, Program } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import { toBigInt, toElement } from '@tenfold/tensor-core/scalar';
import type { View } from '../elements.ts';
import type { ModuleBuilder } from './assembler.ts';
import { itemBytes, laneClass } from './elements.ts';
import type { Axis } from './geometry.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import type { ProgramFacts } from './map-kernel.ts';
import type { ProgramWords } from './program-kernel.ts';
import { Unsupported } from './render.ts';
import type { Staging } from './staging.ts';

/** Results of `make` by program, and by what programs compute. */
export function keeperOf<T>(make: (program: Program) => T): (program: Program) => T {
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

/** Compiles the kernel that `define` exports under `name`; `null` where a program has no vector code. */
export function compileKernel(machine: Machine, name: string, define: (module: ModuleBuilder) => void): Kernel | null {
  const module = machine.module();
  try {
    define(module);
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
  return machine.compile<{ readonly [name: string]: Kernel }>(module)[name];
}

const casts = new Map<string, Program>();

/** The program that casts one dtype to another, or copies. */
export function castProgram(from: DType, to: DType): Program {
  const key = `${from} ${to}`;
  let program = casts.get(key);
  if (!program) casts.set(key, (program = new Program([e.cast(e.input(0, from), to)], [from])));
  return program;
}

/** Writes operands, of which `outputs` are written, inputs read at computed positions, and parameters. `false` if they don't fit the first page. */
export function describeProgram(
  staging: Staging,
  at: number,
  { program, loaded }: ProgramFacts,
  words: ProgramWords,
  views: readonly View[],
  outputs: number,
  inner: Axis,
  ins: readonly View[],
  params: readonly number[],
): boolean {
  const to = staging.words;
  for (let o = 0; o < views.length; o++) {
    const address = staging.address(views[o], o < outputs);
    if (address === null) return false;
    to[at + words.addresses + o] = address;
    to[at + words.strides + o] = inner.strides[o] * itemBytes(views[o].dtype);
  }
  for (let l = 0; l < loaded.length; l++)
    if (!describeLoaded(staging, at + words.loaded[l], ins[loaded[l].input])) return false;
  for (let p = 0; p < program.params.length; p++)
    writeParam(staging, at + words.params + 2 * p, program.params[p], params[p]);
  return true;
}

/** Writes dims, innermost first, and gives the word behind them. */
export function describeDims(
  to: Int32Array,
  from: number,
  { wordsPerDim }: ProgramWords,
  axes: readonly Axis[],
  views: readonly View[],
): number {
  let word = from;
  for (let d = axes.length - 1; d >= 0; d--, word += wordsPerDim) {
    to[word] = axes[d].size;
    to[word + 1] = 0;
    for (let o = 0; o < views.length; o++) to[word + 2 + o] = axes[d].strides[o] * itemBytes(views[o].dtype);
  }
  return word;
}

/** Writes what a kernel needs to read an input at computed positions. `false` if it doesn't fit the first page. */
function describeLoaded(staging: Staging, word: number, view: View): boolean {
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
function writeParam(staging: Staging, word: number, dtype: DType, value: number): void {
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
