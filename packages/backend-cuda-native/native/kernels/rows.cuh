/*
 * Kernels over rows: what is normalised or summed together is a row, whichever dims it has. A team of threads takes a row; src/overrides/rows.ts says how many,
 * and whether neighbours in a block take neighbouring elements of a row or neighbouring rows.
 */
#pragma once
#include "math.cuh"

/* Threads of a block; only kernels over very long rows have more. */
constexpr int row_threads = 256;
constexpr int long_row_threads = 1024;

/* Elements that are read at once where rows allow it: 16 bytes. */
template <typename T> constexpr int pack_width = 16 / sizeof(T);
/* Packs that a thread keeps in registers between passes over its row: 32 values, of float64 16. */
template <typename T> constexpr int kept_packs = sizeof(T) == 8 ? 8 : 32 / pack_width<T>;

template <typename T, int width> struct alignas(width * sizeof(T) < 16 ? width * sizeof(T) : 16) Pack {
  T at[width];
};

template <int width, typename T> DEVICE void load_pack(const T* from, Value<T> (&to)[width]) {
  const Pack<T, width> pack = *reinterpret_cast<const Pack<T, width>*>(from);
#pragma unroll
  for (int k = 0; k < width; k++) to[k] = value(pack.at[k]);
}
template <int width, typename T> DEVICE void store_pack(T* to, const Value<T> (&from)[width]) {
  Pack<T, width> pack;
#pragma unroll
  for (int k = 0; k < width; k++) pack.at[k] = element<T>(from[k]);
  *reinterpret_cast<Pack<T, width>*>(to) = pack;
}

/* A weight, a bias or a statistic beside elements of T; it may be absent. */
struct Beside {
  const void* data;
  /* Whether it is of Value<T> rather than T. */
  i32 wide;
  /* Whether the elements of a pack have one each, rather than one together. */
  i32 step;
};
template <typename T> DEVICE Value<T> load_one(const Beside& from, i64 at) {
  return from.wide ? static_cast<const Value<T>*>(from.data)[at] : value(static_cast<const T*>(from.data)[at]);
}
template <typename T, int width> DEVICE void load_beside(const Beside& from, i64 at, Value<T> (&to)[width]) {
  if (width == 1 || !from.step) {
    const Value<T> x = load_one<T>(from, at);
#pragma unroll
    for (int k = 0; k < width; k++) to[k] = x;
  } else if (from.wide) {
    load_pack<width>(static_cast<const Value<T>*>(from.data) + at, to);
  } else {
    load_pack<width>(static_cast<const T*>(from.data) + at, to);
  }
}

/* How rows are shared out. `lanes`, a power of two, are the threads to a row. */
struct RowLayout {
  i64 count;
  i32 lanes;
  /* Whether neighbouring threads take neighbouring rows. */
  i32 across;
};

/* Rows of operands: where each begins, and where its packs are. */
template <int operands> struct Rows {
  RowLayout layout;
  Walk<operands> outer, inner;
};

struct Team {
  i64 row;
  int lane;
  int lanes;
  /* Rows of the block. */
  int rows;
  bool across;
  /* Whether there is such a row: all threads of a block reach its barriers. */
  bool live;
};

DEVICE Team team_of(const RowLayout& layout) {
  Team team;
  team.lanes = layout.lanes;
  team.rows = int(blockDim.x) / layout.lanes;
  team.across = layout.across != 0;
  const int thread = int(threadIdx.x);
  team.lane = team.across ? thread / team.rows : thread % team.lanes;
  team.row = i64(blockIdx.x) * team.rows + (team.across ? thread % team.rows : thread / team.lanes);
  team.live = team.row < layout.count;
  return team;
}

/* What another lane of the warp has. Structs that go over a team have one of their own. */
DEVICE float exchange(float x, int step) { return __shfl_xor_sync(0xffffffffu, x, step); }
DEVICE double exchange(double x, int step) { return __shfl_xor_sync(0xffffffffu, x, step); }

