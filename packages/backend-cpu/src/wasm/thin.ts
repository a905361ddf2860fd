/**
 * Products of a matrix and up to three vectors, which take as long as it takes to read the matrix: it is read once, as it lies, without packing. Long sums
 * are cut into blocks of k, whose sums are added up.
 */
import {
  type FunctionBuilder,
  f32x4,
  f64x2,
  i32,
  i32x4,
  i64x2,
  type Local,
  type ModuleBuilder,
  type Value,
  v128,
} from './assembler.ts';
import type { Machine } from './machine.ts';
import { type ProductType, productLanes } from './product.ts';

/** More vectors than this are a matrix. */
export const mostVectors = 3;

/** Arguments, in 32-bit words from the address that the kernel gets: addresses, sizes, and distances in bytes. */
export const thinFields = [
  'matrix',
  'x',
  'y',
  /** Results per vector, and products in each. */
  'wide',
  'k',
  /** From one result to the next and from one step to the next in the matrix; one of them is the size of an element. */
  'matrixWide',
  'matrixStep',
  /** From one step of x to the next, and from one vector to the next in x and y. Results of a vector are neighbours. */
  'xStep',
  'xVector',
  'yVector',
  /** Scratch memory of {@link thinRoom} bytes. */
  'scratch',
] as const;
export type ThinField = (typeof thinFields)[number];

/** Steps whose products are added one after the other. */
const blockDepth = 2048;
/** Bytes of running sums of a vector that stay in the first-level cache. */
const blockBytes = 4096;
export const thinRoom = mostVectors * blockBytes;

type Lanes = typeof f32x4 | typeof f64x2 | typeof i32x4 | typeof i64x2;
type I32 = Value<'i32'>;

const plus = (x: I32, y: number): I32 => i32.add(x, i32.const(y));
const advance = (fn: FunctionBuilder, x: Local<'i32'>, by: I32): void => fn.emit(x.set(i32.add(x.get, by)));

/** The arguments as variables of a kernel. */
function argumentsOf(fn: FunctionBuilder): { readonly [F in ThinField]: Local<'i32'> } {
  const at = fn.parameter(0, 'i32').get;
  return Object.fromEntries(thinFields.map((field, i) => [field, fn.variable(i32.load(at, 4 * i))])) as {
    [F in ThinField]: Local<'i32'>;
  };
}

/** The smaller of `x` and `count`, as a variable. */
function least(fn: FunctionBuilder, x: I32, count: number): Local<'i32'> {
  const y = fn.variable(x);
  fn.if(i32.gtU(y.get, i32.const(count)), () => fn.emit(y.set(i32.const(count))));
  return y;
}

/** Rows of the matrix that are summed at a time. */
const rowsAtOnce = 4;

