/**
 * The matrix product in WebAssembly SIMD (the scheme of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34, 2008):
 * blocks of the operands are packed k-major, A in panels of 4 rows, B in panels of 2 vectors of columns, and tiles of the result are summed in registers.
 *
 * Operands are matrices of any layout: element [i, j] lies `rows[i] + columns[j]` bytes behind the first. So a convolution is a product too, whose
 * unfolded operand exists only as packed blocks.
 */
import {
  type Callable,
  type FunctionBuilder,
  f32x4,
  f64x2,
  i32,
  i32x4,
  i64x2,
  type Local,
  type ModuleBuilder,
  type Statement,
  select,
  shuffle32,
  type Value,
  v128,
} from './assembler.ts';
import type { Machine } from './machine.ts';

/** Rows of a panel of A. With two vectors of B and one of A, the eight running sums fill the registers of x86 as V8 hands them out. */
export const panelRows = 4;
const panelVectors = 2;
const vectorBytes = 16;
const panelBytes = panelVectors * vectorBytes;

/** A tile that is not stored as it is, and the offsets of its rows. */
const tileBytes = panelRows * panelBytes;
/** Bytes at the start of the scratch memory of a product, before the packed block of A. */
export const tileRoom = 192;

/** Arguments of a product, in 32-bit words from the address that the kernel gets. Lists hold offsets in bytes. */
export const productFields = [
  'a',
  'b',
  'c',
  'm',
  'n',
  'k',
  // lists of offsets: rows and steps of A, steps and columns of B, rows and columns of C
  'aRows',
  'aSteps',
  'bSteps',
  'bColumns',
  'cRows',
  'cColumns',
  // rows, columns and steps of a block
  'blockRows',
  'blockColumns',
  'blockDepth',
  // scratch memory of the first thread: tileRoom, then a block of A; a block of B; the bytes from a thread's to the next one's
  'scratch',
  'packedB',
  'scratchBytes',
  // what is added to each row or column at the end: biasNone, biasOfRows, biasOfColumns, and where it lies
  'biasKind',
  'bias',
] as const;
export type ProductField = (typeof productFields)[number];

export const biasNone = 0;
export const biasOfRows = 2;
export const biasOfColumns = 4;
/** What a tile does with its sums beside storing them: adds what is there, and a bias by the numbers above. */
export const accumulate = 1;

type Lanes = typeof f32x4 | typeof f64x2 | typeof i32x4 | typeof i64x2;
type I32 = Value<'i32'>;
type Vector = Value<'v128'>;

export const plus = (x: I32, y: number): I32 => i32.add(x, i32.const(y));
export const times = (x: I32, y: number): I32 => i32.mul(x, i32.const(y));
const smaller = (x: I32, y: I32): I32 => select(x, y, i32.ltU(x, y));
const advance = (x: Local<'i32'>, by: number): Statement => x.set(plus(x.get, by));
const two = ['i32', 'i32'] as const;
const four = [...two, ...two] as const;
const seven = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
export const eight = [...four, ...four] as const;
const nine = [...two, ...seven] as const;

/** `body` for x = 0, step, … below `end`. */
export function forEach(fn: FunctionBuilder, end: I32, step: I32, body: (x: I32) => void): void {
  const x = fn.variable(i32.const(0));
  fn.while(i32.ltU(x.get, end), () => {
    body(x.get);
    fn.emit(x.set(i32.add(x.get, step)));
  });
}

/** Whether `count` offsets follow each other by the size of an element. Parameters: where the offsets lie, how many. */
function defineNeighbours(module: ModuleBuilder, { size }: Lanes): Callable<typeof two, 'i32'> {
  return module.define({ parameters: two, result: 'i32' }, (fn) => {
    const [list, count] = [0, 1].map((i) => fn.parameter(i, 'i32'));
    const end = fn.let(i32.add(list.get, times(i32.sub(count.get, i32.const(1)), 4)));
    fn.while(
      i32.and(i32.ltU(list.get, end), i32.eq(i32.sub(i32.load(list.get, 4), i32.load(list.get)), i32.const(size))),
      () => fn.emit(advance(list, 4)),
    );
    return i32.geU(list.get, end);
  });
}

/** Four multiples of the size of an element. */
const rampOf = (size: number): Vector =>
  [1, 2, 3].reduce<Vector>((ramp, l) => i32x4.replace(ramp, l, i32.const(l * size)), v128.zero);

