/** Parametrisations of weights: split into length and direction, of norm 1, orthogonal. */
import {
  ArgumentError,
  cat,
  checkOptions,
  describe,
  eye,
  formatShape,
  IndexError,
  isTensor,
  linalg,
  randn,
  ShapeError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';

import { Module } from '../module.ts';
import { isParametrized, notInvertible, type Parametrized, registerParametrization } from './parametrize.ts';

/** The parameter or buffer of a module that is to be parametrised. */
function tensorOf(module: Module, name: string): Tensor {
  if (!(module instanceof Module)) throw new ArgumentError(`expected a module, got ${describe(module)}`);
  const value: unknown = Reflect.get(module, name);
  if (isTensor(value)) return value;
  throw new ArgumentError(`Module '${module}' has no parameter or buffer with name '${name}'`);
}

function checkDim(dim: unknown, ndim: number): number {
  if (typeof dim === 'number' && Number.isInteger(dim) && dim >= -ndim && dim < ndim) return dim < 0 ? dim + ndim : dim;
  throw new IndexError(
    `Dimension out of range (expected to be in range of [${-ndim}, ${ndim - 1}] but got ${String(dim)})`,
  );
}

/** Options of {@link weightNorm}. */
export interface WeightNormOptions {
  /** The dim whose slices have a length each; `null` or -1 for one length of all. Default 0. */
  dim?: number | null;
}

// printed by its name, as PyTorch's
class _WeightNorm extends Module {
  /** -1 for all elements. */
  readonly dim: number;

  constructor(dim: number) {
    super();
    this.dim = dim;
  }

  /** w = g · v / ‖v‖ */
  forward(g: Tensor, v: Tensor): Tensor {
    return v.mul(g.div(this.length(v)));
  }

  rightInverse(weight: Tensor): Tensor[] {
    return [this.length(weight), weight];
  }

  /** The lengths, of one element in all dims but one. */
  length(v: Tensor): Tensor {
    if (this.dim === -1) return v.norm();
    if (v.ndim === 1) return v.abs();
    return v.norm({ p: 2, dim: v.shape.flatMap((_, d) => (d === this.dim ? [] : [d])), keepdim: true });
  }
}

/**
 * Splits a weight into lengths and directions, `original0` (g) and `original1` (v): w = g · v / ‖v‖
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html).
 *
 * @throws ArgumentError if the module has no such tensor, IndexError for a dim that it has not.
 * @example
 * const layer = utils.weightNorm(new Linear(20, 40));
 */
export function weightNorm<M extends Module>(
  module: M,
  name = 'weight',
  options?: WeightNormOptions,
): M & Parametrized {
  checkOptions('weightNorm', options, ['dim']);
  const weight = tensorOf(module, name);
  const dim = options?.dim === undefined ? 0 : (options.dim ?? -1);
  const normed = new _WeightNorm(dim === -1 ? -1 : checkDim(dim, weight.ndim));
  const made = registerParametrization(module, name, normed, { unsafe: true });
  // the names of PyTorch's former weight_norm
  made.registerLoadStateDictPreHook((owner, state, prefix) => {
    const old = [`${prefix}${name}_g`, `${prefix}${name}_v`];
    if (!isParametrized(owner, name) || !old.every((key) => Object.hasOwn(state, key))) return;
    for (const [i, key] of old.entries()) {
      state[`${prefix}parametrizations.${name}.original${i}`] = state[key];
      delete state[key];
    }
  });
  return made;
}

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  /** Steps of the power iteration each time the weight is used in training. Default 1. */
  nPowerIterations?: number;
  /** The least length that is divided by. Default 1e-12. */
  eps?: number;
  /** The dim of the outputs. Default: 0, but 1 of a transposed convolution. */
  dim?: number;
}

const unit = (x: Tensor, eps: number): Tensor => x.div(x.norm().clamp(eps));

class _SpectralNorm extends Module {
  readonly dim: number;
  readonly eps: number;
  readonly nPowerIterations: number;
  declare _u: Tensor;
  declare _v: Tensor;

  constructor(weight: Tensor, dim: number, { nPowerIterations = 1, eps = 1e-12 }: SpectralNormOptions) {
    super();
    this.dim = checkDim(dim, weight.ndim);
    this.eps = eps;
    if (!Number.isInteger(nPowerIterations) || nPowerIterations <= 0) {
      throw new ArgumentError(
        `Expected nPowerIterations to be positive, but got nPowerIterations=${String(nPowerIterations)}`,
      );
    }
    this.nPowerIterations = nPowerIterations;
    // the norm of a vector needs no approximation
    if (weight.ndim < 2) return;
    const matrix = this.matrix(weight.detach());
    const [rows, columns] = matrix.shape;
    const like = { dtype: weight.dtype, device: weight.device };
    this.registerBuffer('_u', unit(randn([rows], like), eps));
    this.registerBuffer('_v', unit(randn([columns], like), eps));
    this.iterate(matrix, 15);
  }

