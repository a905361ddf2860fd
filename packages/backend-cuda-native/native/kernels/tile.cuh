/* What products by tiles share: which tile a block has, where its rows, columns and steps lie, and how a tile of a factor gets into shared memory. */
#pragma once

#include "product.cuh"

/* Neighbouring blocks take neighbouring rows of tiles of one column: eight rows and what they read stay in the second-level cache. */
struct TilePlace {
  i64 batch, m, n;
};
DEVICE TilePlace tile_place(const Product& p, i32 width_m, i32 width_n) {
  const i64 tiles_m = (p.m.count + width_m - 1) / width_m;
  const i64 tiles_n = (p.n.count + width_n - 1) / width_n;
  i64 tile = p.first + blockIdx.x;
  const i64 batch = divide(tile, tiles_m * tiles_n);
  const i64 band = divide(tile, 8 * tiles_n);
  const i64 rows = least(8, tiles_m - 8 * band);
  const i64 column = divide(tile, rows);
  return {batch, (8 * band + tile) * width_m, column * width_n};
}

/* A row that is none reads where there is something: the last one, or the last aligned four. */
DEVICE i64 inside(i64 i, i64 count) { return i < count ? i : count % 4 == 0 ? count - 4 + (i & 3) : count - 1; }

/* The parts of addresses that rows and columns of a tile have, and those of steps of k, a step for each thread at a time. */
template <int width_m, int width_n, int threads> struct Places {
  i64 m[width_m];
  i64 n[width_n];
  i64 k[2][threads];

  DEVICE_MEMBER void find_rows(const Product& p, const TilePlace& place) {
    for (int i = threadIdx.x; i < width_m; i += threads) {
      i64 at[3];
      walk(p.m, inside(place.m + i, p.m.count), at);
      m[i] = at[2];
    }
    for (int i = threadIdx.x; i < width_n; i += threads) {
      i64 at[3];
      walk(p.n, inside(place.n + i, p.n.count), at);
      n[i] = at[2];
    }
  }
  DEVICE_MEMBER void find_steps(const Product& p, i64 from) {
    i64 at[2];
    walk(p.k, least(from + threadIdx.x, p.k.count - 1), at);
    k[0][threadIdx.x] = at[0];
    k[1][threadIdx.x] = at[1];
  }
};

/* The same for results: in `out` and in the addend. */
template <int width_m, int width_n> struct ResultPlaces {
  i64 m[2][width_m];
  i64 n[2][width_n];

  template <int threads> DEVICE_MEMBER void find(const Product& p, const TilePlace& place) {
    for (int i = threadIdx.x; i < width_m; i += threads) {
      i64 at[3];
      walk(p.m, least(place.m + i, p.m.count - 1), at);
      m[0][i] = at[0];
      m[1][i] = at[1];
    }
    for (int i = threadIdx.x; i < width_n; i += threads) {
      i64 at[3];
      walk(p.n, least(place.n + i, p.n.count - 1), at);
      n[0][i] = at[0];
      n[1][i] = at[1];
    }
  }
};

/*
 * A tile of a factor, `width` rows (or columns) by `depth` steps, on its way through registers: `fetch` starts the loads, and `put` stores them where the
 * next tile is read from, once the current one is multiplied.
 */