/* Joins what the lanes of a team have, in one order; `join` gives the same bits with its operands exchanged. Every thread of the block takes part. */
template <typename T, typename Join> DEVICE T team_all(const Team& team, T x, Join join) {
  /* neighbours across are at most row_threads; along, a value to a warp */
  __shared__ T shared[row_threads];
  const int thread = int(threadIdx.x);
  if (team.across) {
    if (team.lanes == 1) return x;
    shared[thread] = x;
    for (int step = team.lanes / 2; step > 0; step /= 2) {
      __syncthreads();
      if (team.lane < step) shared[thread] = join(shared[thread], shared[thread + step * team.rows]);
    }
    __syncthreads();
    x = shared[thread % team.rows];
    __syncthreads();
    return x;
  }
  for (int step = (team.lanes < 32 ? team.lanes : 32) / 2; step > 0; step /= 2) x = join(x, exchange(x, step));
  if (team.lanes <= 32) return x;
  const int warps = team.lanes / 32, warp = thread / 32, first = warp / warps * warps;
  if (thread % 32 == 0) shared[warp] = x;
  __syncthreads();
  x = shared[first];
  for (int k = 1; k < warps; k++) x = join(x, shared[first + k]);
  __syncthreads();
  return x;
}

template <typename V> struct Add {
  DEVICE_MEMBER V operator()(V a, V b) const { return a + b; }
};
template <typename V> DEVICE V team_sum(const Team& team, V x) { return team_all(team, x, Add<V>()); }

/* Two sums over the same elements. */
template <typename V> struct Sums {
  V first, second;
};
template <typename V> DEVICE Sums<V> exchange(Sums<V> x, int step) {
  Sums<V> y = {exchange(x.first, step), exchange(x.second, step)};
  return y;
}
template <typename V> struct AddSums {
  DEVICE_MEMBER Sums<V> operator()(Sums<V> a, Sums<V> b) const {
    Sums<V> both = {a.first + b.first, a.second + b.second};
    return both;
  }
};

/* A sum of many: runs of 32 are summed one after the other, then their sums. */
template <typename V> struct Sum {
  V done, run;
  int terms;
  DEVICE_MEMBER void begin() {
    done = run = V(0);
    terms = 0;
  }
  DEVICE_MEMBER void add(V x) {
    run += x;
    if (++terms % 32 == 0) {
      done += run;
      run = V(0);
    }
  }
  DEVICE_MEMBER V total() const { return done + run; }
};

/* Calls `body(k, p)` for the packs `p` of a lane: `k` numbers those that are kept, which are all of them, or is 0. */
template <int kept, typename Body> DEVICE void each_pack(const Team& team, i64 first, i64 last, Body body) {
  if (kept > 0) {
#pragma unroll
    for (int k = 0; k < kept; k++) {
      const i64 p = first + team.lane + i64(k) * team.lanes;
      if (p < last) body(k, p);
    }
  } else {
    for (i64 p = first + team.lane; p < last; p += team.lanes) body(0, p);
  }
}

/* Element numbers of pack `p` of a row whose operands begin at `start`. Most rows have one dim. */
template <int operands> DEVICE void along(const Walk<operands>& w, const i64 (&start)[operands], i64 p, i64 (&at)[operands]) {
#pragma unroll
  for (int o = 0; o < operands; o++) at[o] = start[o];
#pragma unroll 1
  for (int d = w.rank - 1; d > 0; d--) {
    const i64 size = w.sizes[d];
    const i64 next = quotient(p, size);
#pragma unroll
    for (int o = 0; o < operands; o++) at[o] = step_along(at[o], p - next * size, w.strides[o][d]);
    p = next;
  }
#pragma unroll
  for (int o = 0; o < operands; o++) at[o] = step_along(at[o], p, w.strides[o][0]);
}

/* The packs of a row that a block of many to that row takes. */
struct Share {
  i64 first, last;
};
DEVICE Share share_of(i64 packs, i64 each) {
  const i64 first = i64(blockIdx.y) * each;
  Share share = {first, first + each < packs ? first + each : packs};
  return share;
}
