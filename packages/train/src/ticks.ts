/** Axes: round numbers that cover a range. */

/** A mapping of values to lengths, with the round values in its range. */
export interface Scale {
  /** From 0 to 1; NaN for what the scale can't show. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Steps of 1, 2 or 5 times a power of ten, about `count` of them. */
export function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((times) => times * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // a product of whole numbers stays round where a sum drifts
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

export function linearScale(low: number, high: number, count = 5): Scale {
  // one value gets a range around it
  const spare = low === high ? Math.max(Math.abs(low), 1) / 2 : 0;
  const [from, to] = [low - spare, high + spare];
  return { place: (value) => (value - from) / (to - from), ticks: linearTicks(from, to, count) };
}

/** Powers of ten, with 2 and 5 times of them where there are few. `low` is more than 0. */
export function logScale(low: number, high: number, count = 5): Scale {
  const spare = low === high ? 2 : 1;
  const [from, to] = [Math.log10(low / spare), Math.log10(high * spare)];
  const powers = Array.from({ length: Math.floor(to) - Math.floor(from) + 1 }, (_, i) => Math.floor(from) + i);
  const every = Math.max(1, Math.ceil(powers.length / (count + 1)));
  const times = to - from < 2 ? [1, 2, 5] : [1];
  let ticks = powers
    .filter((power) => power % every === 0)
    .flatMap((power) => times.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => Math.log10(tick) >= from - 1e-9 && Math.log10(tick) <= to + 1e-9);
  if (ticks.length < 2) ticks = linearTicks(10 ** from, 10 ** to, count).filter((tick) => tick > 0);
  return { place: (value) => (value > 0 ? (Math.log10(value) - from) / (to - from) : Number.NaN), ticks };
}

/** A tick in few characters: `0.25`, `20k`, `1e-7`. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e7) return value.toExponential().replace('e+', 'e');
  if (size >= 1e4)
    return size >= 1e6 ? `${Number((value / 1e6).toPrecision(6))}M` : `${Number((value / 1e3).toPrecision(6))}k`;
  return String(Number(value.toPrecision(6)));
}
