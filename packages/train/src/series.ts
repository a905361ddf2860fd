/** What curves are drawn of. */
import { ArgumentError, describe } from '@tenfold/tensor-core';

/** The values of steps 0, 1, 2, …, or `[step, value]` pairs in ascending order. What isn't finite leaves a gap. */
export type Series = readonly number[] | Float32Array | Float64Array | readonly (readonly [x: number, y: number])[];

/** One curve, or several by name. */
export type SeriesSet = Series | { readonly [name: string]: Series };

export interface NamedSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** @throws ArgumentError for what holds no numbers. */
export function seriesOf(where: string, given: SeriesSet): NamedSeries[] {
  if (Array.isArray(given) || ArrayBuffer.isView(given))
    return [{ name: '', points: pointsOf(where, given as Series) }];
  if (typeof given !== 'object' || given === null)
    throw new ArgumentError(`${where}: expected numbers, or an object of several curves, got ${describe(given)}`);
  return Object.entries(given).map(([name, series]) => ({ name, points: pointsOf(`${where}: ${name}`, series) }));
}

function pointsOf(where: string, series: Series): (readonly [number, number])[] {
  if (!Array.isArray(series) && !ArrayBuffer.isView(series))
    throw new ArgumentError(`${where}: expected numbers or [step, value] pairs, got ${describe(series)}`);
  return Array.from(series as ArrayLike<number | readonly [number, number]>, (point, i) => {
    if (typeof point === 'number') return [i, point];
    if (Array.isArray(point) && typeof point[0] === 'number' && typeof point[1] === 'number')
      return [point[0], point[1]];
    throw new ArgumentError(`${where}: expected a number or a pair of them at ${i}, got ${describe(point)}`);
  });
}

/** Exponential smoothing that counts its short beginning (as TensorBoard's): `weight` of what was, the rest of what comes. */
export function smoothed(points: NamedSeries['points'], weight: number): (readonly [number, number])[] {
  let sum = 0;
  let share = 0;
  return points.map(([x, y]) => {
    if (!Number.isFinite(y)) return [x, y];
    sum = sum * weight + y * (1 - weight);
    share = share * weight + (1 - weight);
    return [x, sum / share];
  });
}
