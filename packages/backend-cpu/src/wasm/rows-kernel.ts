/**
 * Kernels that work through rows of elements that lie side by side, in several passes over a row while it is in the cache: softmax and normalisations.
 * Narrow floats are computed with as float32 and summed in double precision.
 */
import type { DType, Expr } from '@tenfold/tensor-core';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  type Statement,
  type Value,
  v128,
} from './assembler.ts';
import {
  each,
  encoded,
  type Group,
  groupSize,
  isWide,
  itemBytes,
  keepGroup,
  loadDense,
  loadGathered,
  loadSplat,
  storeDense,
  storeLane,
  type V,
} from './elements.ts';
import { type Folding, foldGroups, foldingOf, foldLanes, onlyPresent } from './folding.ts';
import { expBelow } from './math/index.ts';
import { placesOf, storeLanes } from './program-kernel.ts';
import { contextOf, render } from './render.ts';

/** A float64 or what narrow floats are computed in. */
export type Precision = 'float32' | 'float64';

/** Words of a descriptor: rows, elements of a row; for each operand its address and the bytes from row to row; at an even word numbers, two words each. */
export const rowWords = (operands: number) => {
  const end = 2 + 2 * operands;
  return { rows: 0, length: 1, operands: 2, numbers: end + (end & 1) };
};

/** Groups that are folded at a time. */
const unrolled = 4;

/** Four elements of a row, the last of which may be fewer. */
export interface Place {
  /** Elements of operand `o`, one each for the lanes. */
  load(o: number): Group;
  store(o: number, group: Group): void;
  /** Positions in the row, as int32. */
  position(): V;
}

/** One element of a row. */
export interface Single extends Pick<Place, 'load' | 'store'> {
  position(): Value<'i32'>;
}

/** Writes the code for one row. */
export class RowWriter {
  readonly fn: FunctionBuilder;
  readonly precision: Precision;
  /** Elements of a row. */
  readonly length: Value<'i32'>;
  readonly #module: ModuleBuilder;
  readonly #dtypes: readonly DType[];
  readonly #rows: readonly Local<'i32'>[];
  readonly #pointers: readonly Local<'i32'>[];
  readonly #left: Local<'i32'>;
  /** Stores of several groups, held back until all are loaded: so the compiler mixes them, and none waits for another. */
  readonly #stores: Statement[] = [];

  constructor(
    module: ModuleBuilder,
    fn: FunctionBuilder,
    precision: Precision,
    dtypes: readonly DType[],
    rows: readonly Local<'i32'>[],
    length: Value<'i32'>,
  ) {
    this.#module = module;
    this.fn = fn;
    this.precision = precision;
    this.length = length;
    this.#dtypes = dtypes;
    this.#rows = rows;
    this.#pointers = rows.map(() => fn.local('i32'));
    this.#left = fn.local('i32');
  }

