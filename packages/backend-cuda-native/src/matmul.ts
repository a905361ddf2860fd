/** The matmul family: cuBLASLt where it serves, else the kernel that suits the shape, the type and the card. */
import {
  contiguousStrides,
  type DType,
  type Epilogue,
  type Expr,
  expr,
  type MatmulDims,
  Program,
  type Runtime,
} from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import { type Buffer, kernelTypes, type View } from './elements.ts';
import { maxRank, sizeOf } from './geometry.ts';
import { ltProduct } from './lt-product.ts';
import { across, fours, hasFours, lastStride, type Product, productOf, readingOf, transposed } from './product.ts';

export interface MatmulOptions {
  /** Whether products of float32 may be computed in TF32. Default false. */
  readonly tf32?: boolean;
  /** Whether cuBLASLt is asked. Default true. */
  readonly cublasLt?: boolean;
}

/** What sums are kept in until they are rounded: `Sum<T>` in product.cuh. */
const sumTypes: { readonly [D in DType]: DType } = {
  float32: 'float32',
  float64: 'float64',
  float16: 'float32',
  bfloat16: 'float32',
  int64: 'int64',
  int32: 'int32',
  int16: 'int32',
  int8: 'int32',
  uint8: 'int32',
  bool: 'int32',
};

/** Results with at most as many rows or columns don't go by tiles. */
const thin = 8;

/** A launch of one kind of kernel: how `p` is oriented, and what the grid has along x. */
interface Plan {
  readonly p: Product;
  readonly kernel: string;
  readonly blocks: number;
  /** Whether a block has a tile of its own, which it counts from the launch's first; else blocks stride over all there is. */
  readonly tiles: boolean;
  /** Steps of k that are worth a part of their own. */
  readonly leastSteps: number;
  readonly readings: readonly [a: number, b: number];
}

const tilesOf = ({ batch, m, n }: Product, width: number): number =>
  batch.size * Math.ceil(m.size / width) * Math.ceil(n.size / width);

/** Neighbouring threads write neighbouring columns. */
const writesAcross = (p: Product): boolean => lastStride(p, 'n', 'out') === 1 || lastStride(p, 'm', 'out') !== 1;

/** Few rows or columns: as dots where steps of k are neighbours in the larger factor or there is nothing but them, else column by column. */
function planThin(plain: Product): Plan {
  const narrow = plain.n.size <= plain.m.size ? plain : transposed(plain);
  if (narrow.k.size >= 64 && (lastStride(narrow, 'k', 'a') === 1 || narrow.m.size <= thin)) {
    const four = narrow.n.size > 1;
    const warps = narrow.batch.size * narrow.m.size * Math.ceil(narrow.n.size / (four ? 4 : 1));
    return {
      p: narrow,
      kernel: four ? 'dots4' : 'dots',
      blocks: Math.ceil(warps / 4),
      tiles: false,
      leastSteps: 1024,
      readings: [hasFours(narrow, 'a', 'k') ? fours : 0, hasFours(narrow, 'b', 'k') ? fours : 0],
    };
  }
  return planDirect(transposed(narrow));
}

function planDirect(p: Product): Plan {
  const four = p.m.size > 1 && p.batch.size * p.m.size * p.n.size >= 2 ** 14;
  const threads = p.batch.size * Math.ceil(p.m.size / (four ? 4 : 1)) * p.n.size;
  return {
    p,
    kernel: four ? 'direct4' : 'direct',
    blocks: Math.ceil(threads / 256),
    tiles: false,
    leastSteps: 64,
    readings: [0, 0],
  };
}

/** The kinds of number that tensor cores of this card multiply. */
function hasTensorCores({ capability: [major] }: Cuda, dtype: DType, tf32: boolean): boolean {
  if (dtype === 'float16') return true;
  return major >= 8 && (dtype === 'bfloat16' || (dtype === 'float32' && tf32));
}

const hasLargeTiles: ReadonlySet<DType> = new Set(['float32', 'float16', 'bfloat16']);

function planTiles(cuda: Cuda, plain: Product, tf32: boolean): Plan {
  const p = writesAcross(plain) ? plain : transposed(plain);
  const { dtype } = p.out;
  const readings = [readingOf(p, 'a'), readingOf(p, 'b')] as const;
  const tensor = p.k.size >= 16 && hasTensorCores(cuda, dtype, tf32);
  const large = hasLargeTiles.has(dtype) && tilesOf(p, 128) >= cuda.multiprocessors;
  const width = large ? 128 : tensor || Math.min(p.m.size, p.n.size) > 32 ? 64 : 32;
  const directions = `${readings[0] & across ? 'm' : 'k'}${readings[1] & across ? 'n' : 'k'}`;
  const kernel = tensor ? `tensor_${width}_${directions}` : `${width}`;
  return { p, kernel, blocks: tilesOf(p, width), tiles: true, leastSteps: 256, readings };
}

function planOf(cuda: Cuda, p: Product, tf32: boolean): Plan {
  if (Math.min(p.m.size, p.n.size) <= thin) return planThin(p);
  // little to sum, or a small matrix: tiles would be mostly empty
  if (p.k.size < 8 || (Math.max(p.m.size, p.n.size) <= 16 && p.k.size <= 64))
    return planDirect(writesAcross(p) ? p : transposed(p));
  return planTiles(cuda, p, tf32);
}

