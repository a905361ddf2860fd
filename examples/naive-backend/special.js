/** The functions of expressions that JavaScript's `Math` lacks, in double precision. */

/** erf(x) by a series of positive terms, for |x| < 2. */
function erfNear(x) {
  let [sum, term] = [x, x];
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) by a continued fraction, for x >= 2. */
function erfcFar(x) {
  if (x > 28) return 0;
  let fraction = x;
  for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const erf = (x) => (Math.abs(x) < 2 ? erfNear(x) : x > 0 ? 1 - erfcFar(x) : x < 0 ? erfcFar(-x) - 1 : x);
const erfc = (x) => (Math.abs(x) < 2 ? 1 - erfNear(x) : x > 0 ? erfcFar(x) : x < 0 ? 2 - erfcFar(-x) : x);

/** Newton's steps from a start that is near everywhere; in the tail on erfc, which keeps its digits. */
function erfinv(y) {
  const magnitude = Math.abs(y);
  if (!(magnitude < 1)) return magnitude === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  if (y === 0) return y;
  const log = Math.log1p(-magnitude * magnitude);
  const a = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sqrt(Math.sqrt(a * a - log / 0.147) - a);
  for (let step = 0; step < 4; step++) {
    const error = magnitude < 0.5 ? erf(x) - magnitude : 1 - magnitude - erfc(x);
    const newton = (error * Math.sqrt(Math.PI)) / 2 / Math.exp(-x * x);
    x -= newton / (1 + x * newton);
  }
  return y < 0 ? -x : x;
}

/** Stirling's series after Γ(x + 1) = x·Γ(x) has led beyond 10. */
function lgamma(x) {
  if (x === 1 || x === 2) return 0;
  if (!Number.isFinite(x)) return Number.isNaN(x) ? x : Number.POSITIVE_INFINITY;
  if (x <= 0) {
    if (Number.isInteger(x)) return Number.POSITIVE_INFINITY;
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - Math.round(x))))) - lgamma(1 - x);
  }
  let [z, product] = [x, 1];
  while (z < 10) product *= z++;
  const u = 1 / (z * z);
  const series = (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u * (1 / 1188 - (u * 691) / 360360))))) / z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}

function digamma(x) {
  if (x === 0) return Object.is(x, -0) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (x < 0) {
    if (Number.isInteger(x)) return Number.NaN;
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.trunc(x)));
  }
  let [z, shift] = [x, 0];
  while (z < 10) shift -= 1 / z++;
  const u = 1 / (z * z);
  const series = u * (1 / 12 - u * (1 / 120 - u * (1 / 252 - u * (1 / 240 - u * (1 / 132 - (u * 691) / 32760)))));
  return shift + Math.log(z) - 0.5 / z - series;
}

/** B(2k)/(2k)! for k = 1, 2, …: what the Euler-Maclaurin formula adds to the first terms. */
const corrections = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600];

/** Hurwitz's ζ: the first terms one by one, the rest by the Euler-Maclaurin formula. */
function zeta(s, q) {
  if (Number.isNaN(s) || Number.isNaN(q) || s < 1) return Number.NaN;
  if (s === 1 || q === Number.NEGATIVE_INFINITY || (q <= 0 && Number.isInteger(q))) return Number.POSITIVE_INFINITY;
  if (s === Number.POSITIVE_INFINITY) return q < 1 ? s : q === 1 ? 1 : 0;
  if (q < 0 && !Number.isInteger(s)) return Number.NaN;
  if (q === Number.POSITIVE_INFINITY) return 0;
  if (q < -20) {
    // the terms below zero are those of a sum above it
    const below = zeta(s, 1 + Math.floor(q) - q) - zeta(s, 1 - q);
    return zeta(s, q - Math.floor(q)) + (s % 2 ? -below : below);
  }
  let [sum, a] = [0, q];
  for (; a < 12 + Math.min(s, 100); a++) sum += a ** -s;
  const power = a ** -s;
  sum += power / 2 + (power * a) / (s - 1);
  let factor = (s * power) / a;
  for (const [k, c] of corrections.entries()) {
    sum += c * factor;
    factor *= ((s + 2 * k + 1) * (s + 2 * k + 2)) / (a * a);
  }
  return sum;
}

export const special = { erf, erfc, erfinv, lgamma, digamma, zeta };
