/** How elements become one: sums, products, extremes and truths on vectors of running results. */
import { type DType, isFloat, type ReduceKind } from '@tenfold/tensor-core';
import { type FunctionBuilder, f32x4, f64x2, i32x4, i64x2, shuffle32, type Value, v128 } from './assembler.ts';
import { type Group, high, isWide, keepGroup, laneClass, type V, wrapped } from './elements.ts';

/** What has been folded so far, for the lanes of one vector: the result, or a sum and what its additions have lost. */
export type Running = readonly V[];

type Operation = (fn: FunctionBuilder, x: V, y: V) => V;

/** The code of a reduction of one kind and dtype. */
export interface Folding {
  /** Vectors that a group of four elements becomes before it is folded, and so the count of {@link Running}s. */
  readonly vectors: 1 | 2;
  /** What stands for no element at all. */
  readonly neutral: readonly V[];
  /** An element that changes nothing. */
  readonly missing: V;
  /** A group as the vectors that are folded. */
  widen(group: Group): Group;
  /** Two elements as one, before they are folded; `null` if each is to be folded by itself. */
  readonly pair: Operation | null;
  /** Whether pairs are made of elements as they are, and only widened after. */
  readonly pairsNarrow: boolean;
  step(fn: FunctionBuilder, running: Running, x: V): Running;
  merge(fn: FunctionBuilder, a: Running, b: Running): Running;
  /** The result, in the lanes that are folded. */
  finish(fn: FunctionBuilder, running: Running): V;
  /** Results as a group of the reduction's dtype. */
  narrow(results: Group): Group;
  /** Whether a result that is not finite may come of pairs alone. */
  readonly mayOverflow: boolean;
}

/** A running result that is one vector. */
const simple = (neutral: V, vectors: 1 | 2, operation: Operation): Folding => {
  const merge = (fn: FunctionBuilder, [a]: Running, [b]: Running): Running => [operation(fn, a, b)];
  return {
    vectors,
    neutral: [neutral],
    missing: neutral,
    widen: (group) => group,
    pair: operation,
    pairsNarrow: false,
    step: (fn, running, x) => merge(fn, running, [x]),
    merge,
    finish: (_, [result]) => result,
    narrow: (results) => results,
    mayOverflow: false,
  };
};

const inDoubles = (group: Group): Group => [f64x2.promote(group[0]), f64x2.promote(high(group[0]))];
const toSingles = ([x, y]: Group): Group => [shuffle32(f32x4.demote(x), f32x4.demote(y), [0, 1, 4, 5])];

/** Narrow floats, folded in double precision. */
const widened = (neutral: number, operation: (x: V, y: V) => V): Folding => ({
  ...simple(f64x2.const(neutral), 2, (_, x, y) => operation(x, y)),
  missing: f32x4.const(neutral),
  widen: inDoubles,
  narrow: toSingles,
});

/**
 * A long sum of narrow floats: eight at a time as a tree of single additions, whose results are added in double precision. The error is at most three
 * roundings of each term, 3 · 2⁻²⁴ · Σ|x|, and one of the result.
 */
const paired: Folding = {
  ...widened(0, f64x2.add),
  pair: (_, x, y) => f32x4.add(x, y),
  pairsNarrow: true,
  mayOverflow: true,
};

/** The sum of two doubles and its rounding error (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B). */
function twoSum(fn: FunctionBuilder, a: V, b: V): [V, V] {
  const sum = fn.let(f64x2.add(a, b));
  const fromB = fn.let(f64x2.sub(sum, a));
  const error = f64x2.add(f64x2.sub(a, f64x2.sub(sum, fromB)), f64x2.sub(b, fromB));
  return [sum, error];
}

/** Sums of doubles with the errors of the additions, which are added in the end. */
const compensated: Folding = {
  vectors: 2,
  neutral: [v128.zero, v128.zero],
  missing: v128.zero,
  widen: (group) => group,
  pair: null,
  pairsNarrow: false,
  step: (fn, [sum, lost], x) => {
    const [next, error] = twoSum(fn, sum, x);
    return [next, f64x2.add(lost, error)];
  },
  merge: (fn, [a, lostOfA], [b, lostOfB]) => {
    const [sum, error] = twoSum(fn, a, b);
    return [sum, fn.let(f64x2.add(f64x2.add(lostOfA, lostOfB), error))];
  },
  // beyond the largest number the errors mean nothing, and the plain sum is right
  finish: (fn, [sum, lost]) => {
    const finite = f64x2.lt(f64x2.abs(sum), fn.constant(f64x2.const(Number.POSITIVE_INFINITY)));
    return v128.select(f64x2.add(sum, lost), sum, finite);
  },
  narrow: (results) => results,
  mayOverflow: false,
};

