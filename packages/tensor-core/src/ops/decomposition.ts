/**
 * Matrix decompositions and what is solved by them, over the last two dims. They can't be made of kernel families: a backend computes them by its
 * `overrides`, and a device without one refuses them. Rows have no kernel; everything else of `linalg` is made of these ops.
 */
import { dispatch } from '../dispatch.ts';
import { type DType, isFloat, scalarTypeName } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape, type Shape } from '../shape.ts';
import { type AnySig, type OpInit, OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { requireTensor } from './build.ts';

/** Attributes of `inverse` and `luFactor`: whether a singular matrix is an error; else its inverse is infinite. */
export interface CheckAttrs {
  readonly check: boolean;
}

/** Attributes of `triangularSolve`: which triangle is read, and whether its diagonal is taken for ones. */
export interface TriangularSolveAttrs {
  readonly upper: boolean;
  readonly unitriangular: boolean;
}

/** How much of Q and R is wanted: `[m, k]` and `[k, n]`, `[m, m]` and `[m, n]`, or R alone. */
export type QrMode = 'reduced' | 'complete' | 'r';

/** Attributes of `svd`. */
export interface SvdAttrs {
  readonly fullMatrices: boolean;
}

/** Attributes of `eigh`: the triangle that is read. */
export interface EighAttrs {
  readonly uplo: 'L' | 'U';
}

/** Attributes of `pinv`: singular values up to the larger of `atol` and `rtol` times the largest one count as zero. */
export interface PinvAttrs {
  readonly atol: number;
  /** `null`: the larger size times the epsilon of the dtype. */
  readonly rtol: number | null;
  /** Whether the matrix is symmetric, so that eigenvalues serve. */
  readonly hermitian: boolean;
}

/** Matrix decompositions and what is solved by them, by op name. */
export interface DecompositionMethodOps {
  det: Sig<[Tensor]>;
  /** `[sign, log |det|]`. */
  slogdet: Sig<[Tensor], null, readonly [Tensor, Tensor]>;
  inverse: Sig<[Tensor], CheckAttrs>;
  triangularSolve: Sig<[Tensor, Tensor], TriangularSolveAttrs>;
  /** The lower factor, from the lower triangle. */
  cholesky: Sig<[Tensor]>;
  qr: Sig<[Tensor], { readonly mode: QrMode }, readonly [Tensor, Tensor]>;
  /** `[U, S, Vh]`. */
  svd: Sig<[Tensor], SvdAttrs, readonly [Tensor, Tensor, Tensor]>;
  /** Ascending eigenvalues, and eigenvectors as columns. */
  eigh: Sig<[Tensor], EighAttrs, readonly [Tensor, Tensor]>;
  pinv: Sig<[Tensor], PinvAttrs>;
  matrixExp: Sig<[Tensor]>;
}

/** float32 or float64, else PyTorch's sentences. */
export function checkPrecision(where: string, dtype: DType): void {
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `${where}: Expected a floating point or complex tensor as input. Got ${scalarTypeName[dtype]}; cast it with x.to('float32')`,
    );
  }
  if (dtype === 'float16' || dtype === 'bfloat16') {
    throw new DTypeError(
      `${where}: Low precision dtypes not supported. Got ${scalarTypeName[dtype]}; cast it with x.to('float32')`,
    );
  }
}

/** At least two dims. */
export function checkMatrix(where: string, x: Tensor, name = 'A'): void {
  if (x.ndim < 2) {
    throw new ShapeError(
      `${where}: The input tensor ${name} must have at least 2 dimensions, got shape ${formatShape(x.shape)}`,
    );
  }
}

/** The last two dims are equal. */
export function checkSquare(where: string, x: Tensor): void {
  checkMatrix(where, x);
  const [m, n] = x.shape.slice(-2);
  if (m !== n)
    throw new ShapeError(`${where}: A must be batches of square matrices, but they are ${m} by ${n} matrices`);
}

/** What `infer` reads of a matrix. */
export interface Matrix {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly dtype: DType;
}

function readMatrix(where: string, x: Tensor, square: boolean): Matrix {
  requireTensor(where, x);
  if (square) checkSquare(where, x);
  else checkMatrix(where, x);
  checkPrecision(where, x.dtype);
  const [m, n] = x.shape.slice(-2);
  return { batch: x.shape.slice(0, -2), m, n, k: Math.min(m, n), dtype: x.dtype };
}

/** An op of one matrix; `where` is what messages call it. */
export const matrixOp = <S extends AnySig>(
  name: string,
  where: string,
  kind: 'square' | 'any',
  metas: (matrix: Matrix, attrs: S['attrs']) => TensorMeta | readonly TensorMeta[],
  body?: OpInit<S>['body'],
): OpSpec<S> =>
  new OpSpec<S>({
    name,
    infer: ([x], attrs) => metas(readMatrix(where, x as Tensor, kind === 'square'), attrs),
    ...(body ? { body } : {}),
  });

export const sameMatrix = ({ batch, m, n, dtype }: Matrix): TensorMeta => ({ shape: [...batch, m, n], dtype });
const perBatch = ({ batch, dtype }: Matrix): TensorMeta => ({ shape: batch, dtype });

