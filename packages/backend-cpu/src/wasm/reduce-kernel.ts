/**
 * Kernels of the reduce family, one for each program, kind and layout, in two shapes: `along` folds runs of consecutive elements to one result,
 * `across` folds rows, element by element, into a row of results.
 *
 * A kernel reads all it needs from a descriptor in memory, see {@link ReduceWords}.
 */
import type { ReduceKind } from '@tenfold/tensor-core';
import {
  type FunctionBuilder,
  f64x2,
  i32,
  type Local,
  type ModuleBuilder,
  select,
  type Value,
  v128,
} from './assembler.ts';
import {
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
} from './elements.ts';
import { foldGroups, foldingOf, foldLanes, onlyPresent, type Running } from './folding.ts';
import type { Layout, ProgramFacts } from './map-kernel.ts';
import {
  advance,
  type Moving,
  moveBy,
  type ProgramWords,
  placesOf,
  programWords,
  readProgram,
  storeLanes,
} from './program-kernel.ts';
import { render } from './render.ts';

/** What a kernel is generated for. */
export interface ReduceVariant {
  readonly kind: ReduceKind;
  readonly facts: ProgramFacts;
  readonly shape: 'along' | 'across';
  /** Of the result, then of the inputs in step: along a run, or along a row. */
  readonly layouts: readonly Layout[];
  /** Whether many elements are summed, see {@link foldingOf}. */
  readonly long: boolean;
}

/** The words of a descriptor, by position. Operands are the result, then the inputs in step. */
export interface ReduceWords extends ProgramWords {
  /** Set by the kernel to not 0 if a sum is not finite. */
  readonly overflowed: 0;
  /** Results of `along`; rows of results of `across`. */
  readonly results: 1;
  /** How often a run, or a bundle of rows, is folded into the same results. */
  readonly runs: 2;
  /** Elements of a run or a row. */
  readonly length: 3;
  /** Rows of a bundle. */
  readonly rows: 4;
  /** The address of {@link scratchBytes} bytes for the kernel's use. */
  readonly scratch: 5;
  /** Where the dims of the results end, then those of the runs, in bytes from the begin of the descriptor. */
  readonly keptEnd: 6;
  readonly reducedEnd: 7;
  /** The stride of each operand from row to row. The dims are those around the results, then those around the runs. */
  readonly rowStrides: number;
}

/** Results of a row that are folded at a time: they stay in the first-level cache. */
const chunk = 512;
export const scratchBytes = chunk * 16;

export function reduceWordsOf(facts: ProgramFacts): ReduceWords {
  const count = 1 + facts.stepped.length;
  const words = programWords(facts, count, 8, 3);
  return {
    overflowed: 0,
    results: 1,
    runs: 2,
    length: 3,
    rows: 4,
    scratch: 5,
    keptEnd: 6,
    reducedEnd: 7,
    ...words,
    rowStrides: words.strides + count,
  };
}

/** Moves pointers to the next position of some dims; after the last one, back to the first. */
function next(
  fn: FunctionBuilder,
  from: Value<'i32'>,
  to: Value<'i32'>,
  pointers: readonly Moving[],
  words: ProgramWords,
): void {
  const at = fn.variable(from);
  const moves = fn.variable(i32.ltU(from, to));
  fn.while(moves.get, () => {
    const carries = advance(fn, at, pointers, words);
    fn.emit(moves.set(i32.and(carries, i32.ltU(at.get, to))));
  });
}

/** Defines `reduce(descriptor)`. */
export function defineReduce(module: ModuleBuilder, variant: ReduceVariant): void {
  module.define({ parameters: ['i32'], result: 'none', name: 'reduce' }, (fn) => {
    const writer = writerOf(module, fn, variant);
    if (variant.shape === 'along') foldAlong(writer);
    else foldAcross(writer);
  });
}

type Writer = ReturnType<typeof writerOf>;

