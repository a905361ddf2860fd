/** Sizes that depend on dynamic axes, found by comparing the numbers of several traces. */

/** The sizes of all dynamic axes in one trace, by the axis's name. */
export type Point = ReadonlyMap<string, number>;

/**
 * A number as a function of dynamic sizes:
 * - `linear`: offset + Σ factor · size
 * - `product`: offset + factor · Π sizes
 * - `quotient`: factor / Π sizes (numbers only, such as the 1/n of a mean)
 * - `fraction`: offset + factor / (Π sizes + shift) (numbers only, such as the n/(n - 1) of an unbiased variance)
 * - `unknown`: it changes with these sizes, but not in one of these ways
 */
export class SizeExpr {
  readonly kind: 'linear' | 'product' | 'quotient' | 'fraction' | 'unknown';
  readonly offset: number;
  /** Factors of the sizes by name; of a product, quotient or fraction they are all the same one number, of what is unknown NaN. */
  readonly factors: ReadonlyMap<string, number>;
  /** The number in the first trace. */
  readonly example: number;
  /** What a `fraction` adds to the product. */
  readonly shift: number;

  constructor(
    kind: SizeExpr['kind'],
    offset: number,
    factors: ReadonlyMap<string, number>,
    example: number,
    shift = 0,
  ) {
    this.kind = kind;
    this.offset = offset;
    this.factors = factors;
    this.example = example;
    this.shift = shift;
  }

  /** The name of the axis, if this is just its size. */
  get symbol(): string | null {
    const [entry] = this.factors;
    return this.kind === 'linear' && this.offset === 0 && this.factors.size === 1 && entry[1] === 1 ? entry[0] : null;
  }

  /** The value for given sizes, NaN where unknown. */
  at(point: Point): number {
    const size = (name: string): number => point.get(name) ?? Number.NaN;
    const [factor] = this.factors.values();
    const product = (): number => [...this.factors.keys()].reduce((n, name) => n * size(name), 1);
    switch (this.kind) {
      case 'linear':
        return [...this.factors].reduce((sum, [name, k]) => sum + k * size(name), this.offset);
      case 'product':
        return this.offset + factor * product();
      case 'quotient':
        return factor / product();
      case 'fraction':
        return this.offset + factor / (product() + this.shift);
      case 'unknown':
        return Number.NaN;
    }
  }

  /** `'batch'`, `'2*batch + 1'`, `'batch*time'`: the name of the dim in the file. */
  toString(): string {
    const times = (k: number, text: string): string => (k === 1 ? text : `${k}*${text}`);
    const names = [...this.factors.keys()];
    const [factor] = this.factors.values();
    const plus = (text: string): string =>
      this.offset === 0 ? text : `${text} ${this.offset < 0 ? '-' : '+'} ${Math.abs(this.offset)}`;
    switch (this.kind) {
      case 'linear':
        return plus([...this.factors].map(([name, k]) => times(k, name)).join(' + '));
      case 'product':
        return plus(times(factor, names.join('*')));
      case 'quotient':
        return `${factor}/(${names.join('*')})`;
      case 'fraction':
        return plus(`${factor}/(${names.join('*')} + ${this.shift})`);
      case 'unknown':
        return `unknown function of ${names.join(' and ')}`;
    }
  }
}

/** A size or number of the exported model: fixed, or depending on dynamic axes. */
export type Dim = number | SizeExpr;

/** Whether two dims are always equal. */
export const sameDim = (a: Dim, b: Dim): boolean =>
  typeof a === 'number' || typeof b === 'number' ? a === b : a.kind !== 'unknown' && a.toString() === b.toString();

