/*
 * A product as kernels see it: four groups of dims (batch, m, n, k), each merged to as few as it has. An address is a sum of one part per group, so a kernel
 * finds the part of a row once and adds the part of each column to it. Convolutions are products whose operand is a view of overlapping windows; nothing is
 * unfolded in memory.
 */
#pragma once

#include "device.cuh"

struct Product {
  void* out;
  const void* a;
  const void* b;
  /* added to each result after it was rounded, or null */
  const void* addend;
  /* sums of parts of k, `[part, batch, m, n]`; null where k is whole */
  void* partial;
  /* strides of: out, addend, a, b */
  Walk<4> batch;
  /* out, addend, a */
  Walk<3> m;
  /* out, addend, b */
  Walk<3> n;
  /* a, b */
  Walk<2> k;
  /* steps of k in a part; all but the last have as many */
  i64 steps;
  /* the first tile of this launch: a grid has at most 2^31 - 1 blocks */
  i64 first;
  i32 parts;
  /* how tiles are read and written: sums of `Reading` */
  i32 reading_a;
  i32 reading_b;
  i32 writing;
};

/* `fours`: four neighbours at a time, aligned. `across`: neighbours lie along m or n, not along k. */
enum Reading { singles = 0, fours = 1, across = 2 };

/* `Sum<T>` is what products of T are summed in: whole numbers wrap, so those of at most 32 bits need no more. */
template <typename T> struct SumOf { typedef u32 type; };
template <> struct SumOf<float> { typedef float type; };
template <> struct SumOf<f16> { typedef float type; };
template <> struct SumOf<bf16> { typedef float type; };
template <> struct SumOf<double> { typedef double type; };
template <> struct SumOf<i64> { typedef u64 type; };
template <typename T> using Sum = typename SumOf<T>::type;

DEVICE float factor(float x) { return x; }
DEVICE float factor(f16 x) { return widen(x); }
DEVICE float factor(bf16 x) { return widen(x); }
DEVICE double factor(double x) { return x; }
DEVICE u64 factor(i64 x) { return u64(x); }
DEVICE u32 factor(i32 x) { return u32(x); }
DEVICE u32 factor(i16 x) { return u32(i32(x)); }
DEVICE u32 factor(i8 x) { return u32(i32(x)); }
DEVICE u32 factor(u8 x) { return x; }

template <typename T> DEVICE T rounded(float sum) { return element<T>(sum); }
template <typename T> DEVICE T rounded(double sum) { return element<T>(sum); }
template <typename T> DEVICE T rounded(u32 sum) { return T(sum); }
template <typename T> DEVICE T rounded(u64 sum) { return T(sum); }

DEVICE float multiply_add(float x, float y, float sum) { return fmaf(x, y, sum); }
DEVICE double multiply_add(double x, double y, double sum) { return fma(x, y, sum); }
DEVICE u32 multiply_add(u32 x, u32 y, u32 sum) { return sum + x * y; }
DEVICE u64 multiply_add(u64 x, u64 y, u64 sum) { return sum + x * y; }

/* Four neighbours, moved by as few instructions as there are. */
template <typename T> struct alignas(sizeof(T) * 4 > 16 ? 16 : sizeof(T) * 4) Four { T x[4]; };

/* `i / size`, and the rest in `i`. */
DEVICE i64 divide(i64& i, i64 size) {
  const i64 next = quotient(i, size);
  i -= next * size;
  return next;
}

DEVICE i64 least(i64 x, i64 y) { return x < y ? x : y; }

/* The steps of k that are summed here: `part` of them. */
struct Steps {
  i64 from, to;
};
DEVICE Steps steps_of(const Product& p, i32 part) {
  const i64 from = p.steps * part;
  return {from, part == p.parts - 1 ? p.k.count : from + p.steps};
}

/* A sum becomes a result: rounded, then with the addend, rounded again, as two ops would. */
template <typename T> DEVICE T finished(const Product& p, Sum<T> sum, i64 at_addend) {
  const T result = rounded<T>(sum);
  if (!p.addend) return result;
  return rounded<T>(factor(result) + factor(static_cast<const T*>(p.addend)[at_addend]));
}

/* Where a sum belongs in the stack of partial ones. */
DEVICE i64 partial_at(const Product& p, i32 part, i64 batch, i64 m, i64 n) {
  return ((part * p.batch.count + batch) * p.m.count + m) * p.n.count + n;
}

/* Stores one result. */
template <typename T> DEVICE void store_result(const Product& p, i64 batch, i64 m, i64 n, Sum<T> sum) {
  i64 at_batch[4], at_m[3], at_n[3];
  walk(p.batch, batch, at_batch);
  walk(p.m, m, at_m);
  walk(p.n, n, at_n);
  static_cast<T*>(p.out)[at_batch[0] + at_m[0] + at_n[0]] = finished<T>(p, sum, at_batch[1] + at_m[1] + at_n[1]);
}

/* Stores the sum of one result, or of a part of it. */
template <typename T> DEVICE void store(const Product& p, i32 part, i64 batch, i64 m, i64 n, Sum<T> sum) {
  if (p.partial) static_cast<Sum<T>*>(p.partial)[partial_at(p, part, batch, m, n)] = sum;
  else store_result<T>(p, batch, m, n, sum);
}
