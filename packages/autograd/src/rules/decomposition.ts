/**
 * Derivatives of matrix decompositions. Sources: Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation";
 * Townsend 2016, "Differentiating the singular value decomposition"; Seeger et al. 2017, "Auto-differentiating linear algebra"; Golub and Pereyra 1973
 * (pseudo-inverse). G is the gradient of the output.
 */
import { AutogradError, builtinOps, cat, type DecompositionOps, dispatch, type Tensor } from '@tenfold/tensor-core';
import { type FormulaContext, formula, joint, noGradient, type Rules, viaBody, wrt } from '../rule.ts';

/** The last two dims swapped. */
const T = (x: Tensor): Tensor => x.transpose(-1, -2);
/** A vector times each row; times each column. */
const scaleColumns = (x: Tensor, by: Tensor): Tensor => x.mul(by.unsqueeze(-2));
const scaleRows = (x: Tensor, by: Tensor): Tensor => x.mul(by.unsqueeze(-1));
const perMatrix = (x: Tensor): Tensor => x.unsqueeze(-1).unsqueeze(-1);
/** The identity as a matrix that broadcasts. */
const eyeLike = (x: Tensor, n: number): Tensor => x.newOnes([n]).diag();
/** A vector as a diagonal matrix. */
const diagonalMatrix = (x: Tensor): Tensor => scaleColumns(eyeLike(x, x.shape[x.ndim - 1]), x);
/** The lower triangle and its mirror image. */
const mirrored = (x: Tensor): Tensor => x.tril().add(T(x.tril(-1)));

const skew = (x: Tensor): Tensor => x.sub(T(x));

const inverse = (x: Tensor): Tensor => dispatch(builtinOps.inverse, [x], { check: true });
const solve = (a: Tensor, b: Tensor): Tensor => dispatch(builtinOps.solve, [a, b], null);
const triangular = (a: Tensor, b: Tensor, upper: boolean, unitriangular = false): Tensor =>
  dispatch(builtinOps.triangularSolve, [a, b], { upper, unitriangular });
/** X of X A = B. */
const triangularRight = (a: Tensor, b: Tensor, upper: boolean, unitriangular = false): Tensor =>
  T(triangular(T(a), T(b), !upper, unitriangular));

/** The first `k` columns, then the rest; of rows likewise. */
const leftColumns = (x: Tensor, k: number): Tensor => x.narrow(-1, 0, k);
const rightColumns = (x: Tensor, k: number): Tensor => x.narrow(-1, k, x.shape[x.ndim - 1] - k);
const upperRows = (x: Tensor, k: number): Tensor => x.narrow(-2, 0, k);
const lowerRows = (x: Tensor, k: number): Tensor => x.narrow(-2, k, x.shape[x.ndim - 2] - k);

/**
 * Pᵀ A = L U, square:  dA = P L⁻ᵀ (tril(Lᵀ G_L, -1) + triu(G_U Uᵀ)) U⁻ᵀ. The columns behind the square satisfy Pᵀ A₂ = L U₂, the rows below it
 * Pᵀ A₂ = L₂ U: they are triangular solutions, whose gradients flow on to L and U.
 */
function luGradient(c: FormulaContext<DecompositionOps['luFactor']>): Tensor {
  const { grad } = c;
  const lu = c.output();
  const [m, n] = c.shape(0).slice(-2);
  const k = Math.min(m, n);
  const square = upperRows(leftColumns(lu, k), k);
  let g = upperRows(leftColumns(grad, k), k);
  const parts: Tensor[] = [];
  if (n > k) {
    const right = triangular(T(square), rightColumns(grad, k), true, true);
    g = g.sub(right.matmul(T(rightColumns(lu, k))).tril(-1));
    parts.push(right);
  }
  if (m > k) {
    const below = triangularRight(T(square), lowerRows(grad, k), false);
    g = g.sub(T(lowerRows(lu, k)).matmul(below).triu());
    parts.push(below);
  }
  const l = square.tril(-1).add(eyeLike(square, k));
  const u = square.triu();
  const inner = T(l)
    .matmul(g.tril(-1))
    .tril(-1)
    .add(g.triu().matmul(T(u)).triu());
  const first = triangularRight(T(square), triangular(T(square), inner, true, true), false);
  const gradient = parts.length === 0 ? first : cat([first, ...parts], n > k ? -1 : -2);
  // row i of the factors is row rows[i] of A
  const rows = dispatch(builtinOps.luRows, [c.output(1)], { rows: m });
  const index = rows.unsqueeze(-1).expand(gradient.shape);
  return gradient.newZeros(gradient.shape).scatter(-2, index, gradient);
}

