/**
 * Conversion between float16/bfloat16 bits and numbers, rounding half to even in one step from the double
 * (IEEE 754-2019 binary16; bfloat16 is the upper half of binary32).
 */
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** The number that 16 bits of IEEE binary16 stand for. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction * 2 ** -10) * 2 ** (exponent - 15);
}

/** The binary16 bits nearest to a number, ties to even, overflow to ±Inf. */
export function numberToHalf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  const exponent = binaryExponent(magnitude);
  // a fraction that rounds up to 1024 carries into the exponent by plain addition
  return sign | (((exponent + 15) << 10) + roundHalfEven((magnitude * 2 ** -exponent - 1) * 1024));
}

/** The number that 16 bits of bfloat16 stand for. */
export function bfloat16ToNumber(bits: number): number {
  u32[0] = bits << 16;
  return f32[0];
}

/** The bfloat16 bits nearest to a number, ties to even, overflow to ±Inf. */
export function numberToBfloat16(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (magnitude >= 2 ** 128 * (1 - 2 ** -9)) return sign | 0x7f80;
  if (magnitude < 2 ** -126) return sign | roundHalfEven(magnitude * 2 ** 133);
  const exponent = binaryExponent(magnitude);
  return sign | (((exponent + 127) << 7) + roundHalfEven((magnitude * 2 ** -exponent - 1) * 128));
}

/** floor(log2(x)) of a normal double, exactly. */
function binaryExponent(x: number): number {
  let e = Math.floor(Math.log2(x));
  // log2 may round up to the next integer just below a power of two
  if (2 ** e > x) e--;
  else if (2 ** (e + 1) <= x) e++;
  return e;
}

/** Round to the nearest integer, ties to the even one, as `torch.round`. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const diff = x - floor;
  const up = diff > 0.5 || (diff === 0.5 && floor % 2 !== 0);
  const rounded = up ? floor + 1 : floor;
  return rounded === 0 && x < 0 ? -0 : rounded;
}
