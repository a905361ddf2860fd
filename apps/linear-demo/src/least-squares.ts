/** The closed-form fit that the trained one is held against: ordinary least squares by Householder QR (Golub & Van Loan, ch. 5). */

/** A fitted line: `y ≈ weights · x + bias`. */
export interface Fit {
  readonly weights: readonly number[];
  readonly bias: number;
}

/** Mean and (population) standard deviation. */
export function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}

/** The least-squares fit of `y` to the columns of `x` with an intercept, or `null` if the columns are linearly dependent. */
export function leastSquares(x: readonly (readonly number[])[], y: readonly number[]): Fit | null {
  const rows = x.map((row) => [1, ...row]);
  const solution = solve(rows, y);
  return solution && { bias: solution[0], weights: solution.slice(1) };
}

function solve(matrix: readonly (readonly number[])[], rhs: readonly number[]): number[] | null {
  const a = matrix.map((row, i) => [...row, rhs[i]]);
  const m = a.length;
  const n = matrix[0].length;
  for (let k = 0; k < n; k++) {
    let norm = 0;
    let scale = 0;
    for (let i = k; i < m; i++) norm += a[i][k] ** 2;
    for (let i = 0; i < m; i++) scale += a[i][k] ** 2;
    norm = Math.sqrt(norm);
    if (norm <= 1e-12 * Math.sqrt(scale)) return null;
    const pivot = a[k][k] > 0 ? -norm : norm;
    const reflector = a.slice(k).map((row) => row[k]);
    reflector[0] -= pivot;
    const length = reflector.reduce((sum, v) => sum + v * v, 0);
    for (let j = k; j <= n; j++) {
      let dot = 0;
      for (let i = k; i < m; i++) dot += reflector[i - k] * a[i][j];
      const factor = (2 * dot) / length;
      for (let i = k; i < m; i++) a[i][j] -= factor * reflector[i - k];
    }
  }
  const result = new Array<number>(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = a[k][n];
    for (let j = k + 1; j < n; j++) sum -= a[k][j] * result[j];
    result[k] = sum / a[k][k];
  }
  return result;
}