/** A = Q R, with at least as many rows as columns:  dA = (G_Q + Q copyltu(R G_Rᵀ - G_Qᵀ Q)) R⁻ᵀ, copyltu mirroring the lower triangle. */
function tallQrGradient(q: Tensor, r: Tensor, gq: Tensor | null, gr: Tensor | null): Tensor {
  const terms = [gr && r.matmul(T(gr)), gq && T(gq).matmul(q).neg()].filter((x) => x !== null);
  const middle = q.matmul(mirrored(terms.reduce((a, b) => a.add(b))));
  return triangularRight(T(r), gq ? middle.add(gq) : middle, false);
}

function qrGradient(c: FormulaContext<DecompositionOps['qr']>): Tensor {
  const { mode } = c.attrs;
  if (mode === 'r') {
    throw new AutogradError(
      "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, { mode: 'reduced' }) " +
        'if you are going to differentiate through linalg.qr.',
    );
  }
  const [m, n] = c.shape(0).slice(-2);
  if (mode === 'complete' && m > n)
    throw new AutogradError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.");
  const [q, r] = [c.output(0), c.output(1)];
  const [gq, gr] = c.grads;
  if (m >= n) return tallQrGradient(q, r, gq, gr);
  // A = [X | Y], R = [U | V]: X = Q U is square, and V = Qᵀ Y
  if (!gr)
    return cat([tallQrGradient(q, leftColumns(r, m), gq, null), r.newZeros([...r.shape.slice(0, -1), n - m])], -1);
  const y = q.matmul(rightColumns(r, m));
  const gv = rightColumns(gr, m);
  const viaV = y.matmul(T(gv));
  const gx = tallQrGradient(q, leftColumns(r, m), gq ? gq.add(viaV) : viaV, leftColumns(gr, m));
  return cat([gx, q.matmul(gv)], -1);
}

/**
 * A = U S Vᵀ (reduced):  dA = U ((skew(Uᵀ G_U) / E) S + S (skew(Vᵀ G_V) / E) + diag(G_S)) Vᵀ + what of G_U and G_V lies outside the spans of U and V,
 * with skew(X) = X - Xᵀ and E_ij = s_j² - s_i² (1 on the diagonal). Of full matrices only the first columns have a gradient.
 */
function svdGradient(c: FormulaContext<DecompositionOps['svd']>): Tensor {
  const [m, n] = c.shape(0).slice(-2);
  const k = Math.min(m, n);
  const [u, s, vh] = [leftColumns(c.output(0), k), c.output(1), upperRows(c.output(2), k)];
  const gu = c.grads[0] && leftColumns(c.grads[0], k);
  const gs = c.grads[1];
  const gvh = c.grads[2] && upperRows(c.grads[2], k);
  if (!gu && !gvh) return scaleColumns(u, gs as Tensor).matmul(vh);
  const squares = s.mul(s);
  const e = squares.unsqueeze(-2).sub(squares.unsqueeze(-1)).add(eyeLike(s, k));
  const inner = [
    gu && scaleColumns(skew(T(u).matmul(gu)).div(e), s),
    gvh && scaleRows(skew(vh.matmul(T(gvh))).div(e), s),
    gs && diagonalMatrix(gs),
  ].filter((x) => x !== null);
  let middle = u.matmul(inner.reduce((a, b) => a.add(b)));
  if (gu && m > k) {
    const scaled = scaleColumns(gu, s.reciprocal());
    middle = middle.add(scaled.sub(u.matmul(T(u).matmul(scaled))));
  }
  let gradient = middle.matmul(vh);
  if (gvh && n > k) {
    const scaled = scaleRows(gvh, s.reciprocal());
    gradient = gradient.add(u.matmul(scaled.sub(scaled.matmul(T(vh)).matmul(vh))));
  }
  return gradient;
}

/** A V = V diag(w):  dA = V (diag(G_w) + skew(Vᵀ G_V) / 2E) Vᵀ with E_ij = w_j - w_i (1 on the diagonal): symmetric, as A is. */
function eighGradient(c: FormulaContext<DecompositionOps['eigh']>): Tensor {
  const [w, v] = [c.output(0), c.output(1)];
  const [gw, gv] = c.grads;
  if (!gv) return scaleColumns(v, gw as Tensor).matmul(T(v));
  const e = w
    .unsqueeze(-2)
    .sub(w.unsqueeze(-1))
    .add(eyeLike(w, w.shape[w.ndim - 1]));
  const rotations = skew(T(v).matmul(gv)).div(e.mul(2));
  return v.matmul(gw ? rotations.add(diagonalMatrix(gw)) : rotations).matmul(T(v));
}

