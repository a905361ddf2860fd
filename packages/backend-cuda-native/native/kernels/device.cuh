/*
 * What every kernel is written with. The same sources are compiled by nvcc for the card, by NVRTC at run time, and by g++ for the emulator of
 * tools/cuda-emulator, which runs them on the CPU. So this file includes nothing of the CUDA toolkit, and kernels use only what it names.
 *
 * A kernel is `KERNEL(name, Args, threads) { … args … }`: one struct of arguments by value, at most `threads` threads to a block, static shared memory of at
 * most 48 KiB. `KERNEL_AT_ONCE` takes no more registers than let `blocks` blocks share a multiprocessor. Names are unique over all files. Multiplications and
 * additions are never contracted (`-fmad=false`); where one wants it, `fma` says so.
 */
#pragma once

#ifdef TENFOLD_EMULATOR
#include "emulator.h"
#define KERNEL_AT_ONCE(name, Args, threads, blocks) KERNEL(name, Args, threads)
#else
#define KERNEL(name, Args, threads) extern "C" __global__ void __launch_bounds__(threads) name(const Args args)
#define KERNEL_AT_ONCE(name, Args, threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks) name(const Args args)
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__
/* For long code that several kernels of a file call. */
#define OUT_OF_LINE static __device__ __noinline__
#endif

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

/* Bits of one type as another. */
DEVICE float float_of_bits(u32 bits) { return __uint_as_float(bits); }
DEVICE u32 bits_of(float x) { return __float_as_uint(x); }
DEVICE double double_of_bits(u64 bits) { return __longlong_as_double(i64(bits)); }
DEVICE u64 bits_of(double x) { return u64(__double_as_longlong(x)); }

/* Elements of float16 and bfloat16 are their bits; arithmetic is float's, rounded once, to nearest even. */
struct f16 { u16 bits; };
struct bf16 { u16 bits; };
/* An element of a bool tensor: a byte, 0 or 1. */
struct b8 { u8 bits; };

DEVICE float widen(f16 x) {
#ifdef TENFOLD_EMULATOR
  return emulator::half_to_float(x.bits);
#else
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
#endif
}
DEVICE f16 narrow_f16(float x) {
  f16 y;
#ifdef TENFOLD_EMULATOR
  y.bits = emulator::float_to_half(x);
#else
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
#endif
  return y;
}
DEVICE float widen(bf16 x) { return float_of_bits(u32(x.bits) << 16); }
DEVICE bf16 narrow_bf16(float x) {
  const u32 bits = bits_of(x);
  bf16 y;
  y.bits = x != x ? u16(0x7fc0) : u16((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
  return y;
}

/* `Value<T>` is what elements of T are computed in: float, double, or i64 for whole numbers and bool. */
template <typename T> struct ValueOf { typedef i64 type; };
template <> struct ValueOf<float> { typedef float type; };
template <> struct ValueOf<double> { typedef double type; };
template <> struct ValueOf<f16> { typedef float type; };
template <> struct ValueOf<bf16> { typedef float type; };
template <typename T> using Value = typename ValueOf<T>::type;

/* `Accum<T>` is what sums of T are kept in: double for float64, float for the other floats, i64 for whole numbers. */
template <typename T> using Accum = Value<T>;

DEVICE float value(float x) { return x; }
DEVICE double value(double x) { return x; }
DEVICE float value(f16 x) { return widen(x); }
DEVICE float value(bf16 x) { return widen(x); }
DEVICE i64 value(i64 x) { return x; }
DEVICE i64 value(i32 x) { return x; }
DEVICE i64 value(i16 x) { return x; }
DEVICE i64 value(i8 x) { return x; }
DEVICE i64 value(u8 x) { return x; }
DEVICE i64 value(b8 x) { return x.bits != 0; }

/* A value as an element: `element<T>(v)` rounds floats to nearest even, and takes the low bits of whole numbers. */
template <typename T> struct ElementOf { static DEVICE_MEMBER T from(i64 v) { return T(v); } };
template <> struct ElementOf<float> { static DEVICE_MEMBER float from(float v) { return v; } };
template <> struct ElementOf<double> { static DEVICE_MEMBER double from(double v) { return v; } };
template <> struct ElementOf<f16> { static DEVICE_MEMBER f16 from(float v) { return narrow_f16(v); } };
template <> struct ElementOf<bf16> { static DEVICE_MEMBER bf16 from(float v) { return narrow_bf16(v); } };
template <> struct ElementOf<b8> { static DEVICE_MEMBER b8 from(i64 v) { b8 y; y.bits = v != 0; return y; } };
template <typename T> DEVICE T element(Value<T> v) { return ElementOf<T>::from(v); }

/* The first fault that a kernel meets, such as an index out of range; the host reads it with the next download and raises. `code` is 0 while there is none. */
struct Faults {
  i32 code;
  i32 pad;
  i64 value;
};
DEVICE void report_fault(Faults* faults, i32 code, i64 value) {
  if (atomicCAS(&faults->code, 0, code) == 0) faults->value = value;
}

/* Dims of operands that have one shape, merged by the host to as few as they allow, outermost first. What has more is launched part by part. */
constexpr int max_rank = 8;
template <int operands> struct Walk {
  i64 count;
  i32 rank;
  i32 pad;
  i64 sizes[max_rank];
  i64 strides[operands][max_rank];
};

/* Unsigned, as what stands in places of operands that there are not may be any number. */
DEVICE i64 step_along(i64 at, i64 p, i64 stride) { return i64(u64(at) + u64(p) * u64(stride)); }

/* `i / size`: 32-bit division is several times as fast. */
DEVICE i64 quotient(i64 i, i64 size) { return (i | size) >> 32 == 0 ? i64(u32(i) / u32(size)) : i / size; }

/* Element numbers of all operands at position `i` in row-major order. A loop over dims: there are mostly one or two, and this is in every kernel. */
template <int operands> DEVICE void walk(const Walk<operands>& w, i64 i, i64 (&at)[operands]) {
#pragma unroll
  for (int o = 0; o < operands; o++) at[o] = 0;
#pragma unroll 1
  for (int d = w.rank - 1; d >= 0; d--) {
    const i64 next = d > 0 ? quotient(i, w.sizes[d]) : 0;
    const i64 p = i - next * w.sizes[d];
#pragma unroll
    for (int o = 0; o < operands; o++) at[o] = step_along(at[o], p, w.strides[o][d]);
    i = next;
  }
}

DEVICE i64 thread_number() { return i64(blockIdx.x) * blockDim.x + threadIdx.x; }
DEVICE i64 thread_count() { return i64(gridDim.x) * blockDim.x; }

/* Over a warp, in one order on every device. All 32 lanes take part. */
template <typename T, typename Join> DEVICE T warp_all(T x, Join join) {
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) x = join(x, __shfl_xor_sync(0xffffffffu, x, step));
  return x;
}

/* A kernel per dtype: `EVERY_DTYPE(M)` is `M(T)` for the type of each dtype's elements, whose name the kernel's ends with. */
#define EVERY_DTYPE(M) M(f32) M(f64) M(f16) M(bf16) M(i64) M(i32) M(i16) M(i8) M(u8) M(b8)
