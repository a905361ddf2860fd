/*
 * Keys: unsigned integers in the order of the elements they stand for. NaN is the largest whatever its bits are, and -0 equals 0. A key has as many bits as
 * its element, in a u32 or a u64.
 */
#pragma once

#include "device.cuh"

template <typename T> struct OrderOf { typedef u32 Key; static constexpr int bits = 8 * sizeof(T); };
template <> struct OrderOf<b8> { typedef u32 Key; static constexpr int bits = 1; };
template <> struct OrderOf<double> { typedef u64 Key; static constexpr int bits = 64; };
template <> struct OrderOf<i64> { typedef u64 Key; static constexpr int bits = 64; };
template <typename T> using Key = typename OrderOf<T>::Key;

/* All bits that keys of T have. */
template <typename T> DEVICE Key<T> last_key() { return Key<T>(~Key<T>(0)) >> (8 * sizeof(Key<T>) - OrderOf<T>::bits); }

/* Of floats, by their bits: `sign` is the top one, `infinity` has all of the exponent. */
template <typename K> DEVICE K order_of_bits(K bits, K sign, K infinity) {
  const K magnitude = bits & (sign - 1);
  const K all = sign | (sign - 1);
  if (magnitude > infinity) return all;
  if (magnitude == 0) return sign;
  return bits & sign ? all ^ bits : bits | sign;
}

DEVICE u32 order(float x) { return order_of_bits<u32>(bits_of(x), 0x80000000u, 0x7f800000u); }
DEVICE u64 order(double x) { return order_of_bits<u64>(bits_of(x), 0x8000000000000000ull, 0x7ff0000000000000ull); }
DEVICE u32 order(f16 x) { return order_of_bits<u32>(x.bits, 0x8000u, 0x7c00u); }
DEVICE u32 order(bf16 x) { return order_of_bits<u32>(x.bits, 0x8000u, 0x7f80u); }
DEVICE u64 order(i64 x) { return u64(x) ^ 0x8000000000000000ull; }
DEVICE u32 order(i32 x) { return u32(x) ^ 0x80000000u; }
DEVICE u32 order(i16 x) { return u16(x) ^ 0x8000u; }
DEVICE u32 order(i8 x) { return u8(x) ^ 0x80u; }
DEVICE u32 order(u8 x) { return x; }
DEVICE u32 order(b8 x) { return x.bits != 0; }

template <typename T> DEVICE bool is_nan(T x) { return value(x) != value(x); }

/* The key by which the wanted extreme is the largest; NaN is it in both directions. */
template <typename T> DEVICE Key<T> extreme_key(T x, bool smallest) {
  const Key<T> key = order(x);
  return smallest && !is_nan(x) ? last_key<T>() - key : key;
}