/** What both shapes share: operands, elements, and folding. */
function writerOf(module: ModuleBuilder, fn: FunctionBuilder, { kind, facts, layouts, long }: ReduceVariant) {
  const { program, stepped } = facts;
  const [output] = program.outputs;
  const words = reduceWordsOf(facts);
  const folding = foldingOf(kind, output.dtype, long);
  const { descriptor, word, param, loaded } = readProgram(module, fn, facts, words);
  const dtypes = [output.dtype, ...stepped.map((i) => program.inputs[i])];
  const steps = layouts.map((layout, o) => (layout === 'strided' ? fn.let(word(words.strides + o)) : null));
  const addresses = layouts.map((_, o) => fn.variable(word(words.addresses + o)));
  const neutral = folding.neutral.map((x) => fn.constant(x));
  const keptFrom = fn.let(i32.add(descriptor, i32.const(4 * words.dims)));
  const keptTo = fn.let(i32.add(descriptor, word(words.keptEnd)));
  const reducedTo = fn.let(i32.add(descriptor, word(words.reducedEnd)));

  /** Bytes from the first to element `k` of a run or row. */
  const distance = (o: number, k: number): Value<'i32'> => {
    const step = steps[o];
    if (layouts[o] === 'splat') return i32.const(0);
    return step ? i32.mul(step, i32.const(k)) : i32.const(itemBytes(dtypes[o]) * k);
  };

  return {
    module,
    fn,
    words,
    word,
    folding,
    neutral,
    dtypes,
    layouts,
    addresses,
    distance,
    /** Groups, or rows, that are folded at a time. */
    unrolled: facts.weight <= 8 ? 8 : facts.weight <= 30 ? 4 : 1,

    /** Four values, `skipped` groups behind pointers; `left` of them where there are fewer. */
    values(at: readonly Value<'i32'>[], skipped: number, left: Value<'i32'> | null): Group {
      const [group] = render(module, fn, program.outputs, {
        input: (i, dtype) => {
          const o = 1 + stepped.indexOf(i);
          if (layouts[o] === 'splat') return loadSplat(module, dtype, at[o]);
          if (layouts[o] === 'dense' && !left)
            return loadDense(module, dtype, at[o], skipped * groupSize * itemBytes(dtype));
          return loadGathered(
            module,
            dtype,
            placesOf(fn, at[o], (k) => distance(o, skipped * groupSize + k), left),
          );
        },
        param,
        index: () => {
          throw new TypeError('positions are computed by a map');
        },
        loaded,
      });
      return group;
    },

    fold: (runnings: readonly Running[], count: number, group: (k: number) => Group): Running[] =>
      foldGroups(fn, folding, runnings, count, group),

    /** Results, as they are stored. */
    results(runnings: readonly Running[]): Group {
      const finished = keepGroup(
        fn,
        runnings.map((running) => folding.finish(fn, running)),
      );
      if (folding.mayOverflow) {
        const largest = fn.constant(f64x2.const(Number.POSITIVE_INFINITY));
        const bad = finished.map((x) => v128.anyTrue(v128.not(f64x2.lt(f64x2.abs(x), largest))));
        fn.if(
          bad.reduce((x, y) => i32.or(x, y)),
          () => fn.emit(i32.store(descriptor, i32.const(1), 4 * words.overflowed)),
        );
      }
      return keepGroup(fn, encoded(module, output.dtype, folding.narrow(finished)));
    },

    nextResults: (pointers: readonly Local<'i32'>[]) =>
      next(
        fn,
        keptFrom,
        keptTo,
        pointers.map((pointer, operand) => ({ pointer, operand })),
        words,
      ),
    nextRun: (inputs: readonly Local<'i32'>[]) =>
      next(
        fn,
        keptTo,
        reducedTo,
        inputs.map((pointer, i) => ({ pointer, operand: 1 + i })),
        words,
      ),
  };
}

const variables = (fn: FunctionBuilder, count: number): Local<'i32'>[] =>
  Array.from({ length: count }, () => fn.local('i32'));

/** Each result is that of one or more runs of elements. */
function foldAlong(w: Writer): void {
  const { fn, folding, words, word, addresses, dtypes, layouts } = w;
  const [result, ...bases] = addresses;
  const running: Local<'v128'>[][] = Array.from({ length: folding.vectors }, () =>
    w.neutral.map(() => fn.local('v128')),
  );
  const current = (): Running[] => running.map((locals) => locals.map(({ get }) => get));
  const keep = (next: readonly Running[]): void => {
    const values = next.map((x) => keepGroup(fn, x));
    running.forEach((locals, v) => {
      locals.forEach((local, i) => fn.emit(local.set(values[v][i])));
    });
  };
  const missing = fn.constant(folding.missing);
  const starts = variables(fn, bases.length);
  const pointers = variables(fn, bases.length);
  const at = [result.get, ...pointers.map(({ get }) => get)];
  const left = fn.local('i32');
  const runs = fn.local('i32');
  const results = fn.variable(word(words.results));
  const wide = isWide(dtypes[0]);

  const whileGroups = (count: number): void =>
    fn.while(i32.geU(left.get, i32.const(count * groupSize)), () => {
      keep(w.fold(current(), count, (k) => w.values(at, k, null)));
      pointers.forEach((pointer, i) => {
        if (layouts[1 + i] !== 'splat') fn.emit(moveBy(pointer, w.distance(1 + i, count * groupSize)));
      });
      fn.emit(moveBy(left, i32.const(-count * groupSize)));
    });

  fn.doWhile(() => {
    keep(running.map(() => w.neutral));
    fn.emit(...starts.map((start, i) => start.set(bases[i].get)), runs.set(word(words.runs)));
    fn.doWhile(() => {
      fn.emit(...pointers.map((pointer, i) => pointer.set(starts[i].get)), left.set(word(words.length)));
      if (w.unrolled > 1) whileGroups(w.unrolled);
      whileGroups(1);
      fn.if(left.get, () =>
        keep(w.fold(current(), 1, () => onlyPresent(fn, w.values(at, 0, left.get), left.get, missing, wide))),
      );
      w.nextRun(starts);
      fn.emit(moveBy(runs, i32.const(-1)));
      return runs.get;
    });
    const whole = foldLanes(fn, folding, current());
    const raw = w.results(running.map(() => whole));
    fn.emit(storeLane(dtypes[0], result.get, raw, 0));
    w.nextResults(addresses);
    fn.emit(moveBy(results, i32.const(-1)));
    return results.get;
  });
}

