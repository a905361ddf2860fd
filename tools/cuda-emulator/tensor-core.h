/*
 * `nvcuda::wmma`, which CUDA has in mma.h: matrices that a warp holds together. Which lane has which element is nobody's business, so here they are mixed.
 * Products sum in float32, in order of k.
 */
#pragma once

#include "arithmetic.h"
#include "warp.h"

struct __half {
  unsigned short bits;
};
struct __nv_bfloat16 {
  unsigned short bits;
};

namespace nvcuda {
namespace wmma {

struct row_major;
struct col_major;
struct matrix_a;
struct matrix_b;
struct accumulator;
namespace precision {
struct tf32;
}
enum layout_t { mem_row_major, mem_col_major };

/* What is kept of an element, and how it becomes a float and back. */
template <typename T> struct Kept {
  using type = T;
  static float wide(T x) { return float(x); }
  static T narrow(float x) { return T(x); }
};
template <> struct Kept<__half> {
  using type = __half;
  static float wide(__half x) { return emulator::half_to_float(x.bits); }
  static __half narrow(float x) { return {emulator::float_to_half(x)}; }
};
template <> struct Kept<__nv_bfloat16> {
  using type = __nv_bfloat16;
  static float wide(__nv_bfloat16 x) { return emulator::bits_as<float>(uint32_t(x.bits) << 16); }
};
template <> struct Kept<precision::tf32> {
  using type = float;
  /* the multiplier does not see the low bits */
  static float wide(float x) { return emulator::bits_as<float>(emulator::bits_as<uint32_t>(x) & 0xffffe000u); }
};

/* Rounds to the ten bits of fraction that TF32 has; halves go away from 0. */
inline float __float_to_tf32(float x) {
  const uint32_t bits = emulator::bits_as<uint32_t>(x);
  return (bits & 0x7f800000u) == 0x7f800000u ? x : emulator::bits_as<float>((bits + 0x1000u) & 0xffffe000u);
}

/* Rows and columns of the matrix of a use. */
template <typename Use, int m, int n, int k> struct Shape;
template <int m, int n, int k> struct Shape<matrix_a, m, n, k> {
  static constexpr int rows = m, columns = k;
};
template <int m, int n, int k> struct Shape<matrix_b, m, n, k> {
  static constexpr int rows = k, columns = n;
};
template <int m, int n, int k> struct Shape<accumulator, m, n, k> {
  static constexpr int rows = m, columns = n;
};

template <typename Use, int m, int n, int k, typename T, typename Layout = void> class fragment {
 public:
  using element_type = T;
  using storage_element_type = typename Kept<T>::type;
  static constexpr int rows = Shape<Use, m, n, k>::rows, columns = Shape<Use, m, n, k>::columns;
  enum { num_elements = rows * columns / 32 };
  storage_element_type x[num_elements];
};

/* Element `i` of a lane is this one of the matrix, counted row by row. */
template <int size> constexpr int place_of(int lane, int i) { return ((lane + 5 * i) % 32 * (size / 32) + i) % size; }

template <typename F> void gather(const F& mine, int lane, float (&matrix)[F::rows][F::columns]) {
  for (int i = 0; i < F::num_elements; i++) {
    const int place = place_of<F::rows * F::columns>(lane, i);
    matrix[place / F::columns][place % F::columns] = Kept<typename F::element_type>::wide(mine.x[i]);
  }
}

/* What the lanes of a warp pass to a load or a store; it must be the same. */
struct Place {
  const void* at;
  unsigned leading;
  bool rows;
  bool agreed;

