/** Matrix products. Every one of them is a call of the `matmul` kernel family on strided views: nothing is copied to be transposed or broadcast. */
import type { Epilogue, Runtime, TensorView } from '../backend.ts';
import { type DType, isFloat, scalarTypeName } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { broadcastShapes, formatShape, type Shape, sameShape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { broadcastView, notImplementedFor, requireTensor } from './build.ts';
import { type ContractAttrs, contract } from './contract.ts';
import type { EinsumAttrs } from './einsum.ts';

/** Factors of `addmm` and `baddbmm`: `beta · input + alpha · (a @ b)`. With `beta` 0 the input is not read. */
export interface AddmmAttrs {
  readonly beta: number;
  readonly alpha: number;
}

/** Products of matrices and vectors by op name. `contract` is the general product of two tensors that `einsum` and `tensordot` are made of. */
export interface LinalgOps {
  matmul: Sig<[Tensor, Tensor]>;
  mm: Sig<[Tensor, Tensor]>;
  bmm: Sig<[Tensor, Tensor]>;
  mv: Sig<[Tensor, Tensor]>;
  dot: Sig<[Tensor, Tensor]>;
  addmm: Sig<[Tensor, Tensor, Tensor], AddmmAttrs>;
  baddbmm: Sig<[Tensor, Tensor, Tensor], AddmmAttrs>;
  contract: Sig<[Tensor, Tensor], ContractAttrs>;
  einsum: Sig<readonly Tensor[], EinsumAttrs>;
  trace: Sig<[Tensor]>;
}

/** The names that PyTorch's messages about products give dtypes. */
const cppNames: { readonly [D in DType]: string } = {
  float32: 'float',
  float64: 'double',
  float16: 'c10::Half',
  bfloat16: 'c10::BFloat16',
  int64: 'long int',
  int32: 'int',
  int16: 'short int',
  int8: 'signed char',
  uint8: 'unsigned char',
  bool: 'bool',
};

/** Both must be tensors of one dtype, which must be a number's. */
export function checkProduct(name: string, a: Tensor, b: Tensor): void {
  requireTensor(name, a, 0);
  requireTensor(name, b, 1);
  if (a.dtype !== b.dtype) {
    throw new DTypeError(
      `expected m1 and m2 to have the same dtype, but got: ${cppNames[a.dtype]} != ${cppNames[b.dtype]} in ${name} ` +
        `(expected scalar type ${scalarTypeName[a.dtype]} but found ${scalarTypeName[b.dtype]}); cast one of them with .to(…)`,
    );
  }
  if (a.dtype === 'bool') throw notImplementedFor(name, a.dtype);
}

const shapes = (a: Tensor, b: Tensor): string => `${a.shape.join('x')} and ${b.shape.join('x')}`;

/** The shape of a product of matrices, vectors or batches of matrices. */
function matmulShape(a: Tensor, b: Tensor): number[] {
  if (a.ndim === 0 || b.ndim === 0) {
    throw new ShapeError(`both arguments to matmul need to be at least 1D, but they are ${a.ndim}D and ${b.ndim}D`);
  }
  const [m, k] = a.ndim === 1 ? [[], a.shape[0]] : [a.shape.slice(-2, -1), a.shape[a.ndim - 1]];
  const [inner, n] = b.ndim === 1 ? [b.shape[0], []] : [b.shape[b.ndim - 2], b.shape.slice(-1)];
  if (k !== inner) {
    throw new ShapeError(
      `mat1 and mat2 shapes cannot be multiplied (${shapes(a, b)}) in matmul: the last dim of the first, ${k}, must equal ` +
        `${b.ndim === 1 ? 'the size' : 'the last but one dim'} of the second, ${inner}`,
    );
  }
  return [...broadcastShapes([a.shape.slice(0, -2), b.shape.slice(0, -2)], 'matmul'), ...m, ...n];
}

/** `out = a @ b` by views; a matrix on the right takes all leading dims of the left as rows. */
function multiply(runtime: Runtime, out: TensorView, a: TensorView, b: TensorView, epilogue?: Epilogue): void {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const n = Math.min(rankB - 1, 1);
  if (rankB <= 2) {
    runtime.matmul(out, a, b, { batch: 0, m: rankA - 1, n, k: 1 }, epilogue);
    return;
  }
  const m = Math.min(rankA - 1, 1);
  const batch = out.shape.slice(0, out.shape.length - m - n);
  const left = broadcastView(a, [...batch, ...a.shape.slice(rankA - 1 - m)]);
  const right = broadcastView(b, [...batch, ...b.shape.slice(-2)]);
  runtime.matmul(out, left, right, { batch: batch.length, m, n, k: 1 }, epilogue);
}

const productOp = (name: string, shape: (a: Tensor, b: Tensor) => Shape): OpSpec<Sig<[Tensor, Tensor]>> =>
  new OpSpec<Sig<[Tensor, Tensor]>>({
    name,
    infer([a, b]) {
      requireTensor(name, a, 0);
      requireTensor(name, b, 1);
      const meta = { shape: shape(a, b), dtype: a.dtype };
      checkProduct(name, a, b);
      return meta;
    },
    kernel: (runtime, [out], [a, b]) => multiply(runtime, out, a, b),
  });

function mmShape(a: Tensor, b: Tensor, name = 'mm'): number[] {
  const first = name === 'mm' ? 'self' : 'mat1';
  if (a.ndim !== 2)
    throw new ShapeError(`${name}: ${first} must be a matrix, got ${a.ndim}-D tensor of shape ${formatShape(a.shape)}`);
  if (b.ndim !== 2)
    throw new ShapeError(`${name}: mat2 must be a matrix, got ${b.ndim}-D tensor of shape ${formatShape(b.shape)}`);
  if (a.shape[1] !== b.shape[0]) throw new ShapeError(`mat1 and mat2 shapes cannot be multiplied (${shapes(a, b)})`);
  return [a.shape[0], b.shape[1]];
}

function bmmShape(a: Tensor, b: Tensor, name = 'bmm'): number[] {
  if (a.ndim !== 3 || b.ndim !== 3) {
    throw new ShapeError(
      `${name}: batch1 and batch2 must be 3D tensors, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
  if (a.shape[0] !== b.shape[0] || a.shape[2] !== b.shape[1]) {
    throw new ShapeError(
      `Expected size for first two dimensions of batch2 tensor to be: [${a.shape[0]}, ${a.shape[2]}] but got: [${b.shape[0]}, ${b.shape[1]}] in ${name}.`,
    );
  }
  return [a.shape[0], a.shape[1], b.shape[2]];
}

function mvShape(a: Tensor, v: Tensor): number[] {
  if (a.ndim !== 2 || v.ndim !== 1) {
    throw new ShapeError(
      `mv: vector + matrix @ vector expected, got 1, ${a.ndim}, ${v.ndim}: it takes a matrix and a vector`,
    );
  }
  if (a.shape[1] !== v.shape[0]) {
    throw new ShapeError(
      `size mismatch, got ${a.shape[0]}, ${a.shape.join('x')},${v.shape[0]}: mv takes a matrix [n, m] and a vector [m]`,
    );
  }
  return [a.shape[0]];
}

function dotShape(a: Tensor, b: Tensor): number[] {
  if (a.ndim !== 1 || b.ndim !== 1)
    throw new ShapeError(`1D tensors expected, but got ${a.ndim}D and ${b.ndim}D tensors in dot`);
  if (a.shape[0] !== b.shape[0]) {
    throw new ShapeError(
      `inconsistent tensor size, expected tensor ${formatShape(a.shape)} and src ${formatShape(b.shape)} to have the same number of elements in dot, ` +
        `but got ${a.shape[0]} and ${b.shape[0]} elements respectively`,
    );
  }
  return [];
}

const epilogues = new Map<string, e.Program>();

/** beta · input + alpha · product, with factors of 1 left out and an input of factor 0 not read. */
function addEpilogue(dtype: DType, input: TensorView, { beta, alpha }: AddmmAttrs): Epilogue | undefined {
  const [scaled, added] = [alpha !== 1, beta !== 0];
  const params = [...(scaled ? [alpha] : []), ...(beta !== 0 && beta !== 1 ? [beta] : [])];
  const key = `${dtype}|${scaled}|${added}|${params.length}`;
  let program = epilogues.get(key);
  if (!program) {
    const product = scaled ? e.mul(e.param(0, dtype), e.input(0, dtype)) : e.input(0, dtype);
    const base = beta === 1 ? e.input(1, dtype) : e.mul(e.param(params.length - 1, dtype), e.input(1, dtype));
    const inputs: DType[] = added ? [dtype, dtype] : [dtype];
    program = new e.Program(
      [added ? e.add(base, product) : product],
      inputs,
      params.map(() => dtype),
    );
    epilogues.set(key, program);
  }
  return { program, inputs: added ? [input] : [], params };
}

/** A product added to a tensor that broadcasts to it. */
const addProductOp = (name: string, shape: (a: Tensor, b: Tensor, name: string) => Shape): OpSpec<LinalgOps['addmm']> =>
  new OpSpec<LinalgOps['addmm']>({
    name,
    infer([input, a, b], attrs): TensorMeta {
      requireTensor(name, input, 0);
      requireTensor(name, a, 1);
      requireTensor(name, b, 2);
      const out = shape(a, b, name);
      checkProduct(name, a, b);
      if (input.dtype !== a.dtype) {
        throw new DTypeError(
          `${name}: self and mat2 must have the same dtype, but got ${input.dtype} and ${a.dtype}; cast one of them with .to(…)`,
        );
      }
      if (!sameShape(broadcastShapes([input.shape, out], name), out)) {
        throw new ShapeError(
          `${name}: the input of shape ${formatShape(input.shape)} can't be expanded to the product's shape ${formatShape(out)}`,
        );
      }
      checkFactor(name, 'beta', attrs.beta, input.dtype);
      checkFactor(name, 'alpha', attrs.alpha, input.dtype);
      return { shape: out, dtype: a.dtype };
    },
    kernel(runtime, [out], [input, a, b], attrs) {
      multiply(runtime, out, a, b, addEpilogue(out.dtype, broadcastView(input, out.shape), attrs));
    },
    inplace: { writes: [0], how: 'copy' },
  });

function checkFactor(name: string, which: string, factor: number, dtype: DType): void {
  if (!isFloat(dtype) && !Number.isInteger(factor)) {
    throw new ArgumentError(
      `${name}: For integral input tensors, argument ${which} must not be a floating point number, got ${factor}`,
    );
  }
}

const tracePrograms = new Map<DType, e.Program>();

/** Rows by op name; `einsum` has its own file. */
export const linalg: { readonly [K in Exclude<keyof LinalgOps, 'einsum'>]: OpSpec<LinalgOps[K]> } = {
  matmul: productOp('matmul', matmulShape),
  mm: productOp('mm', (a, b) => mmShape(a, b)),
  bmm: productOp('bmm', (a, b) => bmmShape(a, b)),
  mv: productOp('mv', mvShape),
  dot: productOp('dot', dotShape),
  addmm: addProductOp('addmm', mmShape),
  baddbmm: addProductOp('baddbmm', bmmShape),
  contract,
  trace: new OpSpec<LinalgOps['trace']>({
    name: 'trace',
    infer([x]) {
      requireTensor('trace', x);
      if (x.ndim !== 2) throw new ShapeError(`trace: expected a matrix, but got tensor with dim ${x.ndim}`);
      return { shape: [], dtype: isFloat(x.dtype) ? x.dtype : 'int64' };
    },
    kernel(runtime, [out], [x]) {
      let program = tracePrograms.get(x.dtype);
      if (!program) {
        program = new e.Program([e.cast(e.input(0, x.dtype), out.dtype)], [x.dtype]);
        tracePrograms.set(x.dtype, program);
      }
      const diagonal = {
        dtype: x.dtype,
        shape: [Math.min(x.shape[0], x.shape[1])],
        strides: [x.strides[0] + x.strides[1]],
        offset: x.offset,
        storage: x.storage,
      };
      runtime.reduce(
        'sum',
        { dtype: out.dtype, shape: [1], strides: [0], offset: out.offset, storage: out.storage },
        [diagonal],
        program,
        [],
      );
    },
  }),
};
