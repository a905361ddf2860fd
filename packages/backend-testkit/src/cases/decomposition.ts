/** How these are called: matrix decompositions and what is solved by them. */
import { cdist, type DecompositionOps, linalg, pdist, type Tensor } from '@tenfold/tensor-core';
import { type Cases, method, type OpCase, positional, type Results } from '../case.ts';

const T = (x: Tensor): Tensor => x.transpose(-1, -2);

const orders: { readonly [text: string]: number } = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
/** JSON has no infinities. */
const decoded = (value: unknown): unknown => (typeof value === 'string' ? (orders[value] ?? value) : value);

/** A function of `linalg` that takes its tensors, then what `order` names, then options. */
const named = (name: keyof typeof linalg, ...order: readonly string[]): OpCase => ({
  call: (inputs, args) => {
    const options = Object.fromEntries(Object.entries(args).filter(([key]) => !order.includes(key)));
    const run = linalg[name] as (...given: unknown[]) => Results | { readonly [part: string]: Tensor };
    const given = [...inputs, ...order.map((key) => decoded(args[key]))];
    const result = run(...given, ...(Object.keys(options).length ? [options] : []));
    return 'storage' in result || Array.isArray(result) ? (result as Results) : Object.values(result);
  },
});

/** What of singular vectors does not depend on their signs. */
function singular(x: Tensor, options: object, vectors: boolean): Tensor[] {
  const { U, S, Vh } = linalg.svd(x, options);
  const k = S.shape[S.ndim - 1];
  const [left, right] = [U.narrow(-1, 0, k), Vh.narrow(-2, 0, k)];
  return [
    left.mul(S.unsqueeze(-2)).matmul(right),
    S,
    ...(vectors ? [left.abs(), right.abs()] : []),
    T(U).matmul(U).detach(),
    Vh.matmul(T(Vh)).detach(),
  ];
}

export const decomposition: Cases<DecompositionOps> = {
  luFactor: named('luFactor'),
  luRows: { none: 'what lu and luSolve read of pivots; sampled there' },
  det: method('det'),
  slogdet: named('slogdet'),
  cofactor: { none: 'the gradient of det; sampled there' },
  cofactorGrad: { none: 'the second gradient of det; sampled there' },
  inverse: method('inverse'),
  solve: named('solve'),
  triangularSolve: named('solveTriangular'),
  cholesky: named('cholesky'),
  qr: named('qr'),
  svd: { call: ([x], args) => singular(x, args, true) },
  eigh: {
    call: ([x], { UPLO }) => {
      const { eigenvalues, eigenvectors: v } = linalg.eigh(x, { UPLO });
      return [v.mul(eigenvalues.unsqueeze(-2)).matmul(T(v)), eigenvalues, v.abs(), T(v).matmul(v).detach()];
    },
  },
  pinv: {
    ...named('pinv'),
    tolerance: { float32: { ulps: 16, of: 'largest' } },
    toleranceReason: 'its derivative multiplies three inverses, each of which amplifies rounding by the condition',
  },
  matrixExp: named('matrixExp'),
};

/** Methods and functions that are made of other ops. */
export const decompositionMethods: { readonly [name: string]: OpCase } = {
  logdet: method('logdet'),
  choleskySolve: method('choleskySolve'),
  pinverse: method('pinverse'),
  matrixPower: positional('matrixPower', 'n'),
  cross: positional('cross', 'dim'),
  svdValues: { call: ([x], args) => singular(x, args, false) },
  svdvals: named('svdvals'),
  eigvalsh: named('eigvalsh'),
  lu: named('lu'),
  luSolve: {
    call: ([a, b], args) => {
      const { LU, pivots } = linalg.luFactor(a);
      return linalg.luSolve(LU, pivots, b, args);
    },
  },
  choleskyInverse: method('choleskyInverse'),
  matrixRank: named('matrixRank'),
  lstsq: { call: ([a, b]) => linalg.lstsq(a, b).solution, reads: true },
  lstsqAll: { ...named('lstsq'), reads: true },
  vectorNorm: named('vectorNorm', 'ord'),
  matrixNorm: named('matrixNorm', 'ord'),
  linalgNorm: named('norm', 'ord'),
  cond: named('cond', 'p'),
  linalgCross: named('cross'),
  multiDot: { call: (tensors) => linalg.multiDot(tensors) },
  cdist: { call: ([a, b], args) => cdist(a, b, { ...args, p: decoded(args.p) }) },
  pdist: { call: ([x], args) => pdist(x, { ...args, p: decoded(args.p) }) },
  vecdot: named('vecdot'),
  linalgDiagonal: named('diagonal'),
};
