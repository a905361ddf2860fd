/*
 * Random streams: a thread computes one block of Philox4x32-10, as philox.ts of tensor-core states it, and writes the elements that come of it.
 *
 * Normals of the narrower floats are computed in pairs of floats (a value and what its rounding lost), as double precision is slow on most cards: they differ
 * from the definition by a unit in the last place at most.
 */
#include "device.cuh"

struct Random {
  void* out;
  Walk<1> walk;
  /* Number of the stream's first block, and of the first element in the stream. */
  u64 offset;
  i64 first;
  u32 key_low;
  u32 key_high;
  /* Of integers. */
  i64 low;
  i64 range;
};

struct Words { u32 w[4]; };

DEVICE Words philox(u64 counter, u32 key0, u32 key1) {
  u32 c0 = u32(counter), c1 = u32(counter >> 32), c2 = 0, c3 = 0;
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const u32 high0 = __umulhi(0xd2511f53u, c0), low0 = 0xd2511f53u * c0;
    const u32 high1 = __umulhi(0xcd9e8d57u, c2), low1 = 0xcd9e8d57u * c2;
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return {{c0, c1, c2, c3}};
}

/* A value as the sum of two floats, the second far smaller. */
struct Pair { float high, low; };

/* |a| >= |b| */
DEVICE Pair two_sum(float a, float b) {
  const float sum = a + b;
  return {sum, b - (sum - a)};
}
DEVICE Pair product(Pair a, Pair b) {
  const float p = a.high * b.high;
  return two_sum(p, fmaf(a.high, b.high, -p) + (a.high * b.low + a.low * b.high));
}
/* |a| >= |b| */
DEVICE Pair sum(Pair a, Pair b) {
  const Pair s = two_sum(a.high, b.high);
  return two_sum(s.high, s.low + (a.low + b.low));
}
DEVICE Pair quotient(Pair a, Pair b) {
  const float q = a.high / b.high;
  const Pair back = product({q, 0.0f}, b);
  return two_sum(q, ((a.high - back.high) - back.low + a.low) / b.high);
}
DEVICE Pair root(Pair x) {
  if (x.high == 0.0f) return {0.0f, 0.0f};
  const float r = sqrtf(x.high);
  const Pair square = product({r, 0.0f}, {r, 0.0f});
  return two_sum(r, ((x.high - square.high) - square.low + x.low) / (2.0f * r));
}

/* -2 ln(m / 2^24) for m in 1 … 2^24: k · 2 ln 2 - 2 ln f with f in [0.75, 1.5), and ln f = 2 atanh((f - 1) / (f + 1)). */
DEVICE Pair twice_log(u32 m) {
  int e = 31 - __clz(i32(m));
  float f = float(m) * float_of_bits(u32(127 - e) << 23);
  if (f >= 1.5f) {
    f *= 0.5f;
    e += 1;
  }
  const float t = f - 1.0f;
  const Pair s = quotient({t, 0.0f}, two_sum(2.0f, t));
  const float z = s.high * s.high;
  /* atanh(s) less its first term: s³/3 + s⁵/5 + … */
  const float rest =
      s.high * z *
      (0.33333334f + z * (0.2f + z * (0.14285715f + z * (0.11111111f + z * (0.09090909f + z * 0.07692308f)))));
  const Pair tail = two_sum(-4.0f * s.high, -4.0f * (s.low + rest));
  const float k = float(24 - e);
  if (k == 0.0f) return tail;
  /* 2 ln 2 in a part of few bits, whose product with k is exact, and the rest */
  return sum(two_sum(k * 1.38623046875f, k * 0.000063892369890618f), tail);
}

struct Angle { Pair cosine, sine; };

/* Of |turn| · 2^-24 turns, at most an eighth: the first terms of the series in pairs, the others in floats. */
DEVICE Angle eighth(i32 turn) {
  const Pair x = product({float(turn) * 0.000000059604644775390625f, 0.0f}, {6.2831854820251465f, -0.00000017484555314695172f});
  const Pair z = product(x, x);
  const float sine = z.high * (0.008333334f + z.high * (-0.0001984127f + z.high * (0.0000027557319f - z.high * 0.000000025052108f)));
  const float cosine =
      z.high * z.high *
      (-0.0013888889f + z.high * (0.000024801588f + z.high * (-0.00000027557319f + z.high * 0.0000000020876757f)));
  const Pair third = product(product(x, z), {-0.16666667163372040f, 0.0000000049670538f});
  const Pair fourth = product(product(z, z), {0.0416666679084301f, -0.0000000012417634f});
  const Pair half = {-0.5f * z.high, -0.5f * z.low};
  return {sum({1.0f, 0.0f}, sum(half, {fourth.high, fourth.low + z.high * cosine})),
          sum(x, {third.high, third.low + x.high * z.high * sine})};
}

/* What a quarter turn in double precision falls short of one. */
constexpr float quarter_lost = 6.123234e-17f;

