/**
 * Eigenvalues of symmetric matrices and singular values, by Jacobi rotations: slower than the usual reductions, but short and accurate to the last bits,
 * small values included (Golub and Van Loan, "Matrix Computations", ch. 8; Demmel and Veselić 1992).
 */
import { identity, length2, lu, multiply, transpose } from './dense.ts';

/** Jacobi converges quadratically; matrices need 6 to 12 sweeps. */
const maxSweeps = 60;
const epsilon = 2 ** -52;

/** Cosine and sine of the rotation that diagonalises [[p, x], [x, q]]. */
function rotation(p: number, x: number, q: number): readonly [number, number] {
  const theta = (q - p) / (2 * x);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  return [c, t * c];
}

/** The largest magnitude, by which a matrix is scaled so that squares neither overflow nor vanish. */
function magnitude(a: Float64Array): number {
  let largest = 0;
  for (const x of a) if (Math.abs(x) > largest) largest = Math.abs(x);
  return largest || 1;
}

/** Eigenvalues in ascending order, and eigenvectors as the columns of `v`, of the symmetric `a [n, n]`, which is finite and overwritten. */
export function eigh(a: Float64Array, n: number): { readonly w: Float64Array; readonly v: Float64Array } {
  const scale = magnitude(a);
  for (let i = 0; i < a.length; i++) a[i] /= scale;
  // rows of `rows` are the eigenvectors
  const rows = identity(n);
  const negligible = 2 ** -60 * length2(a, 0, 1, a.length);
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const x = a[p * n + q];
        if (Math.abs(x) <= negligible) continue;
        rotated = true;
        const [c, s] = rotation(a[p * n + p], x, a[q * n + q]);
        for (let k = 0; k < n; k++) {
          const [y, z] = [a[k * n + p], a[k * n + q]];
          a[k * n + p] = c * y - s * z;
          a[k * n + q] = s * y + c * z;
        }
        rotateRows(a, n, p, q, c, s);
        rotateRows(rows, n, p, q, c, s);
        a[p * n + q] = 0;
        a[q * n + p] = 0;
      }
    }
    if (!rotated) break;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[i * n + i] - a[j * n + j]);
  const v = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) v[k * n + to] = rows[from * n + k];
  });
  return { w: Float64Array.from(order, (i) => a[i * n + i] * scale), v };
}

function rotateRows(a: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const [y, z] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * y - s * z;
    a[q * n + k] = s * y + c * z;
  }
}

/** A = U diag(S) Vh, all row-major. */
export interface Svd {
  /** `[m, rows of U wanted]` */
  readonly u: Float64Array;
  readonly s: Float64Array;
  readonly vh: Float64Array;
}

/** Singular values in descending order, and singular vectors, of the finite `a [m, n]`; with `full`, U and Vh are square. */
export function svd(a: Float64Array, m: number, n: number, full: boolean): Svd {
  if (m < n) {
    const { u, s, vh } = svd(transpose(a, m, n), n, m, full);
    return { u: transpose(vh, m, m), s, vh: transpose(u, n, full ? n : m) };
  }
  const scale = magnitude(a);
  // rows of `left` are the columns of A, which rotations make orthogonal; rows of `right` are those of Vh
  const left = transpose(a, m, n);
  for (let i = 0; i < left.length; i++) left[i] /= scale;
  const right = identity(n);
  const norms = new Float64Array(n);
  for (let sweep = 0; sweep < maxSweeps; sweep++) if (!orthogonalise(left, right, norms, m, n)) break;
  for (let j = 0; j < n; j++) norms[j] = length2(left, j * m, 1, m);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => norms[j] - norms[i]);

  const columns = full ? m : n;
  const rows = new Float64Array(columns * m);
  const vh = new Float64Array(n * n);
  let rank = 0;
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) vh[to * n + k] = right[from * n + k];
    if (norms[from] < tiny) return;
    for (let i = 0; i < m; i++) rows[to * m + i] = left[from * m + i] / norms[from];
    rank = to + 1;
  });
  complete(rows, rank, columns, m);
  return { u: transpose(rows, columns, m), s: Float64Array.from(order, (i) => norms[i] * scale), vh };
}