  static void join(void* const* records, unsigned) {
    const Place& first = *static_cast<const Place*>(records[0]);
    bool agreed = true;
    for (int i = 0; i < 32; i++) {
      const Place& lane = *static_cast<const Place*>(records[i]);
      agreed = agreed && lane.at == first.at && lane.leading == first.leading && lane.rows == first.rows;
    }
    for (int i = 0; i < 32; i++) static_cast<Place*>(records[i])->agreed = agreed;
  }
};
template <typename T> void agree(const emulator::Meeting& where, const T* at, unsigned leading, bool rows) {
  Place place = {at, leading, rows, true};
  emulator::meet_warp(where, 0xffffffffu, Place::join, &place);
  if (!place.agreed) emulator::trap("a load or store of a matrix with other arguments than the rest of the warp");
  if (reinterpret_cast<uintptr_t>(at) % 32 != 0) emulator::trap("a load or store of a matrix that is not aligned to 32 bytes");
  if (leading * sizeof(T) % 16 != 0) emulator::trap("a load or store of a matrix whose lines are not multiples of 16 bytes");
}

template <typename F, typename T> void load(F& f, const T* at, unsigned leading, bool rows) {
  for (int i = 0; i < F::num_elements; i++) {
    const int place = place_of<F::rows * F::columns>(int(emulator::lane()), i), row = place / F::columns, column = place % F::columns;
    f.x[i] = at[rows ? row * leading + column : column * leading + row];
  }
}

#define EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

template <typename Use, int m, int n, int k, typename T, typename Layout, typename V>
void load_matrix_sync(fragment<Use, m, n, k, T, Layout>& f, const V* at, unsigned leading, EMULATOR_SITE) {
  constexpr bool rows = std::is_same<Layout, row_major>::value;
  agree({"load_matrix_sync", file, line}, at, leading, rows);
  load(f, at, leading, rows);
}
template <int m, int n, int k, typename T>
void load_matrix_sync(fragment<accumulator, m, n, k, T>& f, const T* at, unsigned leading, layout_t layout, EMULATOR_SITE) {
  agree({"load_matrix_sync", file, line}, at, leading, layout == mem_row_major);
  load(f, at, leading, layout == mem_row_major);
}
template <int m, int n, int k, typename T>
void store_matrix_sync(T* at, const fragment<accumulator, m, n, k, T>& f, unsigned leading, layout_t layout, EMULATOR_SITE) {
  using F = fragment<accumulator, m, n, k, T>;
  agree({"store_matrix_sync", file, line}, at, leading, layout == mem_row_major);
  for (int i = 0; i < F::num_elements; i++) {
    const int place = place_of<F::rows * F::columns>(int(emulator::lane()), i), row = place / F::columns, column = place % F::columns;
    at[layout == mem_row_major ? row * leading + column : column * leading + row] = f.x[i];
  }
}
template <typename Use, int m, int n, int k, typename T, typename Layout>
void fill_fragment(fragment<Use, m, n, k, T, Layout>& f, const typename Kept<T>::type& value) {
  for (auto& x : f.x) x = value;
}

template <typename A, typename B, typename C, typename D> struct Multiplication {
  const A* a;
  const B* b;
  const C* c;
  D* d;

  static void join(void* const* records, unsigned) {
    float a[A::rows][A::columns], b[B::rows][B::columns], c[C::rows][C::columns];
    for (int lane = 0; lane < 32; lane++) {
      const Multiplication& mine = *static_cast<const Multiplication*>(records[lane]);
      gather(*mine.a, lane, a);
      gather(*mine.b, lane, b);
      gather(*mine.c, lane, c);
    }
    for (int i = 0; i < C::rows; i++)
      for (int l = 0; l < A::columns; l++)
        for (int j = 0; j < C::columns; j++) c[i][j] += a[i][l] * b[l][j];
    for (int lane = 0; lane < 32; lane++) {
      D& mine = *static_cast<const Multiplication*>(records[lane])->d;
      for (int i = 0; i < D::num_elements; i++) {
        const int place = place_of<D::rows * D::columns>(lane, i);
        mine.x[i] = Kept<typename D::element_type>::narrow(c[place / D::columns][place % D::columns]);
      }
    }
  }
};
template <int m, int n, int k, typename T, typename LayoutA, typename LayoutB, typename V, typename W>
void mma_sync(fragment<accumulator, m, n, k, W>& d, const fragment<matrix_a, m, n, k, T, LayoutA>& a, const fragment<matrix_b, m, n, k, T, LayoutB>& b,
              const fragment<accumulator, m, n, k, V>& c, EMULATOR_SITE) {
  using M = Multiplication<fragment<matrix_a, m, n, k, T, LayoutA>, fragment<matrix_b, m, n, k, T, LayoutB>, fragment<accumulator, m, n, k, V>,
                           fragment<accumulator, m, n, k, W>>;
  M multiplication = {&a, &b, &c, &d};
  emulator::meet_warp({"mma_sync", file, line}, 0xffffffffu, M::join, &multiplication);
}

#undef EMULATOR_SITE

}  // namespace wmma
}  // namespace nvcuda