/* Box and Muller's pair of normals from two words. */
DEVICE void normal_pair(u32 a, u32 b, float* out) {
  const Pair radius = root(twice_log((a >> 8) + 1));
  const u32 turn = b >> 8;
  /* the nearest quarter turn, and what is left */
  const u32 quarter = (turn + 0x200000u) >> 22;
  const i32 left = i32(turn) - i32(quarter << 22);
  Angle angle = eighth(left);
  /* the definition's angle is rounded, which shows where nothing else is left */
  if (left == 0) angle.sine.high = -float(quarter) * quarter_lost;
  Pair cosine = angle.cosine, sine = angle.sine;
  if (quarter & 1) {
    cosine = {-angle.sine.high, -angle.sine.low};
    sine = angle.cosine;
  }
  const float sign = quarter & 2 ? -1.0f : 1.0f;
  out[0] = sign * product(radius, cosine).high;
  out[1] = sign * product(radius, sine).high;
}

/* The 53 random bits of two words. */
DEVICE i64 join53(u32 high, u32 low) { return (i64(high >> 5) << 26) + (low >> 6); }

constexpr double inv_2_53 = 1.1102230246251565404236316680908e-16;

/* Bits of a uniform: as many as the dtype holds, so that none rounds up to 1. */
template <typename T> struct UniformBits { static constexpr int count = 24; };
template <> struct UniformBits<f16> { static constexpr int count = 11; };
template <> struct UniformBits<bf16> { static constexpr int count = 8; };

/* Each says how a block's words become elements. */
template <typename T> struct Uniform {
  static constexpr int count = 4;
  static DEVICE_MEMBER void draw(const Random&, const Words& words, T (&out)[4]) {
    constexpr int bits = UniformBits<T>::count;
    for (int i = 0; i < 4; i++) out[i] = element<T>(float(words.w[i] >> (32 - bits)) * float_of_bits((127u - bits) << 23));
  }
};
template <> struct Uniform<double> {
  static constexpr int count = 2;
  static DEVICE_MEMBER void draw(const Random&, const Words& words, double (&out)[2]) {
    out[0] = double(join53(words.w[0], words.w[1])) * inv_2_53;
    out[1] = double(join53(words.w[2], words.w[3])) * inv_2_53;
  }
};

template <typename T> struct Normal {
  static constexpr int count = 4;
  static DEVICE_MEMBER void draw(const Random&, const Words& words, T (&out)[4]) {
    float x[4];
    normal_pair(words.w[0], words.w[1], x);
    normal_pair(words.w[2], words.w[3], x + 2);
    for (int i = 0; i < 4; i++) out[i] = element<T>(x[i]);
  }
};
template <> struct Normal<double> {
  static constexpr int count = 2;
  static DEVICE_MEMBER void draw(const Random&, const Words& words, double (&out)[2]) {
    const double radius = sqrt(-2.0 * log(double(join53(words.w[0], words.w[1]) + 1) * inv_2_53));
    const double angle = 6.283185307179586 * (double(join53(words.w[2], words.w[3])) * inv_2_53);
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
  }
};

/* A whole number as an element. Narrower floats are rounded twice, first to one whose last bit says whether anything was lost, so that nothing is. */
template <typename T> DEVICE T whole(i64 n, i64) { return element<T>(n); }
template <typename T> DEVICE T whole(i64 n, double) { return element<T>(double(n)); }
template <typename T> DEVICE T whole(i64 n, float) {
  if (sizeof(T) == 4) return element<T>(float(n));
  const u64 magnitude = n < 0 ? 0 - u64(n) : u64(n);
  const int lost = max(0, 40 - __clzll(i64(magnitude)));
  const u64 kept = magnitude >> lost;
  const float x = float(kept << lost == magnitude ? kept : kept | 1) * float_of_bits(u32(127 + lost) << 23);
  return element<T>(n < 0 ? -x : x);
}

template <typename T> struct Integers {
  static constexpr int count = 4;
  static DEVICE_MEMBER void draw(const Random& args, const Words& words, T (&out)[4]) {
    for (int i = 0; i < 4; i++) {
      /* a word is less than a range that needs more than 32 bits */
      const u32 drawn = u64(args.range) >> 32 ? words.w[i] : words.w[i] % u32(args.range);
      out[i] = whole<T>(args.low + i64(drawn), Value<T>());
    }
  }
};

template <typename T, typename Stream> DEVICE void fill(const Random& args) {
  constexpr int count = Stream::count;
  const i64 end = args.first + args.walk.count;
  for (i64 block = args.first / count + thread_number(); block * count < end; block += thread_count()) {
    T x[count];
    Stream::draw(args, philox(args.offset + u64(block), args.key_low, args.key_high), x);
#pragma unroll
    for (int i = 0; i < count; i++) {
      const i64 place = block * count + i - args.first;
      if (place < 0 || place >= args.walk.count) continue;
      i64 at[1];
      walk(args.walk, place, at);
      static_cast<T*>(args.out)[at[0]] = x[i];
    }
  }
}

#define RANDOM(T)                                                          \
  KERNEL(random_uniform_##T, Random, 256) { fill<T, Uniform<T>>(args); }   \
  KERNEL(random_normal_##T, Random, 256) { fill<T, Normal<T>>(args); }

RANDOM(f32)
RANDOM(f64)
RANDOM(f16)
RANDOM(bf16)

#define RANDOM_INTEGERS(T) \
  KERNEL(random_integers_##T, Random, 256) { fill<T, Integers<T>>(args); }

EVERY_DTYPE(RANDOM_INTEGERS)