/** Each row of results is that of one or more bundles of rows. Running results lie in memory, a chunk of the row at a time. */
function foldAcross(w: Writer): void {
  const { fn, folding, words, word, addresses, dtypes, layouts } = w;
  const inputs = addresses.length - 1;
  const scratch = fn.let(word(words.scratch));
  const groupBytes = folding.vectors * folding.neutral.length * 16;
  const rowStrides = layouts.map((_, o) => fn.let(word(words.rowStrides + o)));
  const rowOffsets = rowStrides.map((stride) =>
    Array.from({ length: w.unrolled }, (_, r) => (r < 2 ? stride : fn.let(i32.mul(stride, i32.const(r))))),
  );
  const columnAt = variables(fn, inputs + 1);
  const bundleAt = variables(fn, inputs);
  const rowAt = variables(fn, inputs);
  const pointers = variables(fn, inputs);
  const target = fn.local('i32');
  const [columns, width, left, at, runs, rows] = variables(fn, 6);
  const results = fn.variable(word(words.results));

  const vector = (v: number, i: number): number => (v * folding.neutral.length + i) * 16;
  const running = (): Running[] =>
    Array.from({ length: folding.vectors }, (_, v) => w.neutral.map((_, i) => fn.let(v128.load(at.get, vector(v, i)))));
  const keep = (next: readonly Running[]): void => {
    next.forEach((parts, v) => {
      parts.forEach((x, i) => fn.emit(v128.store(at.get, x, vector(v, i))));
    });
  };
  /** Runs over the groups of a chunk, the last of which may be short. */
  const eachGroup = (moving: readonly Moving[], body: (isTail: boolean) => void): void => {
    fn.emit(at.set(scratch), left.set(width.get));
    fn.while(i32.geU(left.get, i32.const(groupSize)), () => {
      body(false);
      for (const { pointer, operand } of moving) {
        if (layouts[operand] !== 'splat') fn.emit(moveBy(pointer, w.distance(operand, groupSize)));
      }
      fn.emit(moveBy(at, i32.const(groupBytes)), moveBy(left, i32.const(-groupSize)));
    });
    fn.if(left.get, () => body(true));
  };
  const foldRows = (count: number): void => {
    fn.emit(...pointers.map((pointer, i) => pointer.set(rowAt[i].get)));
    eachGroup(
      pointers.map((pointer, i) => ({ pointer, operand: 1 + i })),
      (isTail) => {
        const row = (r: number): Value<'i32'>[] => [
          target.get,
          ...pointers.map(({ get }, i) => (r === 0 ? get : fn.let(i32.add(get, rowOffsets[1 + i][r])))),
        ];
        keep(w.fold(running(), count, (r) => w.values(row(r), 0, isTail ? left.get : null)));
      },
    );
    rowAt.forEach((pointer, i) => fn.emit(moveBy(pointer, i32.mul(rowStrides[1 + i], i32.const(count)))));
    fn.emit(moveBy(rows, i32.const(-count)));
  };
  const store = (isTail: boolean): void => {
    const raw = w.results(running());
    if (layouts[0] === 'dense' && !isTail) {
      fn.emit(...storeDense(dtypes[0], target.get, raw, 0));
      return;
    }
    storeLanes(fn, dtypes[0], target.get, raw, (k) => w.distance(0, k), isTail ? left.get : null);
  };

  fn.doWhile(() => {
    fn.emit(...columnAt.map((column, o) => column.set(addresses[o].get)), columns.set(word(words.length)));
    fn.doWhile(() => {
      fn.emit(width.set(select(columns.get, i32.const(chunk), i32.ltU(columns.get, i32.const(chunk)))));
      eachGroup([], () => keep(Array.from({ length: folding.vectors }, () => w.neutral)));
      fn.emit(...bundleAt.map((bundle, i) => bundle.set(columnAt[1 + i].get)), runs.set(word(words.runs)));
      fn.doWhile(() => {
        fn.emit(...rowAt.map((row, i) => row.set(bundleAt[i].get)), rows.set(word(words.rows)));
        if (w.unrolled > 1) fn.while(i32.geU(rows.get, i32.const(w.unrolled)), () => foldRows(w.unrolled));
        fn.while(rows.get, () => foldRows(1));
        w.nextRun(bundleAt);
        fn.emit(moveBy(runs, i32.const(-1)));
        return runs.get;
      });
      fn.emit(target.set(columnAt[0].get));
      eachGroup([{ pointer: target, operand: 0 }], store);
      columnAt.forEach((column, o) => {
        const bytes = layouts[o] === 'splat' ? i32.const(0) : i32.mul(width.get, w.distance(o, 1));
        fn.emit(moveBy(column, bytes));
      });
      fn.emit(columns.set(i32.sub(columns.get, width.get)));
      return columns.get;
    });
    w.nextResults(addresses);
    fn.emit(moveBy(results, i32.const(-1)));
    return results.get;
  });
}
