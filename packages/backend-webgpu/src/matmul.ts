/** The matmul family: the kernel is chosen by shape and device. */
import { contiguousStrides, type DType, expr, Program, type Runtime } from '@tenfold/tensor-core';
import { directProduct } from './direct-product.ts';
import { elementType } from './elements.ts';
import { sizeOf } from './geometry.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { lastStride, longestLast, type Product, productOf, transposed } from './product.ts';
import { quadProduct } from './quad-product.ts';
import type { View } from './shader.ts';
import { tiledProduct } from './tiled-product.ts';

/** Neighbouring invocations should read neighbouring elements: their dim is n, so that is where the unit stride belongs. */
const readsAcross = (p: Product): boolean => lastStride(p.n, 'b') === 1 || lastStride(p.m, 'a') !== 1;

/** The steps of k in the innermost loop. */
const lastSteps = ({ k: { axes } }: Product): number => axes[axes.length - 1]?.size ?? 1;

const blocks = (p: Product, rows: number, columns: number): number =>
  Math.ceil(p.m.size / rows) * Math.ceil(p.n.size / columns) * p.batch.size;

/** How a kind of device multiplies. */
interface Strategy {
  run(gpu: Gpu, p: Product): void;
  /** Tiles of the result that keep the device busy; where there are fewer, a long k is split. */
  readonly busy: number;
}

const byQuads: Strategy = {
  run(gpu, plain) {
    if (lastSteps(plain) < 4) return direct(gpu, plain);
    const p = blocks(transposed(plain), 16, 32) < blocks(plain, 16, 32) ? transposed(plain) : plain;
    const rows = p.m.size > 8 ? 16 : p.m.size > 4 ? 8 : 4;
    const columns = p.n.size > 16 ? 8 : p.n.size > 8 ? 4 : p.n.size > 4 ? 2 : 1;
    quadProduct(gpu, p, { rows, columns });
  },
  busy: 4,
};

const byTiles: Strategy = {
  run(gpu, p) {
    if (Math.min(p.m.size, p.n.size, p.k.size) < 16) return direct(gpu, p);
    const large = blocks(p, 128, 128) >= 64;
    tiledProduct(gpu, p, large ? { rows: 8, columns: 8, depth: 8 } : { rows: 4, columns: 4, depth: 16 });
  },
  busy: 64,
};

function direct(gpu: Gpu, plain: Product): void {
  const p = readsAcross(plain) ? plain : transposed(plain);
  const few = p.m.size * p.n.size * p.batch.size < 2 ** 16;
  const rows = few || p.m.size < 4 ? 1 : 4;
  const columns = few || p.n.size < 64 ? 1 : 4;
  directProduct(gpu, p, { rows, columns, down: 4, across: 16 });
}

/** Steps of k that are worth a part of their own. */
const leastSteps = 256;

/** Into how many parts the longest dim of k is split. */
function partsOf(p: Product, { busy }: Strategy): number {
  const steps = lastSteps(p);
  const tiles = blocks(p, 64, 64);
  // sums of halves would be rounded once more
  if (steps < 4 * leastSteps || tiles >= busy || p.out.dtype === 'float16') return 1;
  return Math.min(Math.ceil(busy / tiles), Math.floor(steps / leastSteps));
}

/** The products of parts of k: all but the last have the same number of steps. `out` is a stack of results of `size` elements. */
function splitProducts(p: Product, parts: number, size: number): Product[] {
  const { axes } = p.k;
  const last = axes[axes.length - 1];
  const [a, b] = last.strides;
  const steps = Math.ceil(last.size / parts / 4) * 4;
  const whole = Math.floor(last.size / steps);
  const withSteps = (count: number): Product['k'] => ({
    ...p.k,
    axes: [...axes.slice(0, -1), { ...last, size: count }],
    size: (p.k.size / last.size) * count,
  });
  const stack = { size: whole, strides: [size, steps * a, steps * b] };
  const main = {
    ...p,
    batch: { ...p.batch, axes: [stack, ...p.batch.axes], size: whole * p.batch.size },
    k: withSteps(steps),
  };
  const rest = last.size - whole * steps;
  if (rest === 0) return [main];
  const moved = (view: View, by: number): View => ({ ...view, offset: view.offset + by });
  const [out, x, y] = [moved(p.out, whole * size), moved(p.a, whole * steps * a), moved(p.b, whole * steps * b)];
  return [main, { ...p, out, a: x, b: y, k: withSteps(rest) }];
}

const sums = new Map<DType, Program>();

function sumProgram(dtype: DType): Program {
  const known = sums.get(dtype) ?? new Program([expr.input(0, dtype)], [dtype]);
  sums.set(dtype, known);
  return known;
}

export function createMatmul(
  gpu: Gpu,
  { map, reduce }: Pick<Runtime<Buffer>, 'map' | 'reduce'>,
): Runtime<Buffer>['matmul'] {
  const strategy = gpu.hasQuads ? byQuads : byTiles;
  return (out, a, b, dims, epilogue) => {
    const size = sizeOf(out.shape);
    if (size === 0) return;
    const fits = (epilogue?.inputs.length ?? 0) + 3 <= gpu.device.limits.maxStorageBuffersPerShaderStage;
    const p = longestLast(productOf(out, a, b, dims, fits ? epilogue : undefined));
    const parts = partsOf(p, strategy);
    if (parts === 1) {
      strategy.run(gpu, p);
      if (epilogue && !fits) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
      return;
    }
    const { dtype, shape } = out;
    const buffer = gpu.pool.allocate((parts + 1) * size * elementType(dtype).bytes, elementType(dtype));
    const stacked: View = { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage: { buffer } };
    const products = splitProducts(longestLast(productOf(stacked, a, b, dims)), parts, size);
    for (const each of products) strategy.run(gpu, each);
    const count = products[0].batch.size / p.batch.size + products.length - 1;
    const stack: View = { ...stacked, shape: [count, ...shape], strides: [size, ...stacked.strides] };
    const total: View = { ...out, shape: [1, ...shape], strides: [0, ...out.strides] };
    reduce('sum', total, [stack], sumProgram(dtype), []);
    gpu.pool.release(buffer);
    if (epilogue) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
  };
}
