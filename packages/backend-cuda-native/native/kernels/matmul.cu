/*
 * Products by tiles, of every type: a block brings a tile of each factor into shared memory, reads it from there many times, and each thread keeps a block of
 * the result in registers. Each sum runs over k in order.
 */
#include "tile.cuh"

template <typename T, int size_m, int size_n, int size_k, int rows, int columns> struct Tiled {
  static constexpr int down = size_m / rows, over = size_n / columns, threads = down * over;
  /* four more than a tile is wide: threads that store a row each then meet different banks */
  static constexpr int pitch_m = size_m + 4, pitch_n = size_n + 4;
  typedef Sum<T> S;

  struct alignas(16) Tiles {
    S a[2][size_k * pitch_m];
    S b[2][size_k * pitch_n];
  };
  union AllPlaces {
    Places<size_m, size_n, threads> factors;
    ResultPlaces<size_m, size_n> results;
  };

  static DEVICE_MEMBER void run(const Product& p) {
    __shared__ Tiles tiles;
    __shared__ AllPlaces places;

    const TilePlace place = tile_place(p, size_m, size_n);
    const i32 part = blockIdx.y;
    i64 at_batch[4];
    walk(p.batch, place.batch, at_batch);

    /* a warp is 4 × 8 threads, so that it reads 16 rows and 32 columns of four-byte sums from shared memory without a conflict */
    const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    constexpr u32 warps_over = over / 8;
    const u32 y = (warp / warps_over * 4 + lane / 8) * 4, x = (warp % warps_over * 8 + lane % 8) * 4;

    S sums[rows][columns];
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
      for (int j = 0; j < columns; j++) sums[i][j] = S(0);

    const auto put = [&](const auto& from_a, const auto& from_b, int buffer) {
      const auto as = [](T x) { return factor(x); };
      from_a.template put<1, pitch_m>(p.reading_a, tiles.a[buffer], as);
      from_b.template put<1, pitch_n>(p.reading_b, tiles.b[buffer], as);
    };
    const auto multiply = [&](int buffer) {
#pragma unroll
      for (int t = 0; t < size_k; t++) {
        S left[rows], right[columns];
#pragma unroll
        for (int i = 0; i < rows; i += 4) {
          const Four<S> four = *reinterpret_cast<const Four<S>*>(tiles.a[buffer] + t * pitch_m + y + i * down);
#pragma unroll
          for (int c = 0; c < 4; c++) left[i + c] = four.x[c];
        }
#pragma unroll
        for (int j = 0; j < columns; j += 4) {
          const Four<S> four = *reinterpret_cast<const Four<S>*>(tiles.b[buffer] + t * pitch_n + x + j * over);
#pragma unroll
          for (int c = 0; c < 4; c++) right[j + c] = four.x[c];
        }
#pragma unroll
        for (int i = 0; i < rows; i++)
#pragma unroll
          for (int j = 0; j < columns; j++) sums[i][j] = multiply_add(left[i], right[j], sums[i][j]);
      }
    };
    multiply_tiles<T, size_m, size_n, size_k, threads>(
        p, place, part, at_batch, p.reading_a, p.reading_b, places.factors, put, multiply);

    if (!p.partial) {
      places.results.template find<threads>(p, place);
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < rows; i++) {
      const int r = y + i / 4 * 4 * down + i % 4;
      if (place.m + r >= p.m.count) continue;
#pragma unroll
      for (int j = 0; j < columns; j += 4) {
        const int c = x + j * over;
        store_four<T>(p, place, part, at_batch, places.results, r, c, sums[i] + j);
      }
    }
  }
};

/*
 * 128 × 128: 64 multiplications for 16 elements from shared memory, 16 for each byte of float32 that a tile brings; 23 KiB and at most 128 registers let two
 * blocks share a multiprocessor. 64 × 64 fills a card with smaller results, 32 × 32 serves batches of small matrices.
 */
KERNEL_AT_ONCE(matmul_128_f32, Product, 256, 2) { Tiled<float, 128, 128, 8, 8, 8>::run(args); }
KERNEL_AT_ONCE(matmul_128_f16, Product, 256, 2) { Tiled<f16, 128, 128, 8, 8, 8>::run(args); }
KERNEL_AT_ONCE(matmul_128_bf16, Product, 256, 2) { Tiled<bf16, 128, 128, 8, 8, 8>::run(args); }

KERNEL(matmul_64_f32, Product, 256) { Tiled<float, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_f64, Product, 256) { Tiled<double, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_f16, Product, 256) { Tiled<f16, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_bf16, Product, 256) { Tiled<bf16, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_i64, Product, 256) { Tiled<i64, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_i32, Product, 256) { Tiled<i32, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_i16, Product, 256) { Tiled<i16, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_i8, Product, 256) { Tiled<i8, 64, 64, 16, 4, 4>::run(args); }
KERNEL(matmul_64_u8, Product, 256) { Tiled<u8, 64, 64, 16, 4, 4>::run(args); }

KERNEL(matmul_32_f32, Product, 64) { Tiled<float, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_f64, Product, 64) { Tiled<double, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_f16, Product, 64) { Tiled<f16, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_bf16, Product, 64) { Tiled<bf16, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_i64, Product, 64) { Tiled<i64, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_i32, Product, 64) { Tiled<i32, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_i16, Product, 64) { Tiled<i16, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_i8, Product, 64) { Tiled<i8, 32, 32, 16, 4, 4>::run(args); }
KERNEL(matmul_32_u8, Product, 64) { Tiled<u8, 32, 32, 16, 4, 4>::run(args); }