/** The same for 2, 4 or 8 offsets, all of which are read. */
function consecutive(list: I32, count: number, size: number, ramp: Vector): I32 {
  if (count === 2) return i32.eq(i32.sub(i32.load(list, 4), i32.load(list)), i32.const(size));
  const expected = i32x4.add(i32x4.loadSplat(list), ramp);
  const low = i32x4.eq(v128.load(list), expected);
  const all =
    count === 4 ? low : v128.and(low, i32x4.eq(v128.load(list, 16), i32x4.add(expected, i32x4.const(4 * size))));
  return i32.eq(i32x4.bitmask(all), i32.const(15));
}

/** A square block of a vector's lanes, transposed. */
export function transposed(fn: FunctionBuilder, rows: readonly Vector[]): Vector[] {
  if (rows.length === 2) return [shuffle32(rows[0], rows[1], [0, 1, 4, 5]), shuffle32(rows[0], rows[1], [2, 3, 6, 7])];
  const [a, b, c, d] = rows;
  const low = [fn.let(shuffle32(a, b, [0, 4, 1, 5])), fn.let(shuffle32(c, d, [0, 4, 1, 5]))] as const;
  const high = [fn.let(shuffle32(a, b, [2, 6, 3, 7])), fn.let(shuffle32(c, d, [2, 6, 3, 7]))] as const;
  return [low, high].flatMap(([x, y]) => [shuffle32(x, y, [0, 1, 4, 5]), shuffle32(x, y, [2, 3, 6, 7])]);
}

/**
 * Packs up to a vector of lines of an operand: line l of step p goes to `to + p·stride + l·size`; lines that are not there repeat the first one.
 * Parameters: to, stride, from, the offsets of the lines, how many there are, the offsets of the steps, how many there are.
 */
function definePack(module: ModuleBuilder, lanes: Lanes) {
  const { size, lanes: width } = lanes;
  return module.define({ parameters: seven, result: 'none' }, (fn) => {
    const [to, stride, from, lines, present, steps, count] = [0, 1, 2, 3, 4, 5, 6].map((i) => fn.parameter(i, 'i32'));
    const ramp = fn.let(rampOf(size));
    const end = fn.let(i32.add(steps.get, times(count.get, 4)));
    const put = (value: Vector): void =>
      fn.emit(v128.store(to.get, value), to.set(i32.add(to.get, stride.get)), advance(steps, 4));
    const line = Array.from({ length: width }, () => fn.local('i32'));
    const at = (l: number): I32 => i32.add(line[l].get, i32.load(steps.get));
    const gather = (): void => {
      let value: Vector = lanes.loadSplat(at(0));
      for (let l = 1; l < width; l++) value = v128.loadLane(size, at(l), value, l);
      put(value);
    };
    // neighbouring steps of all lines: a square block at a time
    const square = (): void => {
      const rows = line.map((_, l) => fn.let(v128.load(at(l))));
      for (const column of transposed(fn, rows)) put(column);
    };
    for (const [l, { set }] of line.entries()) {
      const offset = i32.load(select(plus(lines.get, 4 * l), lines.get, i32.gtU(present.get, i32.const(l))));
      fn.emit(set(i32.add(from.get, offset)));
    }
    fn.if(
      i32.and(i32.eq(present.get, i32.const(width)), consecutive(lines.get, width, size, ramp)),
      () => fn.while(i32.ltU(steps.get, end), () => put(v128.load(at(0)))),
      () => {
        const last = fn.let(plus(end, -4 * width));
        fn.while(i32.leU(steps.get, last), () => {
          fn.if(consecutive(steps.get, width, size, ramp), square, () => {
            for (let l = 0; l < width; l++) gather();
          });
        });
        fn.while(i32.ltU(steps.get, end), gather);
      },
    );
  });
}

/** Packs a whole panel of neighbouring columns. Parameters: to, from (the first column), the offsets of the steps, how many there are. */
function definePackWide(module: ModuleBuilder): Callable<typeof four, 'none'> {
  return module.define({ parameters: four, result: 'none' }, (fn) => {
    const [to, from, steps, count] = [0, 1, 2, 3].map((i) => fn.parameter(i, 'i32'));
    const end = fn.let(i32.add(steps.get, times(count.get, 4)));
    fn.doWhile(() => {
      const at = fn.let(i32.add(from.get, i32.load(steps.get)));
      for (let v = 0; v < panelVectors; v++)
        fn.emit(v128.store(to.get, v128.load(at, v * vectorBytes), v * vectorBytes));
      fn.emit(advance(to, panelBytes), advance(steps, 4));
      return i32.ltU(steps.get, end);
    });
  });
}