/** Results are dot products of consecutive elements: of rows of the matrix with `vectors` vectors, whose steps are neighbours too. */
function defineDots(module: ModuleBuilder, name: string, lanes: Lanes, vectors: number): void {
  const { size, lanes: width } = lanes;
  module.define({ parameters: ['i32'], result: 'none', name }, (fn) => {
    const { matrix, x, y, wide, k, matrixWide, xVector, yVector } = argumentsOf(fn);
    const dots = (rows: number): void => {
      const make = (): Local<'v128'>[][] =>
        Array.from({ length: rows }, () => Array.from({ length: vectors }, () => fn.local('v128')));
      const [totals, sums] = [make(), make()];
      const from = totals.map(() => fn.local('i32'));
      const by = totals[0].map(() => fn.local('i32'));
      from.forEach((row, r) =>
        fn.emit(row.set(i32.add(r ? from[r - 1].get : matrix.get, r ? matrixWide.get : i32.const(0)))),
      );
      by.forEach((row, t) => fn.emit(row.set(i32.add(t ? by[t - 1].get : x.get, t ? xVector.get : i32.const(0)))));
      const step = (load: (at: I32) => Value<'v128'>, into: Local<'v128'>[][], count: number): void => {
        const right = by.map((at) => fn.let(load(at.get)));
        from.forEach((at, r) => {
          const left = fn.let(load(at.get));
          into[r].forEach((sum, t) => fn.emit(sum.set(lanes.add(sum.get, lanes.mul(left, right[t])))));
        });
        for (const at of [...from, ...by]) advance(fn, at, i32.const(count * size));
      };
      for (const total of totals.flat()) fn.emit(total.set(v128.zero));
      const left = fn.variable(k.get);
      fn.while(i32.geU(left.get, i32.const(width)), () => {
        const steps = least(fn, i32.and(left.get, i32.const(-width)), blockDepth);
        fn.emit(left.set(i32.sub(left.get, steps.get)));
        for (const sum of sums.flat()) fn.emit(sum.set(v128.zero));
        fn.doWhile(() => {
          step((at) => v128.load(at), sums, width);
          fn.emit(steps.set(plus(steps.get, -width)));
          return steps.get;
        });
        totals.forEach((row, r) => row.forEach((total, t) => fn.emit(total.set(lanes.add(total.get, sums[r][t].get)))));
      });
      fn.while(left.get, () => {
        step((at) => v128.loadLane(size, at, v128.zero, 0), totals, 1);
        fn.emit(left.set(plus(left.get, -1)));
      });
      totals.forEach((row, r) => {
        const to = fn.variable(plus(y.get, r * size));
        row.forEach((total) => {
          // the lanes in pairs
          const lane = (l: number): Value<'v128'> => laneOf(lanes, total.get, l);
          const pairs = Array.from({ length: width / 2 }, (_, p) => lanes.add(lane(2 * p), lane(2 * p + 1)));
          const sum = pairs.reduce((a, b) => lanes.add(a, b));
          fn.emit(v128.storeLane(size, to.get, sum, 0));
          advance(fn, to, yVector.get);
        });
      });
      advance(fn, matrix, i32.mul(matrixWide.get, i32.const(rows)));
      advance(fn, y, i32.const(rows * size));
      fn.emit(wide.set(plus(wide.get, -rows)));
    };
    fn.while(i32.geU(wide.get, i32.const(rowsAtOnce)), () => dots(rowsAtOnce));
    fn.while(wide.get, () => dots(1));
  });
}

/** Lane `l` in all lanes. */
function laneOf(lanes: Lanes, x: Value<'v128'>, l: number): Value<'v128'> {
  if (lanes === f32x4) return f32x4.splat(f32x4.extract(x, l));
  if (lanes === f64x2) return f64x2.splat(f64x2.extract(x, l));
  if (lanes === i32x4) return i32x4.splat(i32x4.extract(x, l));
  return i64x2.splat(i64x2.extract(x, l));
}

