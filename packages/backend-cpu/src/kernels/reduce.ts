/** The `reduce` family: sums, products and extremes over some dims, after a program per element. */
import { type DType, isFloat, type Program, type ReduceKind } from '@tenfold/tensor-core';
import { compile } from '../compile.ts';
import { codecOf, type Element, extreme, type View } from '../elements.ts';
import { count, forEachPosition } from '../iterate.ts';

/** Folds runs of elements into one. */
interface Accumulator {
  reset(): void;
  add(data: ArrayLike<Element>, at: number, n: number): void;
  result(): Element;
}

export function reduce(
  kind: ReduceKind,
  out: View,
  ins: readonly View[],
  program: Program,
  params: readonly number[],
): void {
  const full = ins[0].shape;
  const kept = full.map((_, d) => d).filter((d) => out.shape[d] === full[d]);
  const reduced = full.map((_, d) => d).filter((d) => out.shape[d] !== full[d]);
  // the reduced dims come last, so that what belongs to one result is consecutive
  const order = [...kept, ...reduced];
  const permuted = ins.map((x) => ({
    dtype: x.dtype,
    storage: x.storage,
    offset: x.offset,
    shape: order.map((d) => x.shape[d]),
    strides: order.map((d) => x.strides[d]),
  }));
  const each = count(reduced.map((d) => full[d]));
  const results = count(kept.map((d) => full[d]));
  const accumulator = accumulatorOf(kind, out.dtype);
  const values: Element[] = [];
  accumulator.reset();
  if (each === 0) for (let r = 0; r < results; r++) values.push(accumulator.result());
  else {
    const compiled = compile(program);
    const [register] = compiled.outputs;
    let left = each;
    compiled.run(
      order.map((d) => full[d]),
      permuted,
      params,
      results * each,
      (_, n) => {
        for (let done = 0; done < n; ) {
          const length = Math.min(left, n - done);
          accumulator.add(register.data, register.at + done, length);
          done += length;
          left -= length;
          if (left > 0) continue;
          values.push(accumulator.result());
          accumulator.reset();
          left = each;
        }
      },
      order,
    );
  }
  const { write } = codecOf(out.dtype);
  let next = 0;
  forEachPosition(out.shape, [out], ([at]) => write(out.storage.buffer, at, values[next++]));
}

function accumulatorOf(kind: ReduceKind, dtype: DType): Accumulator {
  const big = dtype === 'int64';
  switch (kind) {
    case 'sum':
      if (dtype === 'bool') return accumulatorOf('any', dtype);
      if (isFloat(dtype)) return dtype === 'float64' ? compensatedSum() : wideSum();
      return big ? folding<bigint>(0n, (a, x) => BigInt.asIntN(64, a + x)) : folding<number>(0, (a, x) => (a + x) | 0);
    case 'prod':
      if (dtype === 'bool') return accumulatorOf('all', dtype);
      return isFloat(dtype)
        ? folding<number>(1, (a, x) => a * x)
        : big
          ? folding<bigint>(1n, (a, x) => BigInt.asIntN(64, a * x))
          : folding<number>(1, Math.imul);
    case 'max':
      return big
        ? folding<bigint>(extreme(dtype, -1) as bigint, (a, x) => (x > a ? x : a))
        : folding<number>(extreme(dtype, -1) as number, (a, x) => Math.max(a, x));
    case 'min':
      return big
        ? folding<bigint>(extreme(dtype, 1) as bigint, (a, x) => (x < a ? x : a))
        : folding<number>(extreme(dtype, 1) as number, (a, x) => Math.min(a, x));
    case 'any':
      return folding<number>(0, (a, x) => (x ? 1 : a));
    case 'all':
      return folding<number>(1, (a, x) => (x ? a : 0));
  }
}

function folding<E extends Element>(initial: E, step: (accumulated: E, x: E) => E): Accumulator {
  let value = initial;
  return {
    reset: () => {
      value = initial;
    },
    add: (data, at, n) => {
      for (let i = at; i < at + n; i++) value = step(value, data[i] as E);
    },
    result: () => value,
  };
}

/** Sums of narrower floats in double precision, in four strands: what is lost is far below the last digit of the result. */
function wideSum(): Accumulator {
  let sum = 0;
  return {
    reset: () => {
      sum = 0;
    },
    add: (data, at, n) => {
      const x = data as ArrayLike<number>;
      const end = at + n;
      let i = at;
      let [a, b, c, d] = [0, 0, 0, 0];
      for (; i + 3 < end; i += 4) {
        a += x[i];
        b += x[i + 1];
        c += x[i + 2];
        d += x[i + 3];
      }
      for (; i < end; i++) a += x[i];
      sum += a + b + (c + d);
    },
    result: () => sum,
  };
}

/** Neumaier's sum (ZAMM 54, 1974): the rounding error of each addition is kept and added in the end. */
function compensatedSum(): Accumulator {
  let sum = 0;
  let error = 0;
  return {
    reset: () => {
      sum = 0;
      error = 0;
    },
    add: (data, at, n) => {
      for (let i = at; i < at + n; i++) {
        const x = data[i] as number;
        const next = sum + x;
        error += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
        sum = next;
      }
    },
    // beyond the largest number the error term means nothing, and the plain sum is right
    result: () => (Number.isFinite(sum) ? sum + error : sum),
  };
}