  /** `[dim, all others]` */
  matrix(weight: Tensor): Tensor {
    const others = weight.shape.flatMap((_, d) => (d === this.dim ? [] : [d]));
    return (this.dim === 0 ? weight : weight.permute([this.dim, ...others])).flatten(1);
  }

  /** u = W v / ‖W v‖, v = Wᵀ u / ‖Wᵀ u‖, in place */
  iterate(matrix: Tensor, count: number): void {
    withoutGrad(() => {
      for (let i = 0; i < count; i++) {
        this._u.copy_(unit(matrix.mv(this._v), this.eps));
        this._v.copy_(unit(matrix.t().mv(this._u), this.eps));
      }
    });
  }

  /** W / (uᵀ W v) */
  forward(weight: Tensor): Tensor {
    if (weight.ndim < 2) return unit(weight, this.eps);
    const matrix = this.matrix(weight);
    if (this.training) this.iterate(matrix, this.nPowerIterations);
    // copies, so that the next use of the weight does not change what this one's gradient needs
    const [u, v] = [this._u.clone(), this._v.clone()];
    return weight.div(u.dot(matrix.mv(v)));
  }

  rightInverse(value: Tensor): Tensor {
    return value;
  }
}

/** Whether a class is PyTorch's transposed convolution, or derived from it. */
function isTransposed(module: Module): boolean {
  for (let at: object | null = module; at; at = Object.getPrototypeOf(at))
    if (/^ConvTranspose[123]d$/.test(at.constructor.name)) return true;
  return false;
}

/**
 * Divides a weight by its greatest singular value, as the power iteration sees it, which goes on by a step whenever the weight is used in training mode
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html; Miyato et al., "Spectral Normalization for Generative
 * Adversarial Networks", 2018). More than two dims are seen as a matrix of `dim` and the others; a vector is divided by its length.
 *
 * @throws ArgumentError if the module has no such tensor or for a number of steps that is not positive, IndexError for a dim that the weight has not.
 */
export function spectralNorm<M extends Module>(
  module: M,
  name = 'weight',
  options?: SpectralNormOptions,
): M & Parametrized {
  checkOptions('spectralNorm', options, ['nPowerIterations', 'eps', 'dim']);
  const weight = tensorOf(module, name);
  const dim = options?.dim ?? (isTransposed(module) ? 1 : 0);
  return registerParametrization(module, name, new _SpectralNorm(weight, dim, options ?? {}));
}

/** How a matrix becomes an orthogonal one. */
export type OrthogonalMap = 'matrix_exp' | 'cayley' | 'householder';

/** Options of {@link orthogonal}. */
export interface OrthogonalOptions {
  /** Default: `'matrix_exp'` for square matrices, else `'householder'`. */
  orthogonalMap?: OrthogonalMap;
  /** Turn the result so that it starts at the weight that there was. Default true. */
  useTrivialization?: boolean;
}

/** Q of A = Q R in which the diagonal of R is positive. */
function orthogonalFactor(A: Tensor): Tensor {
  const { Q, R } = linalg.qr(A);
  return Q.mul(R.diagonal({ dim1: -2, dim2: -1 }).sign().unsqueeze(-2));
}

class _Orthogonal extends Module {
  readonly shape: readonly number[];
  readonly orthogonalMap: OrthogonalMap;
  declare base: Tensor | null | undefined;

  constructor(weight: Tensor, orthogonalMap: OrthogonalMap, useTrivialization: boolean) {
    super();
    this.shape = [...weight.shape];
    this.orthogonalMap = orthogonalMap;
    if (useTrivialization) this.registerBuffer('base', null);
  }

  forward(given: Tensor): Tensor {
    const wide = (given.shape.at(-2) as number) < (given.shape.at(-1) as number);
    const X = wide ? given.mT : given;
    const made = this.orthogonalMap === 'householder' ? reflected(X) : turned(X, this.orthogonalMap);
    const Q = this.base ? this.base.matmul(made) : made;
    return wide ? Q.mT : Q;
  }

  rightInverse(value: Tensor): Tensor {
    if (value.shape.join() !== this.shape.join()) {
      throw new ShapeError(
        `Expected a matrix or batch of matrices of shape ${formatShape(this.shape)}. Got a tensor of shape ${formatShape(value.shape)}.`,
      );
    }
    if (this.base === undefined) {
      if (this.orthogonalMap === 'householder') return withoutGrad(() => reflectors(value));
      throw notInvertible(
        `It is not possible to assign to the ${this.orthogonalMap} parametrization when useTrivialization is false.`,
      );
    }
    return withoutGrad(() => {
      const wide = (value.shape.at(-2) as number) < (value.shape.at(-1) as number);
      const tall = wide ? value.mT : value;
      const [n, k] = tall.shape.slice(-2);
      const more = randn([...tall.shape.slice(0, -1), n - k], { dtype: tall.dtype, device: tall.device });
      this.base = orthogonalFactor(n === k ? tall : cat([tall, more], -1));
      // of which every map makes the identity
      const like = { dtype: value.dtype, device: value.device };
      const [rows, columns] = value.shape.slice(-2);
      return eye(rows, columns, like).neg().expand(value.shape).clone();
    });
  }
}

