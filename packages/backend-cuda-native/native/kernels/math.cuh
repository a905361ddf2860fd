/*
 * The functions of scalar expressions, by name, for float, double and i64 (whole numbers and bool; the caller wraps to the dtype). Interpreted and compiled
 * programs call the same ones, so both give the same bits.
 */
#pragma once
#include "device.cuh"

DEVICE bool is_nan(float x) { return x != x; }
DEVICE bool is_nan(double x) { return x != x; }
DEVICE bool is_nan(i64) { return false; }

/* Functions of the CUDA library that come as a pair for float and double. */
#define FROM_LIBRARY(name, single, twofold)          \
  DEVICE float fn_##name(float x) { return single(x); } \
  DEVICE double fn_##name(double x) { return twofold(x); }
FROM_LIBRARY(abs, fabsf, fabs)
FROM_LIBRARY(floor, floorf, floor)
FROM_LIBRARY(ceil, ceilf, ceil)
FROM_LIBRARY(round, rintf, rint)
FROM_LIBRARY(trunc, truncf, trunc)
FROM_LIBRARY(exp, expf, exp)
FROM_LIBRARY(exp2, exp2f, exp2)
FROM_LIBRARY(expm1, expm1f, expm1)
FROM_LIBRARY(log, logf, log)
FROM_LIBRARY(log2, log2f, log2)
FROM_LIBRARY(log10, log10f, log10)
FROM_LIBRARY(log1p, log1pf, log1p)
FROM_LIBRARY(sqrt, sqrtf, sqrt)
FROM_LIBRARY(sin, sinf, sin)
FROM_LIBRARY(cos, cosf, cos)
FROM_LIBRARY(tan, tanf, tan)
FROM_LIBRARY(asin, asinf, asin)
FROM_LIBRARY(acos, acosf, acos)
FROM_LIBRARY(atan, atanf, atan)
FROM_LIBRARY(sinh, sinhf, sinh)
FROM_LIBRARY(cosh, coshf, cosh)
FROM_LIBRARY(tanh, tanhf, tanh)
FROM_LIBRARY(asinh, asinhf, asinh)
FROM_LIBRARY(acosh, acoshf, acosh)
FROM_LIBRARY(atanh, atanhf, atanh)
FROM_LIBRARY(erf, erff, erf)
FROM_LIBRARY(erfc, erfcf, erfc)
#undef FROM_LIBRARY

DEVICE i64 fn_abs(i64 x) { return x < 0 ? i64(0 - u64(x)) : x; }
DEVICE i64 fn_floor(i64 x) { return x; }
DEVICE i64 fn_ceil(i64 x) { return x; }
DEVICE i64 fn_round(i64 x) { return x; }
DEVICE i64 fn_trunc(i64 x) { return x; }

DEVICE float fn_neg(float x) { return -x; }
DEVICE double fn_neg(double x) { return -x; }
DEVICE i64 fn_neg(i64 x) { return i64(0 - u64(x)); }
template <typename V> DEVICE V fn_sign(V x) { return V(x > V(0)) - V(x < V(0)); }
DEVICE i64 fn_bitNot(i64 x) { return ~x; }
template <typename V> DEVICE V fn_rsqrt(V x) { return V(1) / fn_sqrt(x); }
template <typename V> DEVICE V fn_sigmoid(V x) {
  if (x >= V(0)) return V(1) / (V(1) + fn_exp(-x));
  const V e = fn_exp(x);
  return e / (V(1) + e);
}

/* The inverse of erf: a start from Winitzki's approximation, then Halley's steps. */
DEVICE double fn_erfinv(double y) {
  const double magnitude = fabs(y);
  if (!(magnitude < 1)) return magnitude == 1 ? y * double_of_bits(0x7ff0000000000000ull) : double_of_bits(0x7ff8000000000000ull);
  if (y == 0) return y;
  const double pi = 3.14159265358979323846;
  const double logarithm = log1p(-magnitude * magnitude);
  const double a = 2 / (pi * 0.147) + logarithm / 2;
  double x = sqrt(sqrt(a * a - logarithm / 0.147) - a);
  for (int step = 0; step < 3; step++) {
    /* near 1 the complement keeps the digits that 1 - erf(x) would lose */
    const double error = magnitude < 0.5 ? erf(x) - magnitude : 1 - magnitude - erfc(x);
    const double newton = error / (2 / sqrt(pi) * exp(-x * x));
    x -= newton / (1 + x * newton);
  }
  return y < 0 ? -x : x;
}
DEVICE float fn_erfinv(float y) { return float(fn_erfinv(double(y))); }

