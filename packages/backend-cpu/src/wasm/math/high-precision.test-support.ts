/** Functions in fixed-point arithmetic of 256 bits, from their series: what the tests of the vector functions compare with. */

/** m · 2^e. */
export interface Big {
  readonly m: bigint;
  readonly e: number;
}

const bits = 256;
const shift = BigInt(bits);
const one = 1n << shift;
const mul = (x: bigint, y: bigint): bigint => (x * y) >> shift;
const div = (x: bigint, y: bigint): bigint => (x << shift) / y;
const scaled = (x: bigint, by: number): bigint => (by >= 0 ? x << BigInt(by) : x >> BigInt(-by));

/** A double as it is. */
export function exact(x: number): Big {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const word = view.getBigUint64(0);
  const exponent = Number(word >> 52n);
  const fraction = word & ((1n << 52n) - 1n);
  const m = exponent > 0 ? fraction | (1n << 52n) : fraction;
  return { m: x < 0 ? -m : m, e: Math.max(exponent, 1) - 1075 };
}

/** In fixed point; what is below 2^-256 is cut off. */
const fixed = ({ m, e }: Big): bigint => scaled(m, e + bits);
const big = (m: bigint): Big => ({ m, e: -bits });

/** sum of x^(2k + 1) / (2k + 1), with the sign of (-1)^k or without. */
function arc(x: bigint, sign: 1n | -1n): bigint {
  const square = mul(x, x) * sign;
  let sum = 0n;
  for (let power = x, k = 1n; power !== 0n && power !== -1n; power = mul(power, square), k += 2n) sum += power / k;
  return sum;
}

const ln2 = 2n * arc(one / 3n, 1n);
const pi = 16n * arc(one / 5n, -1n) - 4n * arc(one / 239n, -1n);

function root(x: bigint): bigint {
  let y = 1n << shift;
  for (let round = 0; round < 40; round++) y = (y + div(x, y)) >> 1n;
  return y;
}
const rootOfPi = root(pi);

/** sum of steps, each made from the one before it and its number. */
function series(first: bigint, next: (term: bigint, k: bigint) => bigint): bigint {
  let sum = 0n;
  for (let term = first, k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = next(term, k);
  }
  return sum;
}

function exp(x: bigint): Big {
  const n = (x + (ln2 >> 1n)) / ln2 - (x < 0n ? 1n : 0n);
  const r = x - n * ln2;
  return { m: series(one, (term, k) => mul(term, r) / k), e: Number(n) - bits };
}

function log({ m, e }: Big): bigint {
  const length = m.toString(2).length;
  const fraction = scaled(m, bits - length);
  return 2n * arc(div(fraction - one, fraction + one), 1n) + BigInt(e + length) * ln2;
}

/** Of any angle; the quarter turns are taken out first. */
function sine(x: bigint, quarter: bigint): bigint {
  const half = pi >> 1n;
  const n = (x + (half >> 1n)) / half;
  const r = x - n * half;
  const square = mul(r, r);
  const turn = (((n + quarter) % 4n) + 4n) % 4n;
  const value =
    turn % 2n === 0n
      ? series(r, (term, k) => -mul(term, square) / (2n * k * (2n * k + 1n)))
      : series(one, (term, k) => -mul(term, square) / (2n * k * (2n * k - 1n)));
  return turn < 2n ? value : -value;
}

function tanh(x: bigint): bigint {
  const e = fixed(exp(x < 0n ? 2n * x : -2n * x));
  const size = div(one - e, one + e);
  return x < 0n ? -size : size;
}

function sigmoid(x: bigint): Big {
  const { m, e } = exp(x < 0n ? x : -x);
  const below = one + fixed({ m, e });
  return x < 0n ? { m: div(m, below), e } : big(div(one, below));
}

function erf(x: bigint): bigint {
  const square = mul(x, x);
  let k = 0n;
  let sum = 0n;
  for (let power = x; power !== 0n && power !== -1n; power = -mul(power, square) / k) {
    sum += power / (2n * k + 1n);
    k++;
  }
  return div(2n * sum, rootOfPi);
}

/** For doubles whose size is neither tiny nor huge: 2^-60 to 2^40. */
export const highPrecision = {
  exp: (x) => exp(fixed(exact(x))),
  exp2: (x) => exp(mul(fixed(exact(x)), ln2)),
  expm1: (x) => big(fixed(exp(fixed(exact(x)))) - one),
  log: (x) => big(log(exact(x))),
  log2: (x) => big(div(log(exact(x)), ln2)),
  log10: (x) => big(div(log(exact(x)), log(exact(10)))),
  log1p: (x) => big(log(big(one + fixed(exact(x))))),
  sin: (x) => big(sine(fixed(exact(x)), 0n)),
  cos: (x) => big(sine(fixed(exact(x)), 1n)),
  tanh: (x) => big(tanh(fixed(exact(x)))),
  sigmoid: (x) => sigmoid(fixed(exact(x))),
  erf: (x) => big(erf(fixed(exact(x)))),
} as const satisfies { readonly [name: string]: (x: number) => Big };

/** How far a finite double is from `value`, in units of the last place of a double of that size. */
export function ulps64(got: number, value: Big): number {
  const mine = exact(got);
  const e = Math.min(mine.e, value.e);
  const difference = scaled(mine.m, mine.e - e) - scaled(value.m, value.e - e);
  const length = (value.m < 0n ? -value.m : value.m).toString(2).length + value.e;
  const unit = Math.max(length - 53, -1074);
  // eight bits of the fraction of a unit
  return Number(scaled(difference < 0n ? -difference : difference, e - unit + 8)) / 256;
}