/**
 * P = A⁺ among matrices of one rank:  dP = -P dA P + P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P, so that
 * dA = -Pᵀ G Pᵀ + (I - A P) Gᵀ P Pᵀ + Pᵀ P Gᵀ (I - P A), with the products in the order that keeps them small.
 */
function pinvGradient(a: Tensor, p: Tensor, grad: Tensor): Tensor {
  const [g, pt] = [T(grad), T(p)];
  if (a.shape[a.ndim - 2] <= a.shape[a.ndim - 1]) {
    const k = g.matmul(p);
    const kp = k.matmul(pt);
    return kp
      .sub(T(p.matmul(k)))
      .sub(a.matmul(p).matmul(kp))
      .add(pt.matmul(p).matmul(g.sub(k.matmul(a))));
  }
  const k = p.matmul(g);
  const pk = pt.matmul(k);
  return pk
    .sub(T(k.matmul(p)))
    .add(g.sub(a.matmul(k)).matmul(p).matmul(pt))
    .sub(pk.matmul(p).matmul(a));
}

/** exp of [[Aᵀ, G], [0, Aᵀ]] has the derivative of exp at Aᵀ in direction G in its upper right block. */
function expGradient(a: Tensor, grad: Tensor): Tensor {
  const n = a.shape[a.ndim - 1];
  const block = cat([cat([T(a), grad], -1), cat([a.newZeros(a.shape), T(a)], -1)], -2);
  return upperRows(rightColumns(dispatch(builtinOps.matrixExp, [block], null), n), n);
}

export const decomposition: Rules<DecompositionOps> = {
  luFactor: formula(wrt(['out', 'out1'], luGradient)),
  luRows: noGradient,
  // d det = ⟨cof(A), dA⟩, finite for singular A too
  det: formula(wrt([0], (c) => perMatrix(c.grad).mul(dispatch(builtinOps.cofactor, [c.tensor(0)], null)))),
  // d log |det A| = tr(A⁻¹ dA); the sign is constant
  slogdet: formula(
    wrt([0], (c) => {
      const [, grad] = c.grads;
      return grad && perMatrix(grad).mul(T(inverse(c.tensor(0))));
    }),
  ),
  cofactor: formula(wrt([0], (c) => dispatch(builtinOps.cofactorGrad, [c.tensor(0), c.grad], null))),
  cofactorGrad: viaBody,
  // d A⁻¹ = -A⁻¹ dA A⁻¹
  inverse: formula(wrt(['out'], (c) => T(c.output()).matmul(c.grad).matmul(T(c.output())).neg())),
  // A X = B:  dB = A⁻ᵀ G,  dA = -dB Xᵀ
  solve: joint([0, 'out'], (c) => {
    const gb = solve(T(c.tensor(0)), c.grad);
    return [c.needs(0) ? gb.matmul(T(c.output())).neg() : null, c.needs(1) ? gb : null];
  }),
  triangularSolve: joint([0, 'out'], (c) => {
    const { upper, unitriangular } = c.attrs;
    const gb = triangular(T(c.tensor(0)), c.grad, !upper, unitriangular);
    const off = unitriangular ? 1 : 0;
    const ga = c.needs(0) ? gb.matmul(T(c.output())).neg() : null;
    return [ga && (upper ? ga.triu(off) : ga.tril(-off)), c.needs(1) ? gb : null];
  }),
  // A = L Lᵀ:  dA = L⁻ᵀ sym(tril(Lᵀ G)) L⁻¹, half of each side
  cholesky: formula(
    wrt(['out'], (c) => {
      const l = c.output();
      const inner = mirrored(T(l).matmul(c.grad)).mul(0.5);
      return triangularRight(l, triangular(T(l), inner, true), false);
    }),
  ),
  qr: formula(wrt(['out', 'out1'], qrGradient)),
  svd: formula(wrt(['out', 'out1', 'out2'], svdGradient)),
  eigh: formula(wrt(['out', 'out1'], eighGradient)),
  pinv: formula(wrt([0, 'out'], (c) => pinvGradient(c.tensor(0), c.output(), c.grad))),
  matrixExp: formula(wrt([0], (c) => expGradient(c.tensor(0), c.grad))),
};
