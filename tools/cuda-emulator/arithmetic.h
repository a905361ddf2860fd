/* CUDA's arithmetic: bits, roundings, min and max of mixed kinds, and the functions that libm has not. */
#pragma once

#include <math.h>
#include <stdint.h>

#include <cstring>
#include <type_traits>

#pragma GCC visibility push(default)

namespace emulator {

template <typename To, typename From> To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

/* float16 by its bits. */
inline float half_to_float(unsigned short half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16, rest = half & 0x7fff;
  if (rest >= 0x7c00) return bits_as<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  /* a subnormal is its fraction times 2^-24; others only move their exponent */
  if (rest < 0x400) return bits_as<float>(sign | bits_as<uint32_t>(float(rest) * 0x1p-24f));
  return bits_as<float>(sign | ((rest << 13) + (112u << 23)));
}
inline unsigned short float_to_half(float x) {
  const uint32_t bits = bits_as<uint32_t>(x), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;
  /* what `cvt.rn.f16.f32` gives for a NaN */
  if (rest > 0x7f800000) return 0x7fff;
  if (rest >= 0x477ff000) return static_cast<unsigned short>(sign | 0x7c00);
  /* adding 0.5 leaves multiples of 2^-24 in the fraction, rounded to nearest even */
  if (rest < 0x38800000) return static_cast<unsigned short>(sign | (bits_as<uint32_t>(bits_as<float>(rest) + 0.5f) - 0x3f000000));
  return static_cast<unsigned short>(sign | ((rest - (112u << 23) + 0xfff + (rest >> 13 & 1)) >> 13));
}

/* The x below which the part q of the normal distribution lies. */
double normal_quantile(double q);

}  // namespace emulator

inline unsigned __float_as_uint(float x) { return emulator::bits_as<unsigned>(x); }
inline int __float_as_int(float x) { return emulator::bits_as<int>(x); }
inline float __uint_as_float(unsigned x) { return emulator::bits_as<float>(x); }
inline float __int_as_float(int x) { return emulator::bits_as<float>(x); }
inline long long __double_as_longlong(double x) { return emulator::bits_as<long long>(x); }
inline double __longlong_as_double(long long x) { return emulator::bits_as<double>(x); }
inline int __double2hiint(double x) { return int(__double_as_longlong(x) >> 32); }
inline int __double2loint(double x) { return int(__double_as_longlong(x)); }
inline double __hiloint2double(int high, int low) { return __longlong_as_double((long long)(uint64_t(unsigned(high)) << 32 | unsigned(low))); }

inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }
inline int __mulhi(int a, int b) { return int((long long)a * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)(static_cast<unsigned __int128>(a) * b >> 64);
}
inline long long __mul64hi(long long a, long long b) { return (long long)(static_cast<__int128>(a) * b >> 64); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; i++) y |= (x >> i & 1) << (31 - i);
  return y;
}
inline unsigned long long __brevll(unsigned long long x) {
  return (unsigned long long)(__brev(unsigned(x))) << 32 | __brev(unsigned(x >> 32));
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
  return unsigned((uint64_t(high) << 32 | low) << (by & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) { return unsigned((uint64_t(high) << 32 | low) >> (by & 31)); }
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const uint64_t bytes = uint64_t(y) << 32 | x;
  unsigned result = 0;
  for (unsigned i = 0; i < 4; i++) {
    const unsigned choice = selector >> 4 * i & 15, byte = unsigned(bytes >> 8 * (choice & 7)) & 255;
    result |= (choice & 8 ? (byte & 128 ? 255u : 0u) : byte) << 8 * i;
  }
  return result;
}

template <typename T> T __ldg(const T* at) { return *at; }
template <typename T> T __ldcg(const T* at) { return *at; }
template <typename T> T __ldcs(const T* at) { return *at; }
template <typename T> void __stcs(T* at, typename std::remove_const<T>::type x) { *at = x; }

/* g++ compiles kernels with -ffp-contract=off: these are what they say. */
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline double __drcp_rn(double x) { return 1.0 / x; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __powf(float x, float y) { return powf(x, y); }

/* Conversions saturate and take NaN to 0 on the card, while C++ leaves them undefined. */
namespace emulator {
template <typename To, typename From> To saturated(From x) {
  constexpr bool is_signed = std::is_signed<To>::value;
  constexpr To most = is_signed ? To(~uint64_t(0) >> (65 - 8 * sizeof(To))) : To(~To(0));
  const From limit = ldexp(From(1), int(8 * sizeof(To)) - (is_signed ? 1 : 0));
  if (x != x) return is_signed && sizeof(To) == 8 ? To(uint64_t(1) << 63) : To(0);
  if (x >= limit) return most;
  if (is_signed ? x < -limit : x <= From(-1)) return is_signed ? To(-most - 1) : To(0);
  return To(x);
}
}  // namespace emulator
inline int __float2int_rz(float x) { return emulator::saturated<int>(x); }
inline int __float2int_rn(float x) { return emulator::saturated<int>(rintf(x)); }
inline int __float2int_rd(float x) { return emulator::saturated<int>(floorf(x)); }
inline unsigned __float2uint_rz(float x) { return emulator::saturated<unsigned>(x); }
inline unsigned __float2uint_rn(float x) { return emulator::saturated<unsigned>(rintf(x)); }
inline long long __float2ll_rz(float x) { return emulator::saturated<long long>(x); }
inline long long __float2ll_rn(float x) { return emulator::saturated<long long>(rintf(x)); }
inline unsigned long long __float2ull_rz(float x) { return emulator::saturated<unsigned long long>(x); }
inline int __double2int_rz(double x) { return emulator::saturated<int>(x); }
inline int __double2int_rn(double x) { return emulator::saturated<int>(rint(x)); }
inline unsigned __double2uint_rz(double x) { return emulator::saturated<unsigned>(x); }
inline long long __double2ll_rz(double x) { return emulator::saturated<long long>(x); }
inline long long __double2ll_rn(double x) { return emulator::saturated<long long>(rint(x)); }
inline unsigned long long __double2ull_rz(double x) { return emulator::saturated<unsigned long long>(x); }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint2float_rn(unsigned x) { return float(x); }
inline float __ll2float_rn(long long x) { return float(x); }
inline float __ull2float_rn(unsigned long long x) { return float(x); }
inline double __ll2double_rn(long long x) { return double(x); }
inline double __ull2double_rn(unsigned long long x) { return double(x); }
inline float __double2float_rn(double x) { return float(x); }

/* C++'s usual conversions decide, as in CUDA; of floats, a NaN gives way to a number. */
namespace emulator {
template <typename T> T least(T a, T b, std::false_type) { return b < a ? b : a; }
template <typename T> T least(T a, T b, std::true_type) { return b < a || a != a ? b : (a == b && signbit(b) ? b : a); }
template <typename T> T greatest(T a, T b, std::false_type) { return a < b ? b : a; }
template <typename T> T greatest(T a, T b, std::true_type) { return a < b || a != a ? b : (a == b && signbit(a) ? b : a); }
template <typename A, typename B>
using Both = typename std::enable_if<std::is_arithmetic<A>::value && std::is_arithmetic<B>::value, typename std::common_type<A, B>::type>::type;
}  // namespace emulator
template <typename A, typename B> emulator::Both<A, B> min(A a, B b) {
  using T = emulator::Both<A, B>;
  return emulator::least<T>(T(a), T(b), std::is_floating_point<T>());
}
template <typename A, typename B> emulator::Both<A, B> max(A a, B b) {
  using T = emulator::Both<A, B>;
  return emulator::greatest<T>(T(a), T(b), std::is_floating_point<T>());
}

inline float rsqrtf(float x) { return float(1.0 / sqrt(double(x))); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float rcbrtf(float x) { return float(1.0 / cbrt(double(x))); }
inline double rcbrt(double x) { return 1.0 / cbrt(x); }

/* of π x, exact at halves: the argument is reduced before it is multiplied */
inline double sinpi(double x) {
  if (!(fabs(x) < INFINITY)) return x - x;
  const double r = remainder(x, 2.0);
  if (r == 0 || fabs(r) == 1) return copysign(0.0, x);
  return fabs(r) > 0.5 ? copysign(sin(M_PI * (1 - fabs(r))), r) : sin(M_PI * r);
}
inline double cospi(double x) {
  if (!(fabs(x) < INFINITY)) return x - x;
  const double r = fabs(remainder(x, 2.0));
  if (r == 0.5) return 0.0;
  return r > 0.5 ? -cos(M_PI * (1 - r)) : cos(M_PI * r);
}
inline float sinpif(float x) { return float(sinpi(double(x))); }
inline float cospif(float x) { return float(cospi(double(x))); }
inline void sincospi(double x, double* s, double* c) {
  *s = sinpi(x);
  *c = cospi(x);
}
inline void sincospif(float x, float* s, float* c) {
  *s = sinpif(x);
  *c = cospif(x);
}

inline double normcdf(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }
inline double normcdfinv(double q) { return emulator::normal_quantile(q); }
/* near 0 the quantile of ½ + x/2 would lose x */
double erfinv(double x);
inline double erfcinv(double x) { return -M_SQRT1_2 * emulator::normal_quantile(0.5 * x); }
inline float normcdff(float x) { return float(normcdf(double(x))); }
inline float normcdfinvf(float q) { return float(normcdfinv(double(q))); }
inline float erfinvf(float x) { return float(erfinv(double(x))); }
inline float erfcinvf(float x) { return float(erfcinv(double(x))); }
inline double erfcx(double x) {
  /* erfc underflows from 27 on, where three terms of its asymptote are exact */
  if (x < 25) return exp(x * x) * erfc(x);
  const double y = 1 / (x * x);
  return (1 - y * (0.5 - 0.75 * y)) / (x * sqrt(M_PI));
}
inline float erfcxf(float x) { return float(erfcx(double(x))); }

#pragma GCC visibility pop