template <typename T, int width, int depth, int threads> struct Carried {
  static constexpr int count = width * depth / threads;
  static constexpr int groups = count / 4;
  static_assert(count % 4 == 0 && width * depth % threads == 0, "every thread carries fours");
  T held[count];

  /* Calls `visit(element, row, step)` for the first element of each load. */
  template <int each, bool is_across, typename Visit> static DEVICE_MEMBER void visit_all(Visit visit) {
#pragma unroll
    for (int i = 0; i < count / each; i++) {
      const u32 c = threadIdx.x + i * threads;
      constexpr u32 run = (is_across ? width : depth) / each;
      const u32 inner = c % run * each, outer = c / run;
      visit(i * each, is_across ? inner : outer, is_across ? outer : inner);
    }
  }

  template <int each, bool is_across>
  DEVICE_MEMBER void fetch_by(const T* from, const i64* rows, const i64* steps, i64 left) {
    visit_all<each, is_across>([&](int e, u32 r, u32 t) {
      if (i64(t) < left) {
        const T* at = from + rows[r] + steps[t];
        if (each == 4) {
          const Four<T> four = *reinterpret_cast<const Four<T>*>(at);
#pragma unroll
          for (int j = 0; j < each; j++) held[e + j] = four.x[j];
        } else {
          held[e] = *at;
        }
      } else {
#pragma unroll
        for (int j = 0; j < each; j++) held[e + j] = T{};
      }
    });
  }

  /* `rows` and `steps`: parts of addresses; steps from `left` on are zeros. */
  DEVICE_MEMBER void fetch(i32 reading, const T* from, const i64* rows, const i64* steps, i64 left) {
    if (reading == fours) fetch_by<4, false>(from, rows, steps, left);
    else if (reading == (fours | across)) fetch_by<4, true>(from, rows, steps, left);
    else if (reading == across) fetch_by<1, true>(from, rows, steps, left);
    else fetch_by<1, false>(from, rows, steps, left);
  }

  /* `row_step` and `step_step`: how far neighbours are apart in the tile, of which one is 1; `as` makes an element what is kept there. */
  template <int each, bool is_across, int row_step, int step_step, typename S, typename As>
  DEVICE_MEMBER void put_by(S* tile, As as) const {
    visit_all<each, is_across>([&](int e, u32 r, u32 t) {
      S* at = tile + r * row_step + t * step_step;
      constexpr int step = is_across ? row_step : step_step;
      if (each == 4 && step == 1) {
        Four<S> four;
#pragma unroll
        for (int j = 0; j < each; j++) four.x[j] = as(held[e + j]);
        *reinterpret_cast<Four<S>*>(at) = four;
      } else {
#pragma unroll
        for (int j = 0; j < each; j++) at[j * step] = as(held[e + j]);
      }
    });
  }

  template <int row_step, int step_step, typename S, typename As> DEVICE_MEMBER void put(i32 reading, S* tile, As as) const {
    if (reading == fours) put_by<4, false, row_step, step_step>(tile, as);
    else if (reading == (fours | across)) put_by<4, true, row_step, step_step>(tile, as);
    else if (reading == across) put_by<1, true, row_step, step_step>(tile, as);
    else put_by<1, false, row_step, step_step>(tile, as);
  }
};

/*
 * Brings all tiles that a block needs, the next one while the current one is multiplied: `put(carried a, carried b, buffer)` stores what was carried in one
 * of two buffers, `multiply(buffer)` reads it. All threads have met when it returns.
 */
template <typename T, int width_m, int width_n, int depth, int threads, typename Put, typename Multiply>
DEVICE void multiply_tiles(
    const Product& p, const TilePlace& place, i32 part, const i64 (&at_batch)[4], i32 reading_a, i32 reading_b, Places<width_m, width_n, threads>& places,
    Put put, Multiply multiply) {
  const Steps steps = steps_of(p, part);
  if (steps.from >= steps.to) return;
  Carried<T, width_m, depth, threads> carried_a;
  Carried<T, width_n, depth, threads> carried_b;
  const auto fetch = [&](i64 k, int ahead) {
    carried_a.fetch(reading_a, static_cast<const T*>(p.a) + at_batch[2], places.m, places.k[0] + ahead, steps.to - k);
    carried_b.fetch(reading_b, static_cast<const T*>(p.b) + at_batch[3], places.n, places.k[1] + ahead, steps.to - k);
  };
  places.find_rows(p, place);
  places.find_steps(p, steps.from);
  __syncthreads();
  fetch(steps.from, 0);
  put(carried_a, carried_b, 0);
  __syncthreads();
  int buffer = 0, ahead = 0;
  for (i64 k = steps.from; k < steps.to; k += depth) {
    const bool more = k + depth < steps.to;
    if (more) {
      ahead += depth;
      if (ahead == threads) {
        ahead = 0;
        places.find_steps(p, k + depth);
        __syncthreads();
      }
      fetch(k + depth, ahead);
    }
    multiply(buffer);
    buffer ^= 1;
    if (more) put(carried_a, carried_b, buffer);
    __syncthreads();
  }
}

/* Stores the sums of four neighbours in a row of a tile, as far as there are results. */
template <typename T, int width_m, int width_n>
DEVICE void store_four(
    const Product& p, const TilePlace& place, i32 part, const i64 (&at_batch)[4], const ResultPlaces<width_m, width_n>& places, int r, int c,
    const Sum<T>* sums) {
  const i64 left = p.n.count - place.n - c;
  if (left <= 0) return;
  if (p.partial) {
    Sum<T>* to = static_cast<Sum<T>*>(p.partial) + partial_at(p, part, place.batch, place.m + r, place.n + c);
#pragma unroll
    for (int j = 0; j < 4; j++)
      if (j < left) to[j] = sums[j];
    return;
  }
  T* to = static_cast<T*>(p.out) + at_batch[0] + places.m[0][r];
  const i64 addend = at_batch[1] + places.m[1][r];
  Four<T> results;
#pragma unroll
  for (int j = 0; j < 4; j++) results.x[j] = finished<T>(p, sums[j], addend + places.n[1][c + j]);
  if (p.writing == (fours | across)) {
    *reinterpret_cast<Four<T>*>(to + places.n[0][c]) = results;
    return;
  }
#pragma unroll
  for (int j = 0; j < 4; j++)
    if (j < left) to[places.n[0][c + j]] = results.x[j];
}
