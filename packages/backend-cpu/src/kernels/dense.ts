/**
 * Factorisations of one dense matrix of doubles, row-major: LU with partial pivoting, Householder QR with LAPACK's signs, Cholesky. Algorithms as in
 * Golub and Van Loan, "Matrix Computations".
 */

/** What {@link lu} found: the row exchanged with row i, the sign of the permutation, and the first zero pivot (from 1; 0 if there is none). */
export interface Pivoting {
  readonly pivots: Int32Array;
  readonly sign: 1 | -1;
  readonly zero: number;
}

export function identity(n: number): Float64Array {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = 1;
  return a;
}

export function transpose(a: Float64Array, m: number, n: number): Float64Array {
  const t = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) t[j * m + i] = a[i * n + j];
  return t;
}

/** `a [m, k] @ b [k, n]`. */
export function multiply(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array<ArrayBuffer> {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l];
      for (let j = 0; j < n; j++) c[i * n + j] += factor * b[l * n + j];
    }
  }
  return c;
}

function swapRows(a: Float64Array, n: number, i: number, j: number): void {
  if (i === j) return;
  for (let c = 0; c < n; c++) {
    const x = a[i * n + c];
    a[i * n + c] = a[j * n + c];
    a[j * n + c] = x;
  }
}

/** Writes L (below the diagonal, its own diagonal of ones left out) and U over `a [m, n]`. The largest element of a column is its pivot, the first of equals. */
export function lu(a: Float64Array, m: number, n: number): Pivoting {
  const steps = Math.min(m, n);
  const pivots = new Int32Array(steps);
  let sign: 1 | -1 = 1;
  let zero = 0;
  for (let k = 0; k < steps; k++) {
    let best = k;
    for (let i = k + 1; i < m; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[best * n + k])) best = i;
    pivots[k] = best;
    const pivot = a[best * n + k];
    if (pivot === 0) {
      if (zero === 0) zero = k + 1;
      continue;
    }
    if (best !== k) sign = sign === 1 ? -1 : 1;
    swapRows(a, n, k, best);
    for (let i = k + 1; i < m; i++) {
      const factor = a[i * n + k] / pivot;
      a[i * n + k] = factor;
      if (factor !== 0) for (let j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return { pivots, sign, zero };
}

/** Overwrites `b [n, r]` with the solution of A X = B, given the LU factors of A. */
export function luSolve(a: Float64Array, pivots: Int32Array, b: Float64Array, n: number, r: number): void {
  for (let i = 0; i < n; i++) swapRows(b, r, i, pivots[i]);
  triangularSolve(a, b, n, r, false, true);
  triangularSolve(a, b, n, r, true, false);
}

/** Overwrites `b [n, r]` with the solution of A X = B, reading one triangle of A only. A zero on the diagonal divides, as in LAPACK. */
export function triangularSolve(
  a: Float64Array,
  b: Float64Array,
  n: number,
  r: number,
  upper: boolean,
  unit: boolean,
): void {
  for (let step = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    const [from, to] = upper ? [i + 1, n] : [0, i];
    for (let k = from; k < to; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j < r; j++) b[i * r + j] -= factor * b[k * r + j];
    }
    if (!unit) for (let j = 0; j < r; j++) b[i * r + j] /= a[i * n + i];
  }
}

/** L of A = L Lᵀ, from the lower triangle of `a`. `failed` is the order (from 1) of the first minor that is not positive-definite, else 0. */
export function cholesky(a: Float64Array, n: number): { readonly l: Float64Array; readonly failed: number } {
  const l = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (i > j) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0) l[j * n + j] = Math.sqrt(sum);
      else return { l, failed: j + 1 };
    }
  }
  return { l, failed: 0 };
}

/** The Euclidean length of `count` elements `stride` apart, without overflow. */
export function length2(a: Float64Array, at: number, stride: number, count: number): number {
  let scale = 0;
  for (let i = 0; i < count; i++) {
    const x = Math.abs(a[at + i * stride]);
    if (!(x <= scale)) scale = x;
  }
  if (scale === 0 || !Number.isFinite(scale)) return scale;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const x = a[at + i * stride] / scale;
    sum += x * x;
  }
  return scale * Math.sqrt(sum);
}