DEVICE double fn_lgamma(double x) { return lgamma(x); }
DEVICE float fn_lgamma(float x) { return float(lgamma(double(x))); }

/* The derivative of log Γ: upward recurrence, then the asymptotic series (Abramowitz & Stegun 6.3.18); below 0 by reflection. */
DEVICE double digamma_positive(double x) {
  const double series[7] = {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12};
  double shift = 0;
  for (; x < 10; x += 1) shift -= 1 / x;
  const double square = 1 / (x * x);
  double power = square;
  double sum = 0;
#pragma unroll
  for (int k = 0; k < 7; k++) {
    sum += series[k] * power;
    power *= square;
  }
  return shift + log(x) - 0.5 / x - sum;
}
DEVICE double fn_digamma(double x) {
  if (x == 0) return copysign(double_of_bits(0x7ff0000000000000ull), -x);
  if (!(x < 0)) return digamma_positive(x);
  if (x == floor(x)) return double_of_bits(0x7ff8000000000000ull);
  const double pi = 3.14159265358979323846;
  /* only the fraction counts for the tangent, and it is exact */
  return digamma_positive(1 - x) - pi / tan(pi * (x - trunc(x)));
}
DEVICE float fn_digamma(float x) { return float(fn_digamma(double(x))); }

/* Hurwitz's ζ(s, q) = Σ (q + k)^-s: the first terms one by one with a compensated sum, the rest by Euler's and Maclaurin's formula (Abramowitz & Stegun 23.2.26). */
DEVICE double zeta_sum(double s, double q) {
  const double bernoulli[9] = {1.0 / 12,
                               -1.0 / 720,
                               1.0 / 30240,
                               -1.0 / 1209600,
                               1.0 / 47900160,
                               -691.0 / 1307674368000.0,
                               1.0 / 74724249600.0,
                               -3617.0 / 10670622842880000.0,
                               43867.0 / 5109094217170944000.0};
  double sum = 0, lost = 0, largest = 0;
  const double from = 10 + fmin(s, 100.0);
  double a = q;
  for (; a < from; a += 1) {
    const double term = pow(a, -s);
    largest = fmax(largest, fabs(term));
    if (a > 1 && fabs(term) < largest * 1e-18) return sum + lost;
    const double next = sum + term;
    lost += fabs(sum) >= fabs(term) ? (sum - next) + term : (term - next) + sum;
    sum = next;
  }
  const double power = pow(a, -s);
  double tail = power / 2;
  double factor = s * power / a;
  for (int k = 0; k < 9; k++) {
    const double term = bernoulli[k] * factor;
    tail += term;
    if (fabs(term) < fabs(tail) * 1e-17) break;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (a * a);
  }
  const double rest = tail + power * a / (s - 1);
  /* where terms are infinite there is nothing to mend */
  return isfinite(sum) ? sum + (lost + rest) : sum + rest;
}
DEVICE double fn_zeta(double s, double q) {
  const double infinity = double_of_bits(0x7ff0000000000000ull);
  const double nan = double_of_bits(0x7ff8000000000000ull);
  if (is_nan(s) || is_nan(q) || s < 1) return nan;
  if (s == 1) return infinity;
  if (q <= 0) {
    if (q == floor(q)) return infinity;
    /* a power of a negative number is real for whole exponents only */
    if (s != floor(s)) return nan;
  }
  if (q == infinity || s == infinity) return q < 1 ? infinity : q == 1 ? 1 : 0;
  if (q >= -20) return zeta_sum(s, q);
  /* the terms below zero are those of a sum above it: with q = f - m they are (-1)^s·(ζ(s, 1 - f) - ζ(s, 1 - q)) */
  const double f = q - floor(q);
  return zeta_sum(s, f) + (fmod(s, 2.0) == 0 ? 1 : -1) * (zeta_sum(s, 1 - f) - zeta_sum(s, 1 - q));
}
DEVICE float fn_zeta(float s, float q) { return float(fn_zeta(double(s), double(q))); }

