/** Decompositions of batches of matrices, computed in float64 and rounded once. Overrides by op name: they are not made of kernel families. */
import { ArgumentError, BackendError, broadcastStrides, type Override, type Shape } from '@tenfold/tensor-core';
import { type Buffer, codecOf, type View } from '../elements.ts';
import { count, forEachRun } from '../iterate.ts';
import * as dense from './dense.ts';
import * as spectral from './spectral.ts';

/** The elements of a view as doubles in row-major order, read as `shape`. */
export function read(view: View, shape: Shape = view.shape): Float64Array {
  const { read: element } = codecOf(view.dtype);
  const { buffer } = view.storage;
  const data = new Float64Array(count(shape));
  const strides = shape === view.shape ? view.strides : broadcastStrides(view.shape, view.strides, shape);
  forEachRun(shape, { strides, offset: view.offset }, 0, data.length, (at, stride, first, length) => {
    for (let i = 0; i < length; i++) data[first + i] = Number(element(buffer, at + i * stride));
  });
  return data;
}

/** A writer of consecutive elements of a view. */
export function writer(view: View): (values: ArrayLike<number>, first: number) => void {
  const { write: element } = codecOf(view.dtype);
  const { buffer } = view.storage;
  const wide = view.dtype === 'int64';
  return (values, start) => {
    forEachRun(view.shape, view, start, values.length, (at, stride, first, length) => {
      for (let i = 0; i < length; i++) {
        const value = values[first + i];
        element(buffer, at + i * stride, wide ? BigInt(value) : value);
      }
    });
  };
}

const batchOf = (shape: Shape): Shape => shape.slice(0, -2);

/** The index of a matrix in words, as PyTorch puts it before the reason of a failure. */
const element = (batch: Shape, at: number): string => (batch.length === 0 ? '' : `(Batch element ${at}): `);

/** What is done to one matrix `[m, n]`: gives the data of each output. It may overwrite `a`, and calls `fail` with a sentence. */
type PerMatrix<A> = (
  a: Float64Array,
  m: number,
  n: number,
  attrs: A,
  fail: (reason: string) => never,
) => readonly ArrayLike<number>[];

/** A kernel over the matrices of the first input. */
export const perMatrix = <A>(where: string, run: PerMatrix<A>): Override<Buffer> => ({
  run(outs, inputs, attrs) {
    const x = inputs[0] as View;
    const batch = batchOf(x.shape);
    const [m, n] = x.shape.slice(-2);
    const data = read(x);
    const writers = outs.map((out) => writer(out as View));
    for (let i = 0; i < count(batch); i++) {
      const fail = (reason: string): never => {
        throw new ArgumentError(`${where}: ${element(batch, i)}${reason}`);
      };
      const results = run(data.slice(i * m * n, (i + 1) * m * n), m, n, attrs as A, fail);
      results.forEach((values, k) => {
        writers[k](values, i * values.length);
      });
    }
  },
});

/** What is done to matrices A `[n, n]` and B `[n, r]`: overwrites `b`, given whether this A is a new one. */
type PerPair<A> = (
  a: Float64Array,
  b: Float64Array,
  n: number,
  r: number,
  attrs: A,
  fail: (reason: string) => never,
) => Float64Array;

/** A kernel over pairs of matrices whose batches broadcast. */
export const perPair = <A>(where: string, run: PerPair<A>): Override<Buffer> => ({
  run([out], inputs, attrs) {
    const [n, r] = out.shape.slice(-2);
    const batch = batchOf(out.shape);
    const a = read(inputs[0] as View, [...batch, n, n]);
    const b = read(inputs[1] as View, out.shape);
    const write = writer(out as View);
    for (let i = 0; i < count(batch); i++) {
      const fail = (reason: string): never => {
        throw new ArgumentError(`${where}: ${element(batch, i)}${reason}`);
      };
      const [left, right] = [a.slice(i * n * n, (i + 1) * n * n), b.slice(i * n * r, (i + 1) * n * r)];
      write(run(left, right, n, r, attrs as A, fail), i * n * r);
    }
  },
});

