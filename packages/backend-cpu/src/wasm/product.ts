/**
 * The inner loops of a matrix product in WebAssembly SIMD, over panels that were packed for it (the scheme of Goto and van de Geijn, "Anatomy of
 * high-performance matrix multiplication", ACM TOMS 34, 2008): A in panels of 4 rows, B in panels of 2 vectors of columns, both k-major.
 */
import { type FloatLanes, f32x4, f64x2, i32, type Local, type ModuleBuilder, v128 } from './assembler.ts';
import type { Machine } from './machine.ts';

/** Rows of a panel of A. With two vectors of B and one of A, the eight running sums fill the registers of x86 and ARM. */
export const panelRows = 4;
const vectors = 2;
const vectorBytes = 16;

/** Columns of a panel of B. */
export const panelColumns = (itemsize: 4 | 8): number => (vectors * vectorBytes) / itemsize;

const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;

/**
 * C += A · B. Parameters: the addresses of A, B and C; m and n, multiples of the panels; k > 0; the bytes between two rows of C.
 */
function defineProduct(module: ModuleBuilder, name: string, lanes: FloatLanes, fused: boolean): void {
  module.define({ parameters, result: 'none', name }, (fn) => {
    const parameter = (i: number): Local<'i32'> => fn.parameter(i, 'i32');
    const [a, b, c, m, n, k, rowBytes] = [0, 1, 2, 3, 4, 5, 6].map(parameter);
    const [column, row, end, atA, atB, atC, tileC] = Array.from({ length: 7 }, () => fn.local('i32'));
    const vector = (): Local<'v128'> => fn.local('v128');
    const sums = Array.from({ length: panelRows }, () => Array.from({ length: vectors }, vector));
    const right = Array.from({ length: vectors }, vector);
    const left = vector();
    const advance = (x: Local<'i32'>, by: number): void => fn.emit(x.set(i32.add(x.get, i32.const(by))));
    const eachRow = (visit: (r: number) => void): void => {
      fn.emit(atC.set(tileC.get));
      for (let r = 0; r < panelRows; r++) {
        visit(r);
        fn.emit(atC.set(i32.add(atC.get, rowBytes.get)));
      }
    };
    const multiplyAdd = (sum: Local<'v128'>, y: Local<'v128'>): void => {
      const { get } = sum;
      fn.emit(sum.set(fused ? lanes.relaxedMadd(left.get, y.get, get) : lanes.add(get, lanes.mul(left.get, y.get))));
    };
    // one step along k: a column of the panel of A times a row of the panel of B
    const step = (): void => {
      right.forEach((y, v) => fn.emit(y.set(v128.load(atB.get, v * vectorBytes))));
      sums.forEach((sumsOfRow, r) => {
        fn.emit(left.set(lanes.loadSplat(atA.get, r * lanes.size)));
        right.forEach((y, v) => multiplyAdd(sumsOfRow[v], y));
      });
      advance(atA, panelRows * lanes.size);
      advance(atB, vectors * vectorBytes);
    };
    const tile = (): void => {
      eachRow((r) => sums[r].forEach((sum, v) => fn.emit(sum.set(v128.load(atC.get, v * vectorBytes)))));
      fn.emit(end.set(i32.add(atA.get, i32.mul(k.get, i32.const(panelRows * lanes.size)))));
      fn.doWhile(() => {
        step();
        return i32.ltU(atA.get, end.get);
      });
      eachRow((r) => sums[r].forEach((sum, v) => fn.emit(v128.store(atC.get, sum.get, v * vectorBytes))));
    };
    fn.emit(column.set(i32.const(0)));
    fn.while(i32.ltU(column.get, n.get), () => {
      fn.emit(atA.set(a.get), tileC.set(c.get), row.set(i32.const(0)));
      fn.while(i32.ltU(row.get, m.get), () => {
        fn.emit(atB.set(b.get));
        tile();
        // the tile leaves atC below its last row, where the next one begins
        fn.emit(tileC.set(atC.get));
        advance(row, panelRows);
      });
      fn.emit(b.set(atB.get));
      advance(c, vectors * vectorBytes);
      advance(column, vectors * lanes.lanes);
    });
  });
}

export type Product = (a: number, b: number, c: number, m: number, n: number, k: number, rowBytes: number) => void;

/** The kernels by element type. */
export interface Products {
  readonly float32: Product;
  readonly float64: Product;
}

/** Compiles the kernels, with fused multiply-adds where the engine has them. */
export function compileProducts(machine: Machine): Products {
  const module = machine.module();
  defineProduct(module, 'float32', f32x4, machine.relaxed);
  defineProduct(module, 'float64', f64x2, machine.relaxed);
  return machine.compile<Products>(module);
}