template <typename V> DEVICE V fn_add(V x, V y) { return x + y; }
template <typename V> DEVICE V fn_sub(V x, V y) { return x - y; }
template <typename V> DEVICE V fn_mul(V x, V y) { return x * y; }
DEVICE i64 fn_add(i64 x, i64 y) { return i64(u64(x) + u64(y)); }
DEVICE i64 fn_sub(i64 x, i64 y) { return i64(u64(x) - u64(y)); }
DEVICE i64 fn_mul(i64 x, i64 y) { return i64(u64(x) * u64(y)); }
template <typename V> DEVICE V fn_div(V x, V y) { return x / y; }
/* The caller reports a divisor of 0; the least number by -1 wraps. */
DEVICE i64 fn_div(i64 x, i64 y) { return y == 0 ? 0 : y == -1 ? fn_neg(x) : x / y; }
DEVICE float fn_rem(float x, float y) { return fmodf(x, y); }
DEVICE double fn_rem(double x, double y) { return fmod(x, y); }
DEVICE i64 fn_rem(i64 x, i64 y) { return y == 0 || y == -1 ? 0 : x % y; }
template <typename V> DEVICE V fn_min(V x, V y) { return is_nan(x) || x < y ? x : y; }
template <typename V> DEVICE V fn_max(V x, V y) { return is_nan(x) || x > y ? x : y; }
DEVICE float fn_pow(float x, float y) { return y == 2 ? x * x : powf(x, y); }
DEVICE double fn_pow(double x, double y) { return y == 2 ? x * x : pow(x, y); }
DEVICE i64 fn_pow(i64 x, i64 y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? ((y & 1) == 0 ? 1 : -1) : 0;
  u64 result = 1;
  for (u64 square = u64(x), rest = u64(y); rest > 0; rest >>= 1, square *= square) {
    if (rest & 1) result *= square;
  }
  return i64(result);
}
DEVICE float fn_atan2(float x, float y) { return atan2f(x, y); }
DEVICE double fn_atan2(double x, double y) { return atan2(x, y); }
DEVICE float fn_hypot(float x, float y) { return hypotf(x, y); }
DEVICE double fn_hypot(double x, double y) { return hypot(x, y); }
DEVICE float fn_copysign(float x, float y) { return copysignf(x, y); }
DEVICE double fn_copysign(double x, double y) { return copysign(x, y); }
DEVICE i64 fn_bitAnd(i64 x, i64 y) { return x & y; }
DEVICE i64 fn_bitOr(i64 x, i64 y) { return x | y; }
DEVICE i64 fn_bitXor(i64 x, i64 y) { return x ^ y; }
/* `width` is that of the dtype: what is shifted beyond it is gone. */
DEVICE i64 fn_shiftLeft(i64 x, i64 y, int width) { return y < 0 || y >= width ? 0 : i64(u64(x) << y); }
DEVICE i64 fn_shiftRight(i64 x, i64 y, int width) { return x >> (y < 0 || y >= width ? 63 : y); }

template <typename V> DEVICE bool fn_eq(V x, V y) { return x == y; }
template <typename V> DEVICE bool fn_ne(V x, V y) { return x != y; }
template <typename V> DEVICE bool fn_lt(V x, V y) { return x < y; }
template <typename V> DEVICE bool fn_le(V x, V y) { return x <= y; }
template <typename V> DEVICE bool fn_gt(V x, V y) { return x > y; }
template <typename V> DEVICE bool fn_ge(V x, V y) { return x >= y; }

/* A value of one kind as another. Floats that no i64 is near become its ends, and NaN 0; PyTorch gives whatever the machine does. */
template <typename To> struct Convert {
  template <typename V> static DEVICE_MEMBER To from(V x) { return To(x); }
};
template <> struct Convert<i64> {
  static DEVICE_MEMBER i64 from(i64 x) { return x; }
  static DEVICE_MEMBER i64 from(float x) { return from(double(x)); }
  static DEVICE_MEMBER i64 from(double x) {
    if (is_nan(x)) return 0;
    if (x >= 9223372036854775808.0) return 0x7fffffffffffffffll;
    if (x < -9223372036854775808.0) return -0x7fffffffffffffffll - 1;
    return i64(x);
  }
};

/* The float next to x towards zero, made odd if x lies between two: rounding that to fewer digits is as if x were rounded once. */
DEVICE float round_to_odd(double x) {
  const float near = float(x);
  if (double(near) == x || is_nan(x)) return near;
  const u32 bits = bits_of(near) - (fabs(double(near)) > fabs(x) ? 1u : 0u);
  return float_of_bits(bits | 1u);
}

/* A value rounded to what an element of T holds. */
template <typename T> DEVICE Value<T> rounded(Value<T> x) { return value(element<T>(x)); }

/* A value as one of T: rounded once, whatever it was. */
template <typename T, typename V> DEVICE Value<T> cast(V x) { return rounded<T>(Convert<Value<T>>::from(x)); }
template <> DEVICE_MEMBER float cast<f16>(double x) { return rounded<f16>(round_to_odd(x)); }
template <> DEVICE_MEMBER float cast<bf16>(double x) { return rounded<bf16>(round_to_odd(x)); }
template <> DEVICE_MEMBER i64 cast<b8>(float x) { return x != 0; }
template <> DEVICE_MEMBER i64 cast<b8>(double x) { return x != 0; }