/**
 * A tile of the result. Parameters: its panels of A and B, the number of steps (not 0), the address of its first column, the offsets of its rows, what to do
 * with the sums, the first element of the bias, and the offsets of the steps in B where that is not packed.
 */
export function defineTile(
  module: ModuleBuilder,
  lanes: Lanes,
  { rows, vectors, isPacked, fused }: { rows: number; vectors: number; isPacked: boolean; fused: boolean },
) {
  return module.define({ parameters: eight, result: 'none' }, (fn) => {
    const [a, b, k, c, rowList, mode, bias, stepList] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => fn.parameter(i, 'i32'));
    const vector = (): Local<'v128'> => fn.local('v128');
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, vector));
    const right = vector();
    const end = fn.let(i32.add(a.get, times(k.get, panelRows * lanes.size)));
    // one step along k: a column of the panel of A times a row of the panel of B
    fn.doWhile(() => {
      const left = sums.map((_, r) => fn.let(lanes.loadSplat(a.get, r * lanes.size)));
      const rowOfB = isPacked ? b.get : fn.let(i32.add(b.get, i32.load(stepList.get)));
      for (let v = 0; v < vectors; v++) {
        fn.emit(right.set(v128.load(rowOfB, v * vectorBytes)));
        sums.forEach((row, r) => {
          const [x, y, sum] = [left[r], right.get, row[v]];
          fn.emit(
            sum.set(
              fused && 'relaxedMadd' in lanes ? lanes.relaxedMadd(x, y, sum.get) : lanes.add(sum.get, lanes.mul(x, y)),
            ),
          );
        });
      }
      fn.emit(advance(a, panelRows * lanes.size), isPacked ? advance(b, vectors * vectorBytes) : advance(stepList, 4));
      return i32.ltU(a.get, end);
    });
    const address = sums.map((_, r) => fn.let(i32.add(c.get, i32.load(rowList.get, 4 * r))));
    const add = (what: number, value: (r: number, v: number) => Vector): void =>
      fn.if(i32.and(mode.get, i32.const(what)), () => {
        sums.forEach((row, r) => row.forEach((sum, v) => fn.emit(sum.set(lanes.add(sum.get, value(r, v))))));
      });
    fn.if(mode.get, () => {
      add(accumulate, (r, v) => v128.load(address[r], v * vectorBytes));
      add(biasOfRows, (r) => lanes.loadSplat(bias.get, r * lanes.size));
      add(biasOfColumns, (_, v) => v128.load(bias.get, v * vectorBytes));
    });
    sums.forEach((row, r) => row.forEach((sum, v) => fn.emit(v128.store(address[r], sum.get, v * vectorBytes))));
  });
}

/**
 * Stores a tile that lies at `tile` element by element. Parameters: the tile, the bytes of its rows, c, the offsets of rows and columns, how many there are,
 * what to do, the bias.
 */
function defineScatter(module: ModuleBuilder, lanes: Lanes) {
  const { size } = lanes;
  return module.define({ parameters: nine, result: 'none' }, (fn) => {
    const [tile, rowBytes, c, rowList, columnList, rows, columns, mode, bias] = Array.from({ length: 9 }, (_, i) =>
      fn.parameter(i, 'i32'),
    );
    forEach(fn, rows.get, i32.const(1), (r) => {
      const row = fn.let(i32.add(c.get, i32.load(i32.add(rowList.get, times(r, 4)))));
      forEach(fn, columns.get, i32.const(1), (l) => {
        const at = fn.let(i32.add(row, i32.load(i32.add(columnList.get, times(l, 4)))));
        const value = fn.variable(
          lanes.loadSplat(i32.add(tile.get, i32.add(i32.mul(r, rowBytes.get), times(l, size)))),
        );
        const add = (what: number, from: I32): void =>
          fn.if(i32.and(mode.get, i32.const(what)), () =>
            fn.emit(value.set(lanes.add(value.get, lanes.loadSplat(from)))),
          );
        add(accumulate, at);
        add(biasOfRows, i32.add(bias.get, times(r, size)));
        add(biasOfColumns, i32.add(bias.get, times(l, size)));
        fn.emit(v128.storeLane(size, at, value.get, 0));
      });
    });
  });
}