/** The code for a reduction; `long` if speed matters more than the last digits of a sum of narrow floats. */
export function foldingOf(kind: ReduceKind, dtype: DType, long: boolean): Folding {
  if (dtype === 'bool') {
    // sums and maxima of truth are true if any is, products and minima if all are
    return kind === 'sum' || kind === 'max' || kind === 'any'
      ? simple(v128.zero, 1, (_, x, y) => v128.or(x, y))
      : simple(i32x4.const(-1), 1, (_, x, y) => v128.and(x, y));
  }
  if (kind === 'any' || kind === 'all') throw new TypeError(`${kind} of ${dtype}`);
  const vectors = isWide(dtype) ? 2 : 1;
  if (isFloat(dtype)) {
    const floats = isWide(dtype) ? f64x2 : f32x4;
    switch (kind) {
      case 'sum':
        return isWide(dtype) ? compensated : long ? paired : widened(0, f64x2.add);
      case 'prod':
        return isWide(dtype) ? simple(f64x2.const(1), 2, (_, x, y) => f64x2.mul(x, y)) : widened(1, f64x2.mul);
      case 'max':
        return simple(floats.const(Number.NEGATIVE_INFINITY), vectors, (_, x, y) => floats.max(x, y));
      case 'min':
        return simple(floats.const(Number.POSITIVE_INFINITY), vectors, (_, x, y) => floats.min(x, y));
    }
  }
  if (laneClass[dtype] === 'i64') {
    switch (kind) {
      case 'sum':
        return simple(v128.zero, 2, (_, x, y) => i64x2.add(x, y));
      case 'prod':
        return simple(i64x2.const(1n), 2, (_, x, y) => i64x2.mul(x, y));
      case 'max':
        return simple(i64x2.const(-(2n ** 63n)), 2, (_, x, y) => v128.select(x, y, i64x2.gt(x, y)));
      case 'min':
        return simple(i64x2.const(2n ** 63n - 1n), 2, (_, x, y) => v128.select(y, x, i64x2.gt(x, y)));
    }
  }
  return { ...fold32(kind), narrow: ([x]) => [wrapped(dtype, x)] };
}

/** Integers of up to 32 bits. */
function fold32(kind: 'sum' | 'prod' | 'max' | 'min'): Folding {
  switch (kind) {
    case 'sum':
      return simple(v128.zero, 1, (_, x, y) => i32x4.add(x, y));
    case 'prod':
      return simple(i32x4.const(1), 1, (_, x, y) => i32x4.mul(x, y));
    case 'max':
      return simple(i32x4.const(-(2 ** 31)), 1, (_, x, y) => i32x4.max(x, y));
    case 'min':
      return simple(i32x4.const(2 ** 31 - 1), 1, (_, x, y) => i32x4.min(x, y));
  }
}

/** `count` groups folded into running results: first with each other, as a tree, if their order is free. */
export function foldGroups(
  fn: FunctionBuilder,
  { widen, pair, pairsNarrow, step }: Folding,
  runnings: readonly Running[],
  count: number,
  group: (k: number) => Group,
): Running[] {
  const foldOne = (into: readonly Running[], vectors: Group): Running[] =>
    into.map((running, v) => keepGroup(fn, step(fn, running, vectors[v])));
  if (!pair) {
    let into = [...runnings];
    for (let k = 0; k < count; k++) into = foldOne(into, keepGroup(fn, widen(group(k))));
    return into;
  }
  const tree = (from: number, to: number): Group => {
    if (to - from === 1) return keepGroup(fn, pairsNarrow ? group(from) : widen(group(from)));
    const middle = (from + to) >> 1;
    const [x, y] = [tree(from, middle), tree(middle, to)];
    return x.map((vector, v) => fn.let(pair(fn, vector, y[v])));
  };
  const folded = tree(0, count);
  return foldOne(runnings, pairsNarrow ? widen(folded) : folded);
}

/** All lanes folded into one, the first. */
export function foldLanes(fn: FunctionBuilder, { vectors, merge }: Folding, runnings: readonly Running[]): Running {
  let whole = runnings.reduce((a, b) => merge(fn, a, b));
  for (const other of vectors === 2 ? [high] : [high, neighbour]) {
    whole = keepGroup(fn, whole);
    whole = merge(fn, whole, keepGroup(fn, whole.map(other)));
  }
  return keepGroup(fn, whole);
}

/** Lanes 1 and 3 in the place of 0 and 2. */
const neighbour = (x: V): V => shuffle32(x, x, [1, 1, 3, 3]);
const lanesFromZero = v128.of32([0, 1, 2, 3]);

/** The first `left` elements of a group, and behind them what changes nothing. */
export function onlyPresent(fn: FunctionBuilder, group: Group, left: Value<'i32'>, missing: V, wide: boolean): Group {
  const present = fn.let(i32x4.lt(lanesFromZero, i32x4.splat(left)));
  const masks = wide ? [i64x2.extendLow32S(present), i64x2.extendHigh32S(present)] : [present];
  return group.map((x, v) => v128.select(x, missing, masks[v]));
}
