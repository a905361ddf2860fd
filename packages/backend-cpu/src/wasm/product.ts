/**
 * The inner loops of a matrix product in WebAssembly SIMD, over panels that were packed for it (the scheme of Goto and van de Geijn, "Anatomy of
 * high-performance matrix multiplication", ACM TOMS 34, 2008): A in panels of 4 rows, B in panels of 2 vectors of columns, both k-major.
 */
import {
  assemble,
  doWhile,
  type FunctionDefinition,
  f32x4,
  f64x2,
  i32,
  type Lanes,
  type Local,
  type Statement,
  sequence,
  v128,
  whileLoop,
} from './assembler.ts';

/** Rows of a panel of A. With two vectors of B and one of A, the eight running sums fill the registers of x86 and ARM. */
export const panelRows = 4;
const vectors = 2;
const vectorBytes = 16;

/** Columns of a panel of B. */
export const panelColumns = (itemsize: 4 | 8): number => (vectors * vectorBytes) / itemsize;

/**
 * C += A · B. Parameters: the addresses of A, B and C; m and n, multiples of the panels; k > 0; the bytes between two rows of C.
 */
function product(name: string, lanes: Lanes, fused: boolean): FunctionDefinition {
  return {
    name,
    parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    body(fn) {
      const parameter = (i: number): Local<'i32'> => fn.parameter(i, 'i32');
      const [a, b, c, m, n, k, rowBytes] = [0, 1, 2, 3, 4, 5, 6].map(parameter);
      const counter = (): Local<'i32'> => fn.local('i32');
      const [column, row, end, atA, atB, atC, tileC] = [0, 0, 0, 0, 0, 0, 0].map(counter);
      const vector = (): Local<'v128'> => fn.local('v128');
      const sums = Array.from({ length: panelRows }, () => Array.from({ length: vectors }, vector));
      const right = Array.from({ length: vectors }, vector);
      const left = vector();
      const advance = (x: Local<'i32'>, by: number): Statement => x.set(i32.add(x.get, i32.const(by)));

      const multiplyAdd = (sum: Local<'v128'>, y: Local<'v128'>): Statement =>
        sum.set(fused ? lanes.relaxedMadd(left.get, y.get, sum.get) : lanes.add(sum.get, lanes.mul(left.get, y.get)));
      // one step along k: a column of the panel of A times a row of the panel of B
      const step = sequence(
        ...right.map((y, v) => y.set(v128.load(atB.get, v * vectorBytes))),
        ...sums.flatMap((row, r) => [
          left.set(lanes.loadSplat(atA.get, r * lanes.size)),
          ...right.map((y, v) => multiplyAdd(row[v], y)),
        ]),
        advance(atA, panelRows * lanes.size),
        advance(atB, vectors * vectorBytes),
      );
      const eachRow = (visit: (r: number) => Statement[]): Statement =>
        sequence(atC.set(tileC.get), ...sums.flatMap((_, r) => [...visit(r), atC.set(i32.add(atC.get, rowBytes.get))]));
      const tile = sequence(
        eachRow((r) => sums[r].map((sum, v) => sum.set(v128.load(atC.get, v * vectorBytes)))),
        end.set(i32.add(atA.get, i32.mul(k.get, i32.const(panelRows * lanes.size)))),
        doWhile(step, i32.ltU(atA.get, end.get)),
        eachRow((r) => sums[r].map((sum, v) => v128.store(atC.get, sum.get, v * vectorBytes))),
      );
      const columnOfTiles = sequence(
        atA.set(a.get),
        tileC.set(c.get),
        row.set(i32.const(0)),
        whileLoop(
          i32.ltU(row.get, m.get),
          // the tile leaves atC below its last row, where the next one begins
          sequence(atB.set(b.get), tile, tileC.set(atC.get), advance(row, panelRows)),
        ),
      );
      return sequence(
        column.set(i32.const(0)),
        whileLoop(
          i32.ltU(column.get, n.get),
          sequence(
            columnOfTiles,
            b.set(atB.get),
            advance(c, vectors * vectorBytes),
            advance(column, vectors * lanes.lanes),
          ),
        ),
      );
    },
  };
}

export type Product = (a: number, b: number, c: number, m: number, n: number, k: number, rowBytes: number) => void;

/** The kernels by element type. */
export interface Products {
  readonly float32: Product;
  readonly float64: Product;
}

/** Compiles the kernels over `memory`, with fused multiply-adds where the engine has them; `null` where it has no SIMD. */
export function compileProducts(memory: WebAssembly.Memory): Products | null {
  for (const fused of [true, false]) {
    const bytes = assemble([product('float32', f32x4, fused), product('float64', f64x2, fused)]);
    if (!WebAssembly.validate(bytes)) continue;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return exports as unknown as Products;
  }
  return null;
}
