/** What kernels that walk over the operands of a program share: the words of their descriptors, what they read of them, and how they move on. */

import type { DType } from '@tenfold/tensor-core';
import {
  type FunctionBuilder,
  i32,
  type Local,
  type ModuleBuilder,
  type Statement,
  select,
  type Value,
} from './assembler.ts';
import { type Group, groupSize, keepGroup, loadSplat, storeLane } from './elements.ts';
import type { ProgramFacts } from './map-kernel.ts';
import type { LoadedInput } from './render.ts';

/** The words of a descriptor, by position, that stand behind those of a kernel's own. */
export interface ProgramWords {
  /** The address of each operand; its stride in bytes along a row. */
  readonly addresses: number;
  readonly strides: number;
  /** For each input read at computed positions: address, sizes, strides in bytes. */
  readonly loaded: readonly number[];
  /** Two words each. */
  readonly params: number;
  /** Dims around the rows, innermost first: size, counter, strides in bytes of the operands. */
  readonly dims: number;
  readonly wordsPerDim: number;
}

/** Words from `addresses` on for so many operands, each of which has `perOperand` words. */
export function programWords(
  { program, loaded }: ProgramFacts,
  operands: number,
  addresses: number,
  perOperand: number,
): ProgramWords {
  let next = addresses + perOperand * operands;
  const loads = loaded.map(({ rank }) => {
    const at = next;
    next += 1 + 2 * rank;
    return at;
  });
  const params = next + (next & 1);
  return {
    addresses,
    strides: addresses + operands,
    loaded: loads,
    params,
    dims: params + 2 * program.params.length,
    wordsPerDim: 2 + operands,
  };
}

/** What a kernel finds in its descriptor once for all elements. */
export function readProgram(
  module: ModuleBuilder,
  fn: FunctionBuilder,
  { program, loaded }: ProgramFacts,
  words: ProgramWords,
) {
  const descriptor = fn.parameter(0, 'i32').get;
  const word = (i: number): Value<'i32'> => i32.load(descriptor, 4 * i);
  const params = program.params.map((dtype, p) =>
    keepGroup(fn, loadSplat(module, dtype, i32.add(descriptor, i32.const(4 * (words.params + 2 * p))))),
  );
  const loads = loaded.map(({ rank }, l): LoadedInput => {
    const at = words.loaded[l];
    const list = (from: number) => Array.from({ length: rank }, (_, d) => fn.let(word(from + d)));
    return { base: fn.let(word(at)), sizes: list(at + 1), strides: list(at + 1 + rank) };
  });
  return {
    descriptor,
    word,
    param: (p: number): Group => params[p],
    loaded: (i: number): LoadedInput => loads[loaded.findIndex(({ input }) => input === i)],
  };
}

/** Bytes from the first element of a group to element `k`. */
export type Distance = (k: number) => Value<'i32'>;

/** The addresses of a group's elements; of `left` of them where there are fewer: the first stands for those that are not there. */
export const placesOf = (
  fn: FunctionBuilder,
  at: Value<'i32'>,
  distance: Distance,
  left: Value<'i32'> | null,
): Value<'i32'>[] =>
  Array.from({ length: groupSize }, (_, k) => {
    const by = distance(k);
    return fn.let(i32.add(at, left && k > 0 ? select(by, i32.const(0), i32.gtU(left, i32.const(k))) : by));
  });

/** Stores the elements of a group one by one; `left` of them where there are fewer. */
export function storeLanes(
  fn: FunctionBuilder,
  dtype: DType,
  at: Value<'i32'>,
  raw: Group,
  distance: Distance,
  left: Value<'i32'> | null,
): void {
  for (let k = 0; k < groupSize; k++) {
    const store = storeLane(dtype, i32.add(at, distance(k)), raw, k);
    if (left && k > 0) fn.if(i32.gtU(left, i32.const(k)), () => fn.emit(store));
    else fn.emit(store);
  }
}

/** Adds to a pointer. */
export const moveBy = (pointer: Local<'i32'>, by: Value<'i32'>): Statement => pointer.set(i32.add(pointer.get, by));

/** An operand's pointer. */
export interface Moving {
  readonly pointer: Local<'i32'>;
  readonly operand: number;
}

/**
 * Moves pointers along the dim that a descriptor has at `at`, and `at` to the dim around it. The result is not 0 if the dim has come to its end and began
 * anew: then the dim around it must move on.
 */
export function advance(
  fn: FunctionBuilder,
  at: Local<'i32'>,
  pointers: readonly Moving[],
  { wordsPerDim }: ProgramWords,
): Value<'i32'> {
  const counter = fn.variable(i32.add(i32.load(at.get, 4), i32.const(1)));
  const size = fn.let(i32.load(at.get));
  const stride = (operand: number) => i32.load(at.get, 8 + 4 * operand);
  for (const { pointer, operand } of pointers) fn.emit(moveBy(pointer, stride(operand)));
  const carries = fn.let(i32.eq(counter.get, size));
  fn.if(carries, () => {
    for (const { pointer, operand } of pointers)
      fn.emit(pointer.set(i32.sub(pointer.get, i32.mul(size, stride(operand)))));
    fn.emit(counter.set(i32.const(0)));
  });
  fn.emit(i32.store(at.get, counter.get, 4), moveBy(at, i32.const(4 * wordsPerDim)));
  return carries;
}