  /** The value of an expression, whose inputs are `groups`. */
  compute(expression: Expr, groups: readonly Group[]): Group {
    const leaf = (): never => {
      throw new TypeError('an expression over rows has inputs only');
    };
    const [group] = render(this.#module, this.fn, [expression], {
      input: (i) => groups[i],
      param: leaf,
      index: leaf,
      loaded: leaf,
    });
    return group;
  }

  /** exp(x - m) where no x is greater than m. */
  expBelow(x: Group, m: Group): Group {
    return each([x, m], (a, b) => expBelow[this.precision](this.fn, a, b, contextOf(this.#module)));
  }

  /** A group that is read more than once. */
  keep(group: Group): Group {
    return keepGroup(this.fn, group);
  }

  /** A number in all lanes. */
  splat(value: Value<'f64'>): Group {
    const vector = this.precision === 'float32' ? f32x4.splat(f32.demote(value)) : f64x2.splat(value);
    const kept = this.fn.let(vector);
    return this.precision === 'float32' ? [kept] : [kept, kept];
  }

  /** The first lane as a number. */
  first([x]: Group): Value<'f64'> {
    return this.precision === 'float32' ? f64.promote(f32x4.extract(x, 0)) : f64x2.extract(x, 0);
  }

  /** The element that operand `o` has for the row, in all lanes. */
  loadOne(o: number): Group {
    return keepGroup(this.fn, loadSplat(this.#module, this.#dtypes[o], this.#rows[o].get));
  }

  storeOne(o: number, group: Group): void {
    const raw = keepGroup(this.fn, encoded(this.#module, this.#dtypes[o], group));
    this.fn.emit(storeLane(this.#dtypes[o], this.#rows[o].get, raw, 0));
  }

  /** Σ of `term` over the row. */
  sum(term: (at: Place) => Group): Value<'f64'> {
    const folding = foldingOf('sum', this.precision, true);
    return this.fn.let(f64x2.extract(this.#fold(folding, this.precision, term), 0));
  }

  /** The largest `term` of the row, in all lanes; what is NaN may be passed over. */
  largest(term: (at: Place) => Group): Group {
    const floats = this.precision === 'float32' ? f32x4 : f64x2;
    const exact = foldingOf('max', this.precision, true);
    const folding: Folding = { ...exact, ...fast(floats.pmax) };
    const result = this.#fold(folding, this.precision, term);
    const vector = this.fn.let(
      this.precision === 'float32' ? f32x4.splat(f32x4.extract(result, 0)) : f64x2.splat(f64x2.extract(result, 0)),
    );
    return exact.vectors === 1 ? [vector] : [vector, vector];
  }

  /** The extreme of `term`, a group of `dtype`, in the first lane. */
  extreme(kind: 'max' | 'min', dtype: DType, term: (at: Place) => Group): V {
    return this.#fold(foldingOf(kind, dtype, true), dtype, term);
  }

  /** Runs over the row. */
  each(body: (at: Place) => void): void {
    this.#pass(
      unrolled,
      (count) => {
        for (let k = 0; k < count; k++) body(this.#place(k, null));
      },
      () => body(this.#place(0, this.#left.get)),
    );
  }

  /** Visits the elements of the row one by one, from the last one if `reverse`: each is in all lanes of its group. */
  one(reverse: boolean, body: (at: Single) => void): void {
    const { fn } = this;
    const left = this.#left;
    const last = i32.sub(this.length, i32.const(1));
    const bytes = (o: number): number => itemBytes(this.#dtypes[o]);
    this.#pointers.forEach((pointer, o) => {
      const start = this.#rows[o].get;
      fn.emit(pointer.set(reverse ? i32.add(start, i32.mul(last, i32.const(bytes(o)))) : start));
    });
    fn.emit(left.set(this.length));
    fn.while(left.get, () => {
      body({
        load: (o) => keepGroup(fn, loadSplat(this.#module, this.#dtypes[o], this.#pointers[o].get)),
        store: (o, group) => {
          const raw = keepGroup(fn, encoded(this.#module, this.#dtypes[o], group));
          fn.emit(storeLane(this.#dtypes[o], this.#pointers[o].get, raw, 0));
        },
        position: () => (reverse ? i32.sub(left.get, i32.const(1)) : i32.sub(this.length, left.get)),
      });
      this.#pointers.forEach((pointer, o) => {
        fn.emit(pointer.set(i32.add(pointer.get, i32.const(reverse ? -bytes(o) : bytes(o)))));
      });
      fn.emit(left.set(i32.sub(left.get, i32.const(1))));
    });
  }

  #fold(folding: Folding, dtype: DType, term: (at: Place) => Group): V {
    const { fn } = this;
    const running = Array.from({ length: folding.vectors }, () =>
      folding.neutral.map((x) => fn.variable(fn.constant(x))),
    );
    const current = () => running.map((locals) => locals.map(({ get }) => get));
    const fold = (count: number, group: (k: number) => Group): void => {
      const next = foldGroups(fn, folding, current(), count, group);
      running.forEach((locals, v) => {
        locals.forEach((local, i) => fn.emit(local.set(next[v][i])));
      });
    };
    const missing = fn.constant(folding.missing);
    const wide = isWide(dtype);
    this.#pass(
      unrolled,
      (count) => fold(count, (k) => term(this.#place(k, null))),
      () =>
        fold(1, () =>
          onlyPresent(fn, keepGroup(fn, term(this.#place(0, this.#left.get))), this.#left.get, missing, wide),
        ),
    );
    return fn.let(folding.finish(fn, foldLanes(fn, folding, current())));
  }

  #pass(most: number, groups: (count: number) => void, tail: () => void): void {
    const { fn } = this;
    const left = this.#left;
    fn.emit(...this.#pointers.map((pointer, o) => pointer.set(this.#rows[o].get)), left.set(this.length));
    for (const count of most > 1 ? [most, 1] : [1]) {
      fn.while(i32.geU(left.get, i32.const(count * groupSize)), () => {
        groups(count);
        fn.emit(...this.#stores.splice(0));
        this.#pointers.forEach((pointer, o) => {
          fn.emit(pointer.set(i32.add(pointer.get, i32.const(count * groupSize * itemBytes(this.#dtypes[o])))));
        });
        fn.emit(left.set(i32.sub(left.get, i32.const(count * groupSize))));
      });
    }
    fn.if(left.get, tail);
  }

  #place(skipped: number, left: Value<'i32'> | null): Place {
    const { fn } = this;
    const module = this.#module;
    return {
      position: () => {
        const first = i32.add(i32.sub(this.length, this.#left.get), i32.const(skipped * groupSize));
        return fn.let(i32x4.add(i32x4.splat(first), fn.constant(v128.of32([0, 1, 2, 3]))));
      },
      load: (o) => {
        const dtype = this.#dtypes[o];
        const at = this.#pointers[o].get;
        const size = itemBytes(dtype);
        if (!left) return keepGroup(fn, loadDense(module, dtype, at, skipped * groupSize * size));
        return keepGroup(
          fn,
          loadGathered(
            module,
            dtype,
            placesOf(fn, at, (k) => i32.const(k * size), left),
          ),
        );
      },
      store: (o, group) => {
        const dtype = this.#dtypes[o];
        const at = this.#pointers[o].get;
        const size = itemBytes(dtype);
        const raw = keepGroup(fn, encoded(module, dtype, group));
        if (!left) {
          this.#stores.push(...storeDense(dtype, at, raw, skipped * groupSize * size));
          return;
        }
        storeLanes(fn, dtype, at, raw, (k) => i32.const(k * size), left);
      },
    };
  }
}

/** A folding by an operation that takes two vectors. */
const fast = (operation: typeof f32x4.pmax): Pick<Folding, 'pair' | 'step' | 'merge'> => ({
  pair: (_, x, y) => operation(x, y),
  step: (_, [running], x) => [operation(running, x)],
  merge: (_, [x], [y]) => [operation(x, y)],
});

/** Defines `rows(descriptor)`; `body` writes the code for one row and reads numbers of the descriptor. */
export function defineRows(
  module: ModuleBuilder,
  precision: Precision,
  dtypes: readonly DType[],
  numbers: number,
  body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void,
): void {
  const words = rowWords(dtypes.length);
  module.define({ parameters: ['i32'], result: 'none', name: 'rows' }, (fn) => {
    const descriptor = fn.parameter(0, 'i32').get;
    const word = (i: number): Value<'i32'> => fn.let(i32.load(descriptor, 4 * i));
    const left = fn.variable(word(words.rows));
    const length = word(words.length);
    const rows = dtypes.map((_, o) => fn.variable(word(words.operands + 2 * o)));
    const steps = dtypes.map((_, o) => word(words.operands + 2 * o + 1));
    const values = Array.from({ length: numbers }, (_, n) => fn.let(f64.load(descriptor, 4 * (words.numbers + 2 * n))));
    const writer = new RowWriter(module, fn, precision, dtypes, rows, length);
    fn.doWhile(() => {
      body(writer, values);
      rows.forEach((row, o) => fn.emit(row.set(i32.add(row.get, steps[o]))));
      fn.emit(left.set(i32.sub(left.get, i32.const(1))));
      return left.get;
    });
  });
}

/** A product of two groups, and so on: formulas that need no expression. */
export const arithmetic = (precision: Precision) => {
  const floats = precision === 'float32' ? f32x4 : f64x2;
  return {
    add: (x: Group, y: Group): Group => each([x, y], floats.add),
    sub: (x: Group, y: Group): Group => each([x, y], floats.sub),
    mul: (x: Group, y: Group): Group => each([x, y], floats.mul),
  };
};
