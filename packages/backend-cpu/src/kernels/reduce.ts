/** The `reduce` family: sums, products and extremes over some dims, after a program per element. */
import { type DType, isFloat, type Program, type ReduceKind, topological } from '@tenfold/tensor-core';
import type { Element } from '@tenfold/tensor-core/scalar';
import { compile } from '../compile.ts';
import { codecOf, extreme, type View } from '../elements.ts';
import { forEachPosition } from '../iterate.ts';

/** Folds runs of elements into one. */
interface Accumulator {
  reset(): void;
  /** `n` elements from `at`, `stride` apart. */
  add(data: ArrayLike<Element>, at: number, stride: number, n: number): void;
  result(): Element;
}

const loads = new WeakMap<Program, ReadonlySet<number>>();

/** The inputs that a program reads at computed positions. */
function loadedBy(program: Program): ReadonlySet<number> {
  let known = loads.get(program);
  if (!known) {
    const nodes = topological(program.outputs);
    loads.set(program, (known = new Set(nodes.flatMap((node) => (node.kind === 'load' ? [node.index] : [])))));
  }
  return known;
}

export function reduce(
  kind: ReduceKind,
  out: View,
  ins: readonly View[],
  program: Program,
  params: readonly number[],
): void {
  const full = ins[0].shape;
  let [results, each] = [1, 1];
  let reducedLast = true;
  let met = false;
  for (let d = 0; d < full.length; d++) {
    if (out.shape[d] === full[d]) {
      results *= full[d];
      if (met && full[d] !== 1) reducedLast = false;
    } else {
      each *= full[d];
      met = true;
    }
  }
  const values: Element[] = [];
  const take = (value: Element): void => {
    values.push(value);
  };
  if (reducedLast) fold(kind, out.dtype, full, ins, program, params, results, each, take);
  else {
    // the reduced dims come last, so that what belongs to one result is consecutive
    const dims = full.map((_, d) => d);
    const order = [...dims.filter((d) => out.shape[d] === full[d]), ...dims.filter((d) => out.shape[d] !== full[d])];
    // inputs that are loaded have dims of their own
    const loaded = loadedBy(program);
    const permuted = ins.map((x, i) =>
      loaded.has(i)
        ? x
        : {
            dtype: x.dtype,
            storage: x.storage,
            offset: x.offset,
            shape: order.map((d) => x.shape[d]),
            strides: order.map((d) => x.strides[d]),
          },
    );
    const shape = order.map((d) => full[d]);
    fold(kind, out.dtype, shape, permuted, program, params, results, each, take, order);
  }
  const { write } = codecOf(out.dtype);
  if (results === 1) {
    write(out.storage.buffer, out.offset, values[0]);
    return;
  }
  let next = 0;
  forEachPosition(out.shape, [out], ([at]) => write(out.storage.buffer, at, values[next++]));
}

/** Folds each run of `each` elements into one result, which `take` gets. */
function fold(
  kind: ReduceKind,
  dtype: DType,
  shape: readonly number[],
  ins: readonly View[],
  program: Program,
  params: readonly number[],
  results: number,
  each: number,
  take: (value: Element) => void,
  order?: readonly number[],
): void {
  const accumulator = accumulatorOf(kind, dtype);
  accumulator.reset();
  if (each === 0) {
    for (let r = 0; r < results; r++) take(accumulator.result());
    return;
  }
  const compiled = compile(program);
  const [register] = compiled.outputs;
  let left = each;
  const add = (_: number, n: number): void => {
    for (let done = 0; done < n; ) {
      const length = Math.min(left, n - done);
      accumulator.add(register.data, register.at + done * register.stride, register.stride, length);
      done += length;
      left -= length;
      if (left > 0) continue;
      take(accumulator.result());
      accumulator.reset();
      left = each;
    }
  };
  compiled.run(shape, ins, params, results * each, add, order);
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
    add: (data, at, stride, n) => {
      for (let i = 0; i < n; i++) value = step(value, data[at + i * stride] as E);
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
    add: (data, at, stride, n) => {
      const x = data as ArrayLike<number>;
      let [a, b, c, d] = [0, 0, 0, 0];
      let i = at;
      let left = n;
      for (; left > 3; left -= 4) {
        a += x[i];
        b += x[i + stride];
        c += x[i + 2 * stride];
        d += x[i + 3 * stride];
        i += 4 * stride;
      }
      for (; left > 0; left--) {
        a += x[i];
        i += stride;
      }
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
    add: (data, at, stride, n) => {
      for (let i = 0; i < n; i++) {
        const x = data[at + i * stride] as number;
        const next = sum + x;
        error += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
        sum = next;
      }
    },
    // beyond the largest number the error term means nothing, and the plain sum is right
    result: () => (Number.isFinite(sum) ? sum + error : sum),
  };
}