/** An equation A X = B of matrices whose batches broadcast. */
export function equation(where: string, a: Tensor, b: Tensor): TensorMeta {
  requireTensor(where, a, 0);
  requireTensor(where, b, 1);
  checkMatrix(where, b, 'B');
  checkSquare(where, a);
  checkPrecision(where, a.dtype);
  if (a.dtype !== b.dtype) {
    throw new DTypeError(
      `${where}: Expected A and B to have the same dtype, but found A of type ${scalarTypeName[a.dtype]} and B of type ${scalarTypeName[b.dtype]} instead`,
    );
  }
  if (a.shape[a.ndim - 1] !== b.shape[b.ndim - 2]) {
    throw new ShapeError(
      `${where}: Incompatible shapes of A and B for the equation AX = B (${a.shape.slice(-2).join('x')} and ${b.shape.slice(-2).join('x')})`,
    );
  }
  const batch = broadcastShapes([a.shape.slice(0, -2), b.shape.slice(0, -2)], where);
  return { shape: [...batch, ...b.shape.slice(-2)], dtype: a.dtype };
}

const epsilon: { readonly [dtype: string]: number } = { float64: 2 ** -52, float32: 2 ** -23 };

/** The largest singular value that counts as zero, with the dim of the values kept. `s` are their magnitudes. */
export function cutoff(s: Tensor, x: Tensor, atol: number, rtol: number | null): Tensor {
  const [m, n] = x.shape.slice(-2);
  const relative = rtol ?? (atol > 0 ? 0 : Math.max(m, n) * (epsilon[x.dtype] as number));
  return s.amax(-1, { keepdim: true }).mul(relative).clamp(atol);
}

function pseudoInverse(x: Tensor, { atol, rtol, hermitian }: PinvAttrs): Tensor {
  const [m, n] = x.shape.slice(-2);
  if (x.numel() === 0) return x.newZeros([...x.shape.slice(0, -2), n, m]);
  const invert = (values: Tensor): Tensor => {
    const s = values.abs();
    return values.reciprocal().maskedFill(s.le(cutoff(s, x, atol, rtol)), 0);
  };
  if (hermitian) {
    const [w, v] = dispatch(decomposition.eigh, [x], { uplo: 'L' });
    return v.mul(invert(w).unsqueeze(-2)).matmul(v.transpose(-1, -2));
  }
  const [u, s, vh] = dispatch(decomposition.svd, [x], { fullMatrices: false });
  return vh.transpose(-1, -2).mul(invert(s).unsqueeze(-2)).matmul(u.transpose(-1, -2));
}

/** Rows by op name. */
export const decomposition: { readonly [K in keyof DecompositionMethodOps]: OpSpec<DecompositionMethodOps[K]> } = {
  det: matrixOp<DecompositionMethodOps['det']>('det', 'linalg.det', 'square', perBatch),
  slogdet: matrixOp<DecompositionMethodOps['slogdet']>('slogdet', 'linalg.slogdet', 'square', (x) => [
    perBatch(x),
    perBatch(x),
  ]),
  inverse: matrixOp<DecompositionMethodOps['inverse']>('inverse', 'linalg.inv', 'square', sameMatrix),
  triangularSolve: new OpSpec<DecompositionMethodOps['triangularSolve']>({
    name: 'triangularSolve',
    infer: ([a, b]) => equation('linalg.solve_triangular', a, b),
  }),
  cholesky: matrixOp<DecompositionMethodOps['cholesky']>('cholesky', 'linalg.cholesky', 'square', sameMatrix),
  qr: matrixOp<DecompositionMethodOps['qr']>('qr', 'linalg.qr', 'any', ({ batch, m, n, k, dtype }, { mode }) => {
    if (mode !== 'reduced' && mode !== 'complete' && mode !== 'r') {
      throw new ArgumentError(
        `qr received unrecognized mode '${mode}' but expected one of 'reduced' (default), 'r', or 'complete'`,
      );
    }
    const columns = mode === 'complete' ? m : k;
    return [
      { shape: mode === 'r' ? [0] : [...batch, m, columns], dtype },
      { shape: [...batch, columns, n], dtype },
    ];
  }),
  svd: matrixOp<DecompositionMethodOps['svd']>(
    'svd',
    'linalg.svd',
    'any',
    ({ batch, m, n, k, dtype }, { fullMatrices }) => [
      { shape: [...batch, m, fullMatrices ? m : k], dtype },
      { shape: [...batch, k], dtype },
      { shape: [...batch, fullMatrices ? n : k, n], dtype },
    ],
  ),
  eigh: matrixOp<DecompositionMethodOps['eigh']>('eigh', 'linalg.eigh', 'square', (x, { uplo }) => {
    if (uplo !== 'L' && uplo !== 'U')
      throw new ArgumentError(`linalg.eigh: Expected UPLO argument to be 'L' or 'U', but got ${uplo}`);
    return [{ shape: [...x.batch, x.n], dtype: x.dtype }, sameMatrix(x)];
  }),
  pinv: matrixOp<DecompositionMethodOps['pinv']>(
    'pinv',
    'linalg.pinv',
    'any',
    ({ batch, m, n, dtype }) => ({ shape: [...batch, n, m], dtype }),
    ([x], attrs) => {
      if (attrs.hermitian) checkSquare('linalg.pinv', x);
      return pseudoInverse(x, attrs);
    },
  ),
  matrixExp: matrixOp<DecompositionMethodOps['matrixExp']>('matrixExp', 'linalg.matrix_exp', 'square', sameMatrix),
};