const close = (a: number, b: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

/**
 * Explains one number that was `values[t]` in trace t, where the axes had the sizes `points[t]`. The points are a base, then for each axis several
 * with only that axis changed, then some with all changed; so that a formula has more points to agree with than it has unknowns.
 */
export function explain(values: readonly number[], points: readonly Point[]): Dim {
  const [base] = values;
  if (values.every((value) => Object.is(value, base))) return base;
  const names = [...points[0].keys()].filter((name) =>
    points.some((point, t) => onlyDiffers(point, points[0], name) && !close(values[t], base)),
  );
  const candidates = [linear, product, quotient, fraction].map((form) => form(values, points, names));
  for (const candidate of candidates) {
    if (candidate && points.every((point, t) => close(candidate.at(point), values[t]))) return candidate;
  }
  return new SizeExpr('unknown', 0, new Map(names.map((name) => [name, Number.NaN])), base);
}

function onlyDiffers(point: Point, base: Point, name: string): boolean {
  return [...point].every(([key, size]) => (size !== base.get(key)) === (key === name));
}

/** The change of the value and of the size in the first trace that changes only `name`. */
function step(
  values: readonly number[],
  points: readonly Point[],
  name: string,
): { value: number; size: number; at: number } | null {
  const at = points.findIndex((point) => onlyDiffers(point, points[0], name));
  if (at < 0) return null;
  return {
    value: values[at] - values[0],
    size: (points[at].get(name) as number) - (points[0].get(name) as number),
    at,
  };
}

function linear(values: readonly number[], points: readonly Point[], names: readonly string[]): SizeExpr | null {
  const factors = new Map<string, number>();
  let [offset] = values;
  for (const name of names) {
    const change = step(values, points, name);
    if (!change) return null;
    const factor = change.value / change.size;
    factors.set(name, factor);
    offset -= factor * (points[0].get(name) as number);
  }
  // what is left of rounding is nothing
  const size = Math.max(...values.map(Math.abs));
  return factors.size === 0
    ? null
    : new SizeExpr('linear', Math.abs(offset) < 1e-13 * size ? 0 : offset, factors, values[0]);
}

function product(values: readonly number[], points: readonly Point[], names: readonly string[]): SizeExpr | null {
  if (names.length < 2) return null;
  const change = step(values, points, names[0]);
  if (!change) return null;
  const sizes = (point: Point): number => names.reduce((n, name) => n * (point.get(name) as number), 1);
  const factor = change.value / (sizes(points[change.at]) - sizes(points[0]));
  const offset = values[0] - factor * sizes(points[0]);
  return new SizeExpr(
    'product',
    Math.abs(offset) < 1e-9 ? 0 : offset,
    new Map(names.map((name) => [name, factor])),
    values[0],
  );
}

function quotient(values: readonly number[], points: readonly Point[], names: readonly string[]): SizeExpr | null {
  if (names.length === 0) return null;
  const factor = values[0] * names.reduce((n, name) => n * (points[0].get(name) as number), 1);
  return new SizeExpr('quotient', 0, new Map(names.map((name) => [name, factor])), values[0]);
}

function fraction(values: readonly number[], points: readonly Point[], names: readonly string[]): SizeExpr | null {
  const sizes = points.map((point) => names.reduce((n, name) => n * (point.get(name) as number), 1));
  const others = sizes.flatMap((size, t) => (size !== sizes[0] && sizes.indexOf(size) === t ? [t] : []));
  if (names.length === 0 || others.length < 2) return null;
  const [a, b] = [others[0], others[others.length - 1]];
  const slope = (t: number): number => (values[0] - values[t]) / (sizes[t] - sizes[0]);
  const ratio = slope(a) / slope(b);
  const shift = (sizes[b] - ratio * sizes[a]) / (ratio - 1);
  const factor = slope(a) * (sizes[0] + shift) * (sizes[a] + shift);
  const offset = values[0] - factor / (sizes[0] + shift);
  return new SizeExpr('fraction', offset, new Map(names.map((name) => [name, factor])), values[0], shift);
}

/** Other sizes to trace an axis at: near and far, even and odd, so that roundings and limits show. */
export const otherSizes = (size: number): number[] => [size + 1, 2 * size + 5, size + 34];

/** Points at which {@link explain} can tell formulas apart: the base, each name alone at other values, and some with all changed. */
export function samplePoints(base: Point, others: (value: number, name: string) => readonly number[]): Point[] {
  const points: Point[] = [base];
  // what changes comes first, for messages
  for (const [name, value] of base) {
    const rest = [...base].filter(([key]) => key !== name);
    for (const other of others(value, name)) points.push(new Map([[name, other], ...rest]));
  }
  if (base.size > 1) {
    for (let i = 0; i < 2; i++)
      points.push(new Map([...base].map(([name, value], k) => [name, others(value, name)[(i + k) % 2]])));
  }
  return points;
}