/**
 * Writes R over the upper triangle of `a [m, n]` and the Householder vectors below it: H = I - τ v vᵀ with v₀ = 1. The diagonal of R has the sign
 * opposite to what it replaces, except where a column is zero below the diagonal already (τ = 0), as in LAPACK.
 */
function householder(a: Float64Array, m: number, n: number): Float64Array {
  const steps = Math.min(m, n);
  const taus = new Float64Array(steps);
  for (let k = 0; k < steps; k++) {
    const below = length2(a, (k + 1) * n + k, n, m - k - 1);
    if (below === 0) continue;
    const alpha = a[k * n + k];
    const beta = -Math.sign(alpha || 1) * Math.hypot(alpha, below);
    taus[k] = (beta - alpha) / beta;
    for (let i = k + 1; i < m; i++) a[i * n + k] /= alpha - beta;
    a[k * n + k] = beta;
    for (let j = k + 1; j < n; j++) reflect(a, k, m, taus[k], a, n, j, n);
  }
  return taus;
}

/** Applies the reflection of column `k` of `v` to column `j` of `c`. */
function reflect(
  v: Float64Array,
  k: number,
  m: number,
  tau: number,
  c: Float64Array,
  vWidth: number,
  j: number,
  cWidth: number,
): void {
  let dot = c[k * cWidth + j];
  for (let i = k + 1; i < m; i++) dot += v[i * vWidth + k] * c[i * cWidth + j];
  dot *= tau;
  c[k * cWidth + j] -= dot;
  for (let i = k + 1; i < m; i++) c[i * cWidth + j] -= dot * v[i * vWidth + k];
}

/** Q `[m, columns]` and R `[min(columns, m), n]` of A `[m, n]`, which is overwritten. */
export function qr(
  a: Float64Array,
  m: number,
  n: number,
  columns: number,
): { readonly q: Float64Array; readonly r: Float64Array } {
  const taus = householder(a, m, n);
  const q = new Float64Array(m * columns);
  for (let i = 0; i < columns; i++) q[i * columns + i] = 1;
  for (let k = taus.length - 1; k >= 0; k--) {
    if (taus[k] !== 0) for (let j = k; j < columns; j++) reflect(a, k, m, taus[k], q, n, j, columns);
  }
  const r = new Float64Array(columns * n);
  for (let i = 0; i < columns; i++) for (let j = i; j < n; j++) r[i * n + j] = a[i * n + j];
  return { q, r };
}

/** Padé numerator of degree 13 of the exponential (Higham 2005, "The scaling and squaring method for the matrix exponential revisited"). */
const pade = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
  670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
];
/** The largest 1-norm for which that approximant is exact to double precision. */
const padeReach = 5.371920351148152;

/** exp(A) by scaling and squaring. */
export function expm(a: Float64Array, n: number): Float64Array {
  let norm = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.abs(a[i * n + j]);
    if (!(sum <= norm)) norm = sum;
  }
  if (!Number.isFinite(norm)) return new Float64Array(n * n).fill(Number.NaN);
  const squarings = Math.max(0, Math.ceil(Math.log2(norm / padeReach)));
  const x = a.map((value) => value / 2 ** squarings);
  const x2 = multiply(x, x, n, n, n);
  // even and odd parts of the numerator by Horner's rule in A²; the denominator is even - odd
  const [even, odd] = [0, 1].map((parity) => {
    let sum = new Float64Array(n * n);
    for (let k = 12; k >= 0; k -= 2) {
      if (k < 12) sum = multiply(sum, x2, n, n, n);
      for (let i = 0; i < n; i++) sum[i * n + i] += pade[k + parity];
    }
    return sum;
  });
  const odds = multiply(odd, x, n, n, n);
  const below = even.map((value, i) => value - odds[i]);
  let result = even.map((value, i) => value + odds[i]);
  const { pivots } = lu(below, n, n);
  luSolve(below, pivots, result, n, n);
  for (let k = 0; k < squarings; k++) result = multiply(result, result, n, n, n);
  return result;
}