/** Into how many parts k is split, and the steps of each. Parts begin at multiples of all tiles' depths. */
function partsOf(
  { multiprocessors }: Cuda,
  { p, blocks, leastSteps }: Plan,
): { readonly parts: number; readonly steps: number } {
  const k = p.k.size;
  const wanted = Math.min(Math.ceil((2 * multiprocessors) / blocks), Math.floor(k / leastSteps));
  if (blocks >= multiprocessors || wanted < 2) return { parts: 1, steps: k };
  const steps = Math.ceil(k / wanted / 128) * 128;
  return { parts: Math.ceil(k / steps), steps };
}

/** Most blocks of a grid along x. */
const mostBlocks = 2 ** 31 - 1;

/** Queues the product by the package's own kernels. */
function ownProduct(cuda: Cuda, plain: Product, tf32: boolean): void {
  const plan = planOf(cuda, plain, tf32);
  const { p, blocks } = plan;
  const { parts, steps } = partsOf(cuda, plan);
  const { dtype } = p.out;
  const type = kernelTypes[dtype];
  const writing = hasFours(p, 'out', 'n') ? fours | across : 0;
  const call = (kernel: string, partial: Buffer | null, first: number) => {
    const c = cuda.call(`matmul_${kernel}_${type}`).view(p.out).view(p.a).view(p.b);
    if (p.addend) c.view(p.addend);
    else c.none();
    if (partial) c.pointer(partial);
    else c.none();
    c.walk(p.batch.axes, 4).walk(p.m.axes, 3).walk(p.n.axes, 3).walk(p.k.axes, 2);
    return c.long(steps).long(first).int(parts).int(plan.readings[0]).int(plan.readings[1]).int(writing);
  };
  const multiply = (partial: Buffer | null) => {
    if (!plan.tiles) call(plan.kernel, partial, 0).launch(Math.min(blocks, cuda.blocksAtOnce), undefined, parts);
    else
      for (let first = 0; first < blocks; first += mostBlocks)
        call(plan.kernel, partial, first).launch(Math.min(blocks - first, mostBlocks), undefined, parts);
  };
  if (parts === 1) {
    multiply(null);
    return;
  }
  const size = p.batch.size * p.m.size * p.n.size;
  cuda.temporary(sumTypes[dtype], parts * size, (partial) => {
    multiply(partial);
    call('join', partial, 0).launchOver(size);
  });
}

/** The tensor that an epilogue only adds, as `finished` in product.cuh does. */
function addendOf(epilogue: Epilogue<Buffer> | undefined, dtype: DType): View | null {
  if (!epilogue || epilogue.program.outputs.length !== 1 || epilogue.inputs.length !== 1) return null;
  const [output] = epilogue.program.outputs;
  if (output.kind !== 'binary' || output.fn !== 'add' || output.dtype !== dtype) return null;
  const isInput = (e: Expr, index: number) => e.kind === 'input' && e.index === index && e.dtype === dtype;
  const [x, y] = output.args;
  return (isInput(x, 0) && isInput(y, 1)) || (isInput(x, 1) && isInput(y, 0)) ? epilogue.inputs[0] : null;
}

const copies = new Map<DType, Program>();

function copyProgram(dtype: DType): Program {
  const known = copies.get(dtype) ?? new Program([expr.input(0, dtype)], [dtype]);
  copies.set(dtype, known);
  return known;
}

export function createMatmul(
  cuda: Cuda,
  map: Runtime<Buffer>['map'],
  { tf32 = false, cublasLt = true }: MatmulOptions = {},
): Runtime<Buffer>['matmul'] {
  const asks = cublasLt && cuda.native.hasCublasLt;

  /** Dims that neither merge nor fit into a kernel's arguments: the operands are copied first, and the result is copied out. */
  function packedProduct(out: View, a: View, b: View, dims: MatmulDims): void {
    const packed = <T>({ dtype, shape }: View, use: (view: View) => T): T =>
      cuda.temporary(dtype, sizeOf(shape), (buffer) =>
        use({ dtype, shape, strides: contiguousStrides(shape), offset: 0, storage: { buffer } }),
      );
    const copy = (to: View, from: View) => map([to], [from], copyProgram(to.dtype), []);
    packed(a, (left) =>
      packed(b, (right) =>
        packed(out, (result) => {
          copy(left, a);
          copy(right, b);
          ownProduct(cuda, productOf(result, left, right, dims, null), tf32);
          copy(out, result);
        }),
      ),
    );
  }

  return (out, a, b, dims, epilogue) => {
    if (sizeOf(out.shape) === 0) return;
    const p = productOf(out, a, b, dims, addendOf(epilogue, out.dtype));
    const after = () => {
      if (epilogue) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
    };
    if ([p.batch, p.m, p.n, p.k].some(({ axes }) => axes.length > maxRank)) {
      packedProduct(out, a, b, dims);
      after();
      return;
    }
    const asked = asks && Math.min(p.m.size, p.n.size) > thin;
    const done = asked ? ltProduct(cuda, writesAcross(p) ? p : transposed(p), tf32) : 'refused';
    if (done === 'refused') ownProduct(cuda, p, tf32);
    if (done === 'plain' || !p.addend) after();
  };
}