/** Results are sums of rows of the matrix, whose elements are neighbours, with factors from `vectors` vectors. */
function defineCombine(module: ModuleBuilder, name: string, lanes: Lanes, vectors: number): void {
  const { size, lanes: width } = lanes;
  const indices = Array.from({ length: vectors }, (_, t) => t);
  module.define({ parameters: ['i32'], result: 'none', name }, (fn) => {
    const { matrix, x, y, wide, k, matrixStep, xStep, xVector, yVector, scratch } = argumentsOf(fn);
    /** Adds so many rows to the running sums. */
    const add = (rows: number, row: Local<'i32'>, factor: Local<'i32'>, columns: I32): void => {
      const factors = Array.from({ length: rows }, (_, r) =>
        indices.map((t) =>
          fn.let(
            lanes.loadSplat(
              i32.add(factor.get, i32.add(i32.mul(xStep.get, i32.const(r)), i32.mul(xVector.get, i32.const(t)))),
            ),
          ),
        ),
      );
      const from = factors.map((_, r) => fn.variable(i32.add(row.get, i32.mul(matrixStep.get, i32.const(r)))));
      const to = fn.variable(scratch.get);
      const left = fn.variable(columns);
      const part = (
        load: (at: I32) => Value<'v128'>,
        store: (at: I32, value: Value<'v128'>, offset: number) => void,
        count: number,
      ) => {
        const values = from.map((at) => fn.let(load(at.get)));
        for (const t of indices) {
          let sum: Value<'v128'> = load(plus(to.get, t * blockBytes));
          values.forEach((value, r) => {
            sum = lanes.add(sum, lanes.mul(value, factors[r][t]));
          });
          store(to.get, sum, t * blockBytes);
        }
        for (const at of [...from, to]) advance(fn, at, i32.const(count * size));
        fn.emit(left.set(plus(left.get, -count)));
      };
      fn.while(i32.geU(left.get, i32.const(width)), () =>
        part(
          (at) => v128.load(at),
          (at, value, offset) => fn.emit(v128.store(at, value, offset)),
          width,
        ),
      );
      fn.while(left.get, () =>
        part(
          (at) => v128.loadLane(size, at, v128.zero, 0),
          (at, value, offset) => fn.emit(v128.storeLane(size, at, value, 0, offset)),
          1,
        ),
      );
      advance(fn, row, i32.mul(matrixStep.get, i32.const(rows)));
      advance(fn, factor, i32.mul(xStep.get, i32.const(rows)));
    };
    /** Moves the running sums to y, or adds them to what a block of steps before has left there. */
    const flush = (columns: I32, isFirst: I32): void => {
      for (const t of indices) {
        const from = fn.variable(plus(scratch.get, t * blockBytes));
        const to = fn.variable(i32.add(y.get, i32.mul(yVector.get, i32.const(t))));
        const left = fn.variable(columns);
        fn.while(left.get, () => {
          const sum = fn.variable(v128.loadLane(size, from.get, v128.zero, 0));
          fn.if(i32.eqz(isFirst), () =>
            fn.emit(sum.set(lanes.add(sum.get, v128.loadLane(size, to.get, v128.zero, 0)))),
          );
          fn.emit(v128.storeLane(size, to.get, sum.get, 0));
          advance(fn, from, i32.const(size));
          advance(fn, to, i32.const(size));
          fn.emit(left.set(plus(left.get, -1)));
        });
      }
    };
    const together = vectors < mostVectors ? 4 : 2;
    fn.while(wide.get, () => {
      const columns = least(fn, wide.get, blockBytes / size).get;
      const row = fn.variable(matrix.get);
      const factor = fn.variable(x.get);
      const steps = fn.variable(k.get);
      const isFirst = fn.variable(i32.const(1));
      fn.while(steps.get, () => {
        const here = least(fn, steps.get, blockDepth);
        fn.emit(steps.set(i32.sub(steps.get, here.get)));
        const to = fn.variable(scratch.get);
        fn.doWhile(() => {
          fn.emit(v128.store(to.get, v128.zero));
          advance(fn, to, i32.const(16));
          return i32.ltU(to.get, plus(scratch.get, vectors * blockBytes));
        });
        fn.while(i32.geU(here.get, i32.const(together)), () => {
          add(together, row, factor, columns);
          fn.emit(here.set(plus(here.get, -together)));
        });
        fn.while(here.get, () => {
          add(1, row, factor, columns);
          fn.emit(here.set(plus(here.get, -1)));
        });
        flush(columns, isFirst.get);
        fn.emit(isFirst.set(i32.const(0)));
      });
      fn.emit(wide.set(i32.sub(wide.get, columns)));
      for (const at of [matrix, y]) advance(fn, at, i32.mul(columns, i32.const(size)));
    });
  });
}

/** Kernels by the number of vectors less one; each takes the address of its arguments. */
export interface ThinProducts {
  readonly dots: readonly ((at: number) => void)[];
  readonly combine: readonly ((at: number) => void)[];
}

export function compileThin(machine: Machine, type: ProductType): ThinProducts {
  const module = machine.module();
  const lanes = productLanes[type];
  const counts = Array.from({ length: mostVectors }, (_, t) => t + 1);
  for (const count of counts) {
    defineDots(module, `dots${count}`, lanes, count);
    defineCombine(module, `combine${count}`, lanes, count);
  }
  const kernels = machine.compile<{ readonly [name: string]: (at: number) => void }>(module);
  return {
    dots: counts.map((count) => kernels[`dots${count}`]),
    combine: counts.map((count) => kernels[`combine${count}`]),
  };
}
