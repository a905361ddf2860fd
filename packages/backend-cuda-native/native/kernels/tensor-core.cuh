/*
 * Products by tensor cores: a block brings a tile of each factor into shared memory, and each warp multiplies pieces of it, summed in float32. Elements lie
 * there in the direction in which they were read, so that fours are stored at once; pieces are loaded row-major or column-major as it comes.
 */
#pragma once

#include "tile.cuh"
#ifndef TENFOLD_EMULATOR
#include <mma.h>
#endif

namespace wmma = nvcuda::wmma;

/*
 * How tensor cores take elements T: `Kept` in a tile, as which `kept` makes them; read there as `Source`; multiplied as `Type`, `steps` of k to a piece of 16 rows
 * or columns.
 */
template <typename T> struct Piece;

template <bool is_row_major> struct Layout { typedef wmma::col_major type; };
template <> struct Layout<true> { typedef wmma::row_major type; };

/*
 * `across_a`: neighbours in a tile of a are rows, not steps; `across_b`: those of b are columns. Each warp has `warp_m` × `warp_n` of the result, `depth` steps
 * of k are brought at a time.
 */
template <typename T, int size_m, int size_n, int warp_m, int warp_n, bool across_a, bool across_b> struct TensorTiled {
  typedef Piece<T> P;
  typedef typename P::Kept Kept;
  static constexpr int threads = size_m / warp_m * (size_n / warp_n) * 32;
  static constexpr int depth = 64 / int(sizeof(Kept));
  /* lines are 16 bytes longer than what they hold: the lines of a piece begin at different banks */
  static constexpr int pad = 16 / int(sizeof(Kept));
  static constexpr int pitch_a = (across_a ? size_m : depth) + pad, lines_a = across_a ? depth : size_m;
  static constexpr int pitch_b = (across_b ? size_n : depth) + pad, lines_b = across_b ? depth : size_n;
  static constexpr int pieces_m = warp_m / 16, pieces_n = warp_n / 16;
  static constexpr int pitch_sums = 20;
  static_assert(16 * pitch_a * sizeof(Kept) % 32 == 0 && 16 * pitch_b * sizeof(Kept) % 32 == 0, "pieces begin at multiples of 32 bytes");
  static_assert(P::steps * pitch_a * sizeof(Kept) % 32 == 0 && P::steps * pitch_b * sizeof(Kept) % 32 == 0, "pieces begin at multiples of 32 bytes");

  typedef wmma::fragment<wmma::matrix_a, 16, 16, P::steps, typename P::Type, typename Layout<!across_a>::type> PieceA;
  typedef wmma::fragment<wmma::matrix_b, 16, 16, P::steps, typename P::Type, typename Layout<across_b>::type> PieceB;
  typedef wmma::fragment<wmma::accumulator, 16, 16, P::steps, float> Sums;

  struct Tiles {
    Kept a[2][lines_a * pitch_a];
    Kept b[2][lines_b * pitch_b];
  };
  struct Results {
    ResultPlaces<size_m, size_n> places;
    float sums[threads / 32][16 * pitch_sums];
  };
  union alignas(32) Shared {
    Tiles tiles;
    Results results;
  };

  static DEVICE_MEMBER void run(const Product& p) {
    __shared__ Places<size_m, size_n, threads> places;
    __shared__ Shared shared;
    Tiles& tiles = shared.tiles;

    const TilePlace place = tile_place(p, size_m, size_n);
    const i32 part = blockIdx.y;
    i64 at_batch[4];
    walk(p.batch, place.batch, at_batch);
    const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const u32 y = warp / (size_n / warp_n) * warp_m, x = warp % (size_n / warp_n) * warp_n;

    Sums sums[pieces_m][pieces_n];
#pragma unroll
    for (int i = 0; i < pieces_m; i++)
#pragma unroll
      for (int j = 0; j < pieces_n; j++) wmma::fill_fragment(sums[i][j], 0.0f);

    /* the direction is known here: half of the code for reading falls away */
    const i32 reading_a = (p.reading_a & fours) | (across_a ? across : 0), reading_b = (p.reading_b & fours) | (across_b ? across : 0);
    const auto put = [&](const auto& from_a, const auto& from_b, int buffer) {
      const auto as = [](T x) { return P::kept(x); };
      from_a.template put<across_a ? 1 : pitch_a, across_a ? pitch_a : 1>(reading_a, tiles.a[buffer], as);
      from_b.template put<across_b ? 1 : pitch_b, across_b ? pitch_b : 1>(reading_b, tiles.b[buffer], as);
    };
    const auto multiply = [&](int buffer) {
      const auto* a = reinterpret_cast<const typename P::Source*>(tiles.a[buffer]);
      const auto* b = reinterpret_cast<const typename P::Source*>(tiles.b[buffer]);
#pragma unroll
      for (int t = 0; t < depth; t += P::steps) {
        PieceB right[pieces_n];
#pragma unroll
        for (int j = 0; j < pieces_n; j++) {
          const int column = x + 16 * j;
          wmma::load_matrix_sync(right[j], b + (across_b ? t * pitch_b + column : column * pitch_b + t), pitch_b);
        }
#pragma unroll
        for (int i = 0; i < pieces_m; i++) {
          PieceA left;
          const int row = y + 16 * i;
          wmma::load_matrix_sync(left, a + (across_a ? t * pitch_a + row : row * pitch_a + t), pitch_a);
#pragma unroll
          for (int j = 0; j < pieces_n; j++) wmma::mma_sync(sums[i][j], left, right[j], sums[i][j]);
        }
      }
    };
    multiply_tiles<T, size_m, size_n, depth, threads>(p, place, part, at_batch, reading_a, reading_b, places, put, multiply);

    /* which thread has which sum is the card's secret: they go through shared memory, a piece at a time */
    Results& results = shared.results;
    if (!p.partial) results.places.template find<threads>(p, place);
    __syncthreads();
    float* own = results.sums[warp];
#pragma unroll
    for (int i = 0; i < pieces_m; i++) {
#pragma unroll
      for (int j = 0; j < pieces_n; j++) {
        wmma::store_matrix_sync(own, sums[i][j], pitch_sums, wmma::mem_row_major);
        __syncwarp();
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int r = half * 8 + lane / 4, c = lane % 4 * 4;
          const int row = y + 16 * i + r, column = x + 16 * j + c;
          if (place.m + row < p.m.count) {
            const Four<float> four = *reinterpret_cast<const Four<float>*>(own + r * pitch_sums + c);
            store_four<T>(p, place, part, at_batch, results.places, row, column, four.x);
          }
        }
        __syncwarp();
      }
    }
  }
};
