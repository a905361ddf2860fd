/** Matrices and histograms as they are drawn. */
import { ArgumentError, describe } from '@tenfold/tensor-core';

/** Rows of numbers. */
export type MatrixLike = readonly (readonly number[])[];

/** How many values lie between neighbouring edges. */
export interface HistogramLike {
  readonly counts: ArrayLike<number>;
  /** Ascending, one more than counts. */
  readonly edges: ArrayLike<number>;
}

/** A matrix with names, text for each cell, and how full it is, from 0 to 1. */
export interface Matrix {
  readonly rows: readonly (readonly number[])[];
  readonly labels: readonly string[];
  readonly cells: readonly (readonly string[])[];
  readonly shades: readonly (readonly number[])[];
}

export function matrixOf(where: string, given: unknown, labels: readonly string[] | undefined): Matrix {
  if (!Array.isArray(given) || given.length === 0)
    throw new ArgumentError(`${where}: expected rows of numbers, as toArray() gives them, got ${describe(given)}`);
  for (const row of given)
    if (!Array.isArray(row) || row.length !== given.length || !row.every((x) => typeof x === 'number'))
      throw new ArgumentError(
        `${where}: expected a square of numbers, ${given.length} in a row, got ${describe(row)}; of a matrix for each label, give one`,
      );
  if (labels !== undefined && labels.length !== given.length)
    throw new ArgumentError(`${where}: expected ${given.length} labels, one for each class, got ${labels.length}`);
  const rows = given as number[][];
  const whole = rows.every((row) => row.every(Number.isInteger));
  return {
    rows,
    labels: labels?.map(String) ?? rows.map((_, i) => String(i)),
    cells: rows.map((row) => row.map((x) => (whole ? String(x) : x.toFixed(2)))),
    shades: rows.map((row) => {
      const all = row.reduce((sum, x) => sum + x, 0);
      return row.map((x) => (all > 0 ? Math.min(Math.max(x / all, 0), 1) : 0));
    }),
  };
}

export function checkHistogram(where: string, given: HistogramLike): { counts: number[]; edges: number[] } {
  const counts = Array.from(given?.counts ?? []);
  const edges = Array.from(given?.edges ?? []);
  if (counts.length === 0 || edges.length !== counts.length + 1)
    throw new ArgumentError(
      `${where}: expected { counts, edges } with one edge more than counts, got ${counts.length} counts and ${edges.length} edges`,
    );
  return { counts, edges };
}