/** The whole product: C = A · B, plus a bias. k > 0. */
function defineProduct(module: ModuleBuilder, name: string, lanes: Lanes, fused: boolean): void {
  const { size } = lanes;
  const neighbours = defineNeighbours(module, lanes);
  const pack = definePack(module, lanes);
  const packWide = definePackWide(module);
  const scatter = defineScatter(module, lanes);
  const thread = module.import('thread', [], 'i32');
  const tiles = Array.from({ length: panelRows }, (_, r) =>
    Array.from({ length: panelVectors }, (_, v) =>
      defineTile(module, lanes, { rows: r + 1, vectors: v + 1, isPacked: true, fused }),
    ),
  );
  const unpackedTiles = tiles.map((_, r) =>
    defineTile(module, lanes, { rows: r + 1, vectors: panelVectors, isPacked: false, fused }),
  );
  const columnsOfPanel = panelBytes / size;
  module.define({ parameters: ['i32'], result: 'none', name }, (fn) => {
    const at = fn.parameter(0, 'i32').get;
    const read = (field: ProductField): I32 => fn.let(i32.load(at, 4 * productFields.indexOf(field)));
    const [a, b, c, m, n, k] = (['a', 'b', 'c', 'm', 'n', 'k'] as const).map(read);
    const [aRows, aSteps, bSteps] = (['aRows', 'aSteps', 'bSteps'] as const).map(read);
    const [bColumns, cRows, cColumns] = (['bColumns', 'cRows', 'cColumns'] as const).map(read);
    const [blockRows, blockColumns, blockDepth] = (['blockRows', 'blockColumns', 'blockDepth'] as const).map(read);
    const own = fn.let(i32.mul(thread(), read('scratchBytes')));
    const [scratch, packedB] = (['scratch', 'packedB'] as const).map((field) => fn.let(i32.add(read(field), own)));
    const [biasKind, bias] = (['biasKind', 'bias'] as const).map(read);
    const packedA = fn.let(plus(scratch, tileRoom));
    const tileRows = fn.let(plus(scratch, tileBytes));
    const entry = (list: I32, i: I32): I32 => i32.add(list, times(i, 4));
    for (let r = 0; r < panelRows; r++) fn.emit(i32.store(tileRows, i32.const(r * panelBytes), 4 * r));

    const ramp = fn.let(rampOf(size));
    // what one panel of A is multiplied with is used once: packing would only cost
    const mayStay = fn.let(i32.leU(m, i32.const(panelRows)));

    forEach(fn, k, blockDepth, (step) => {
      const steps = fn.let(smaller(blockDepth, i32.sub(k, step)));
      const stepsA = fn.let(entry(aSteps, step));
      const stepsB = fn.let(entry(bSteps, step));
      const isLast = i32.eq(i32.add(step, steps), k);
      const mode = fn.let(
        i32.or(select(i32.const(accumulate), i32.const(0), step), select(biasKind, i32.const(0), isLast)),
      );
      forEach(fn, n, blockColumns, (column) => {
        const columns = fn.let(smaller(blockColumns, i32.sub(n, column)));
        const panelOf = (j: I32): I32 => i32.add(packedB, i32.mul(times(j, size), steps));
        /** Bytes of a row of the panel that begins at column j: the last one may have one vector only. */
        const widthOf = (j: I32): I32 =>
          select(
            i32.const(panelBytes),
            i32.const(vectorBytes),
            i32.gtU(i32.sub(columns, j), i32.const(columnsOfPanel - lanes.lanes)),
          );
        /** Whether a panel is whole and its columns are neighbours. */
        const isWide = (list: I32, present: I32): I32 =>
          i32.and(i32.geU(present, i32.const(columnsOfPanel)), consecutive(list, columnsOfPanel, size, ramp));
        forEach(fn, columns, i32.const(columnsOfPanel), (j) => {
          const panel = fn.let(panelOf(j));
          const present = fn.let(i32.sub(columns, j));
          const list = fn.let(entry(bColumns, i32.add(column, j)));
          fn.if(
            isWide(list, present),
            () => fn.if(i32.eqz(mayStay), () => fn.emit(packWide(panel, i32.add(b, i32.load(list)), stepsB, steps))),
            () => {
              const width = fn.let(widthOf(j));
              for (let v = 0; v < panelVectors; v++) {
                const first = v * lanes.lanes;
                fn.if(i32.gtU(present, i32.const(first)), () => {
                  const here = smaller(i32.const(lanes.lanes), plus(present, -first));
                  fn.emit(pack(plus(panel, v * vectorBytes), width, b, plus(list, 4 * first), here, stepsB, steps));
                });
              }
            },
          );
        });
        forEach(fn, m, blockRows, (row) => {
          const rows = fn.let(smaller(blockRows, i32.sub(m, row)));
          // one block of A is packed once for all columns
          fn.if(i32.or(i32.eqz(column), i32.gtU(m, blockRows)), () =>
            forEach(fn, rows, i32.const(panelRows), (i) => {
              for (let group = 0; group < panelRows; group += lanes.lanes) {
                const first = fn.let(plus(i, group));
                const to = i32.add(packedA, i32.add(i32.mul(times(i, size), steps), i32.const(group * size)));
                fn.if(i32.ltU(first, rows), () => {
                  const present = smaller(i32.const(lanes.lanes), i32.sub(rows, first));
                  const list = entry(aRows, i32.add(row, first));
                  fn.emit(pack(to, i32.const(panelRows * size), a, list, present, stepsA, steps));
                });
              }
            }),
          );
          forEach(fn, columns, i32.const(columnsOfPanel), (j) => {
            const panel = fn.let(panelOf(j));
            const width = fn.let(widthOf(j));
            const here = fn.let(i32.add(column, j));
            const present = fn.let(smaller(i32.const(columnsOfPanel), i32.sub(columns, j)));
            const columnList = fn.let(entry(cColumns, here));
            // whole vectors of neighbours are stored as such
            const direct = fn.variable(isWide(columnList, present));
            fn.if(i32.and(i32.ltU(present, i32.const(columnsOfPanel)), i32.eq(times(present, size), width)), () =>
              fn.emit(direct.set(neighbours(columnList, present))),
            );
            const toColumn = fn.let(i32.add(c, i32.load(columnList)));
            const bList = fn.let(entry(bColumns, here));
            const fromColumn = fn.let(i32.add(b, i32.load(bList)));
            const isUnpacked = fn.variable(i32.const(0));
            fn.if(mayStay, () => fn.emit(isUnpacked.set(isWide(bList, i32.sub(columns, j)))));
            forEach(fn, rows, i32.const(panelRows), (i) => {
              const left = fn.let(i32.add(packedA, i32.mul(times(i, size), steps)));
              const rowList = fn.let(entry(cRows, i32.add(row, i)));
              const rowsHere = fn.let(smaller(i32.const(panelRows), i32.sub(rows, i)));
              const biasHere = fn.let(
                i32.add(bias, times(select(here, i32.add(row, i), i32.eq(biasKind, i32.const(biasOfColumns))), size)),
              );
              const run = (to: I32, list: I32, mode: I32): void => {
                fn.if(isUnpacked.get, () =>
                  unpackedTiles.forEach((tile, r) =>
                    fn.if(i32.eq(rowsHere, i32.const(r + 1)), () =>
                      fn.emit(tile(left, fromColumn, steps, to, list, mode, biasHere, stepsB)),
                    ),
                  ),
                );
                fn.if(i32.eqz(isUnpacked.get), () => runPacked(to, list, mode));
              };
              const runPacked = (to: I32, list: I32, mode: I32): void => {
                tiles.forEach((byVectors, r) =>
                  byVectors.forEach((tile, v) =>
                    fn.if(
                      i32.and(i32.eq(rowsHere, i32.const(r + 1)), i32.eq(width, i32.const((v + 1) * vectorBytes))),
                      () => fn.emit(tile(left, panel, steps, to, list, mode, biasHere, i32.const(0))),
                    ),
                  ),
                );
              };
              const isWhole = i32.and(
                i32.gtU(direct.get, isUnpacked.get),
                i32.and(i32.eq(rowsHere, i32.const(panelRows)), i32.eq(width, i32.const(panelBytes))),
              );
              const whole = tiles[panelRows - 1][panelVectors - 1];
              fn.if(
                isWhole,
                () => fn.emit(whole(left, panel, steps, toColumn, rowList, mode, biasHere, i32.const(0))),
                () =>
                  fn.if(
                    direct.get,
                    () => run(toColumn, rowList, mode),
                    () => {
                      run(scratch, tileRows, i32.const(0));
                      fn.emit(
                        scatter(
                          scratch,
                          i32.const(panelBytes),
                          c,
                          rowList,
                          columnList,
                          rowsHere,
                          present,
                          mode,
                          biasHere,
                        ),
                      );
                    },
                  ),
              );
            });
          });
        });
      });
    });
  });
}

/** Element types of products. */
export const productLanes = { float32: f32x4, float64: f64x2, int32: i32x4, int64: i64x2 } as const;
export type ProductType = keyof typeof productLanes;

/** Takes the address of its arguments. */
export type Product = (at: number) => void;

/** Compiles the kernel of an element type, with fused multiply-adds where the engine has them. */
export function compileProduct(machine: Machine, type: ProductType): Product {
  const module = machine.module();
  defineProduct(module, 'product', productLanes[type], machine.relaxed);
  return machine.compile<{ readonly product: Product }>(module).product;
}