export const isFinite = (a: Float64Array): boolean => a.every(Number.isFinite);

/** Copies one triangle onto the other. */
function symmetric(a: Float64Array, n: number, lower: boolean): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if (lower) a[j * n + i] = a[i * n + j];
      else a[i * n + j] = a[j * n + i];
    }
  }
  return a;
}

/** Kernels by op name, of the ops that methods of tensors need; the others are in `equations.ts`. */
export const decomposition: { readonly [op: string]: Override<Buffer> } = {
  det: perMatrix('linalg.det', (a, _, n) => {
    const { sign } = dense.lu(a, n, n);
    let det: number = sign;
    for (let i = 0; i < n; i++) det *= a[i * n + i];
    return [[det]];
  }),
  slogdet: perMatrix('linalg.slogdet', (a, _, n) => {
    const { sign } = dense.lu(a, n, n);
    let [total, log]: [number, number] = [sign, 0];
    for (let i = 0; i < n; i++) {
      total *= Math.sign(a[i * n + i]);
      log += Math.log(Math.abs(a[i * n + i]));
    }
    return [[total || 0], [log]];
  }),
  inverse: perMatrix<{ check: boolean }>('linalg.inv', (a, _, n, { check }, fail) => {
    const result = dense.identity(n);
    const { pivots, zero } = dense.lu(a, n, n);
    if (zero > 0) {
      if (!check) return [result.fill(Number.POSITIVE_INFINITY)];
      fail(
        `The diagonal element ${zero} is zero, the inversion could not be completed because the input matrix is singular.`,
      );
    }
    dense.luSolve(a, pivots, result, n, n);
    return [result];
  }),
  triangularSolve: perPair<{ upper: boolean; unitriangular: boolean }>('triangularSolve', (a, b, n, r, attrs) => {
    dense.triangularSolve(a, b, n, r, attrs.upper, attrs.unitriangular);
    return b;
  }),
  cholesky: perMatrix('linalg.cholesky', (a, _, n, __, fail) => {
    const { l, failed } = dense.cholesky(a, n);
    if (failed > 0) {
      fail(
        'The factorization could not be completed because the input is not positive-definite ' +
          `(the leading minor of order ${failed} is not positive-definite).`,
      );
    }
    return [l];
  }),
  qr: perMatrix<{ mode: string }>('linalg.qr', (a, m, n, { mode }) => {
    const { q, r } = dense.qr(a, m, n, mode === 'complete' ? m : Math.min(m, n));
    return [mode === 'r' ? [] : q, r];
  }),
  svd: perMatrix<{ fullMatrices: boolean }>('linalg.svd', (a, m, n, { fullMatrices }, fail) => {
    if (!isFinite(a)) fail('The algorithm failed to converge because the input matrix contained non-finite values.');
    const { u, s, vh } = spectral.svd(a, m, n, fullMatrices);
    return [u, s, vh];
  }),
  eigh: perMatrix<{ uplo: 'L' | 'U' }>('linalg.eigh', (a, _, n, { uplo }, fail) => {
    symmetric(a, n, uplo === 'L');
    if (!isFinite(a)) {
      fail(
        'The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated eigenvalues: ' +
          'it contains non-finite values.',
      );
    }
    const { w, v } = spectral.eigh(a, n);
    return [w, v];
  }),
  matrixExp: perMatrix('linalg.matrix_exp', (a, _, n) => [dense.expm(a, n)]),
};

/** What the kernels of `equations.ts` are replaced by where they are left out. */
export const withoutEquations: { readonly [op: string]: Override<Buffer> } = Object.fromEntries(
  ['luFactor', 'luRows', 'cofactor', 'cofactorGrad', 'solve'].map((op) => [
    op,
    {
      run: () => {
        throw new BackendError(
          `${op}: this cpu backend was opened without the kernel; use cpu({ kernels: [equations] })`,
        );
      },
    },
  ]),
);