/** Columns shorter than this (of a matrix whose largest element is 1) have no direction. */
const tiny = 1e-150;

/** One sweep of rotations over all pairs of rows of `left`; whether any was needed. */
function orthogonalise(left: Float64Array, right: Float64Array, norms: Float64Array, m: number, n: number): boolean {
  let rotated = false;
  for (let p = 0; p < n; p++) {
    for (let q = p + 1; q < n; q++) {
      let [alpha, beta, gamma] = [0, 0, 0];
      for (let k = 0; k < m; k++) {
        const [x, y] = [left[p * m + k], left[q * m + k]];
        alpha += x * x;
        beta += y * y;
        gamma += x * y;
      }
      norms[p] = Math.sqrt(alpha);
      norms[q] = Math.sqrt(beta);
      if (norms[p] < tiny || norms[q] < tiny || Math.abs(gamma) <= epsilon * norms[p] * norms[q]) continue;
      rotated = true;
      const [c, s] = rotation(alpha, gamma, beta);
      rotateRows(left, m, p, q, c, s);
      rotateRows(right, n, p, q, c, s);
    }
  }
  return rotated;
}

/** Fills the rows from `known` up to `wanted` so that all are orthonormal: the unit vector farthest from the span of those before, made orthogonal twice. */
function complete(rows: Float64Array, known: number, wanted: number, m: number): void {
  for (let row = known; row < wanted; row++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < m; i++) {
      const inSpan = length2(rows, i, m, row);
      if (inSpan < least) [best, least] = [i, inSpan];
    }
    rows.fill(0, row * m, (row + 1) * m);
    rows[row * m + best] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < row; k++) {
        let dot = 0;
        for (let i = 0; i < m; i++) dot += rows[k * m + i] * rows[row * m + i];
        for (let i = 0; i < m; i++) rows[row * m + i] -= dot * rows[k * m + i];
      }
      const norm = length2(rows, row * m, 1, m);
      for (let i = 0; i < m; i++) rows[row * m + i] /= norm;
    }
  }
}

/** The determinant of an orthogonal matrix: 1 or -1. */
function orientation(q: Float64Array, n: number): number {
  const a = q.slice();
  const { sign } = lu(a, n, n);
  let result: number = sign;
  for (let i = 0; i < n; i++) result *= Math.sign(a[i * n + i]);
  return result;
}

/** The product of all of `s` but those at `i` and `j`. */
function productWithout(s: Float64Array, i: number, j: number): number {
  let product = 1;
  for (let k = 0; k < s.length; k++) if (k !== i && k !== j) product *= s[k];
  return product;
}

/** The matrix of cofactors, also where A is singular: cof(U D V) = det(U V) U cof(D) V for orthogonal U and V. */
export function cofactors(a: Float64Array, n: number): Float64Array {
  const { u, s, vh } = svd(a, n, n, false);
  const sign = orientation(u, n) * orientation(vh, n);
  const d = new Float64Array(n * n);
  for (let i = 0; i < n; i++) d[i * n + i] = sign * productWithout(s, i, i);
  return multiply(multiply(u, d, n, n, n), vh, n, n, n);
}

/**
 * The gradient with respect to A of Σ G ∘ cof(A). For a diagonal D and G' = Uᵀ G V, with p_ij the product of all diagonal elements but i and j:
 * H_jj = Σ_{i≠j} G'_ii p_ij and H_ij = -G'_ji p_ij.
 */
export function cofactorGradient(g: Float64Array, a: Float64Array, n: number): Float64Array {
  const { u, s, vh } = svd(a, n, n, false);
  const sign = orientation(u, n) * orientation(vh, n);
  const rotated = multiply(multiply(transpose(u, n, n), g, n, n, n), transpose(vh, n, n), n, n, n);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      const p = sign * productWithout(s, i, j);
      h[j * n + j] += rotated[i * n + i] * p;
      h[i * n + j] = -rotated[j * n + i] * p;
    }
  }
  return multiply(multiply(u, h, n, n, n), vh, n, n, n);
}