/** exp(A) or (1 + A/2) (1 - A/2)⁻¹ of the skew-symmetric matrix that the lower triangle of X makes; its first columns. */
function turned(X: Tensor, map: 'matrix_exp' | 'cayley'): Tensor {
  const [n, k] = X.shape.slice(-2);
  const lower = X.tril();
  const square = n === k ? lower : cat([lower, X.newZeros([...X.shape.slice(0, -1), n - k])], -1);
  const A = square.sub(square.mT);
  const I = eye(n, n, { dtype: X.dtype, device: X.device });
  const half = A.mul(0.5);
  const Q = map === 'matrix_exp' ? A.matrixExp() : linalg.solve(I.sub(half), I.add(half));
  return n === k ? Q : Q.slice(-1, 0, k);
}

/**
 * The first columns of the product of the reflections at the columns W of X, with ones on the diagonal: 1 - W T Wᵀ with T⁻¹ the upper triangle of WᵀW, its
 * diagonal halved (Joffrain et al., "Accumulating Householder transformations, revisited", 2006). The diagonal of X says by its signs which columns turn round.
 */
function reflected(X: Tensor): Tensor {
  const [n, k] = X.shape.slice(-2);
  const E = eye(n, k, { dtype: X.dtype, device: X.device });
  const W = X.tril(-1).add(E);
  const products = W.mT.matmul(W);
  const inverse = products.triu(1).add(products.mul(eye(k, k, { dtype: X.dtype, device: X.device })).mul(0.5));
  const T = linalg.solveTriangular(inverse, W.mT.matmul(E), { upper: true });
  const signs = X.detach().diagonal({ dim1: -2, dim2: -1 }).trunc().unsqueeze(-2);
  return E.sub(W.matmul(T)).mul(signs);
}

/** What {@link reflected} makes the Q of `given` = Q R of, with a positive diagonal of R (Householder's way, as LAPACK's geqrf goes it). */
function reflectors(given: Tensor): Tensor {
  const wide = (given.shape.at(-2) as number) < (given.shape.at(-1) as number);
  let A = wide ? given.mT : given;
  const [n, k] = A.shape.slice(-2);
  const column = (above: number, ...parts: readonly Tensor[]): Tensor =>
    cat([A.newZeros([...A.shape.slice(0, -2), above, 1]), ...parts], -2);
  const columns: Tensor[] = [];
  for (let i = 0; i < k; i++) {
    const x = A.slice(-2, i, n).slice(-1, i, i + 1);
    const first = x.slice(-2, 0, 1);
    const one = first.mul(0).add(1);
    // away from the first element, so that nothing cancels
    const turned = first.ge(0).to(first).mul(-2).add(1);
    const rest = x.slice(-2, 1, n - i).div(first.sub(turned.mul(x.norm({ p: 2, dim: -2, keepdim: true }))));
    columns.push(column(i, turned, rest));
    const w = column(i, one, rest);
    A = A.sub(
      w
        .mul(2)
        .matmul(w.mT.matmul(A))
        .div(w.square().sum(-2, { keepdim: true })),
    );
  }
  const made = cat(columns, -1);
  return wide ? made.mT : made;
}

const maps: readonly string[] = ['matrix_exp', 'cayley', 'householder'];

/**
 * Makes a weight orthogonal, or its rows or columns orthonormal, whichever are fewer
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.orthogonal.html). Leading dims are a batch. The decompositions behind it run
 * on cpu.
 *
 * @throws ArgumentError if the module has no such tensor or for an unknown map, ShapeError for fewer than two dims.
 */
export function orthogonal<M extends Module>(
  module: M,
  name = 'weight',
  options?: OrthogonalOptions,
): M & Parametrized {
  checkOptions('orthogonal', options, ['orthogonalMap', 'useTrivialization']);
  const weight = tensorOf(module, name);
  if (weight.ndim < 2) {
    throw new ShapeError(`Expected a matrix or batch of matrices. Got a tensor of ${weight.ndim} dimensions.`);
  }
  const map = options?.orthogonalMap ?? (weight.shape.at(-2) === weight.shape.at(-1) ? 'matrix_exp' : 'householder');
  if (!maps.includes(map)) {
    throw new ArgumentError(
      `orthogonalMap has to be one of "matrix_exp", "cayley", "householder". Got: ${String(map)}`,
    );
  }
  const { useTrivialization = true } = options ?? {};
  return registerParametrization(module, name, new _Orthogonal(weight, map, useTrivialization), { unsafe: true });
}
