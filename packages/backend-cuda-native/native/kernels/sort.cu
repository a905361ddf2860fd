/*
 * Stable sorting along an axis. Short lines are sorted in shared memory, several to a block; long ones by digits of their keys, the lowest first: how often
 * each digit occurs in each block, running sums of these counts, and every element to its place.
 */
#include "order.cuh"

/* Short lines: a bitonic network over keys and places, of which no two are equal. */
struct SortRows {
  void* values;
  i64* indices;
  const void* in;
  /* Where lines begin, in `values`, `indices` and `in`, and the steps along them. */
  Walk<3> lines;
  i64 steps[3];
  i32 length;
  /* A power of two that holds `length`. */
  i32 width;
  i32 descending;
  /* Whether neighbouring lines lie side by side in memory, rather than neighbours of a line. */
  i32 beside;
};

constexpr int row_slots = 2048;
constexpr int row_threads = 512;

/* Keys with the places they came from: in one number where that fits. */
template <typename K> struct Slots;
template <> struct Slots<u32> {
  u64 pairs[row_slots];

  DEVICE_MEMBER void set(int slot, u32 key, int place) { pairs[slot] = u64(key) << 32 | u32(place); }
  DEVICE_MEMBER int place(int slot) const { return int(u32(pairs[slot])); }
  DEVICE_MEMBER void settle(int low, int high, bool up) {
    const u64 a = pairs[low], b = pairs[high];
    if ((a > b) != up) return;
    pairs[low] = b;
    pairs[high] = a;
  }
};
template <> struct Slots<u64> {
  u64 keys[row_slots];
  u32 places[row_slots];

  DEVICE_MEMBER void set(int slot, u64 key, int place) {
    keys[slot] = key;
    places[slot] = u32(place);
  }
  DEVICE_MEMBER int place(int slot) const { return int(places[slot]); }
  DEVICE_MEMBER void settle(int low, int high, bool up) {
    const u64 a = keys[low], b = keys[high];
    const u32 p = places[low], q = places[high];
    if ((a > b || (a == b && p > q)) != up) return;
    keys[low] = b;
    keys[high] = a;
    places[low] = q;
    places[high] = p;
  }
};

template <typename T> DEVICE Key<T> sort_key(T x, bool descending) {
  const Key<T> key = order(x);
  return descending ? last_key<T>() - key : key;
}

template <typename T> DEVICE void sort_rows(const SortRows& args) {
  __shared__ Slots<Key<T>> slots;
  const int width = args.width;
  const int rows = row_slots / width;
  const i64 groups = (args.lines.count + rows - 1) / rows;
  for (i64 group = blockIdx.x; group < groups; group += gridDim.x) {
    /* what a thread reads and writes: neighbours in memory */
    const auto row_of = [&](int i) { return args.beside ? i % rows : i / width; };
    const auto place_of = [&](int i) { return args.beside ? i / rows : i % width; };
    for (int i = threadIdx.x; i < row_slots; i += row_threads) {
      const int row = row_of(i), place = place_of(i);
      const i64 line = group * rows + row;
      Key<T> key = ~Key<T>(0);
      if (line < args.lines.count && place < args.length) {
        i64 at[3];
        walk(args.lines, line, at);
        key = sort_key(static_cast<const T*>(args.in)[at[2] + place * args.steps[2]], args.descending != 0);
      }
      slots.set(row * width + place, key, place);
    }
    __syncthreads();
    for (int size = 2; size <= width; size <<= 1) {
      for (int step = size >> 1; step > 0; step >>= 1) {
        for (int pair = threadIdx.x; pair < row_slots / 2; pair += row_threads) {
          const int low = ((pair & ~(step - 1)) << 1) | (pair & (step - 1));
          slots.settle(low, low | step, (low & (width - 1) & size) == 0);
        }
        /* up to steps of 32 a warp stays within slots of its own */
        if (step > 32 || (step == 1 && size >= 64)) __syncthreads();
        else __syncwarp();
      }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < row_slots; i += row_threads) {
      const int row = row_of(i), place = place_of(i);
      const i64 line = group * rows + row;
      if (line >= args.lines.count || place >= args.length) continue;
      i64 at[3];
      walk(args.lines, line, at);
      const i64 from = slots.place(row * width + place);
      static_cast<T*>(args.values)[at[0] + place * args.steps[0]] = static_cast<const T*>(args.in)[at[2] + from * args.steps[2]];
      args.indices[at[1] + place * args.steps[1]] = from;
    }
    __syncthreads();
  }
}

struct SortKeys {
  void* keys;
  const void* in;
  /* keys, in */
  Walk<2> walk;
  i32 descending;
};

template <typename T> DEVICE void sort_keys(const SortKeys& args) {
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[2];
    walk(args.walk, i, at);
    static_cast<Key<T>*>(args.keys)[at[0]] = sort_key(static_cast<const T*>(args.in)[at[1]], args.descending != 0);
  }
}

#define SORT(T)                                                            \
  KERNEL(sort_rows_##T, SortRows, row_threads) { sort_rows<T>(args); }     \
  KERNEL(sort_keys_##T, SortKeys, 256) { sort_keys<T>(args); }

EVERY_DTYPE(SORT)

/* One pass over a digit. Places are u32, or i64 where lines are longer than that. */
struct SortPass {
  const void* keys;
  /* Places that go with the keys; null in the first pass, where they are in order. */
  const void* places;
  /* Null in the last pass if only places are wanted. */
  void* keys_out;
  void* places_out;
  /* `[lines, digits, blocks]`: how often a digit occurs in a block, then how many of its kind come before it. */
  void* counts;
  /* `[lines, digits]`: how often a digit occurs. */
  void* totals;
  i64 lines;
  i64 length;
  /* Elements of a block, a multiple of a tile. */
  i64 chunk;
  i32 blocks;
  i32 shift;
};

constexpr int digits = 256;
constexpr int pass_threads = 256;
constexpr int pass_warps = pass_threads / 32;
/* Elements of a thread in a tile. */
constexpr int pass_items = 8;
constexpr int pass_tile = pass_threads * pass_items;

template <typename K> DEVICE int digit_of(K key, int shift) { return int(key >> shift) & (digits - 1); }

template <typename K, typename P> DEVICE void sort_count(const SortPass& args) {
  __shared__ u32 counts[digits];
  for (i64 piece = blockIdx.x; piece < args.lines * args.blocks; piece += gridDim.x) {
    const i64 line = piece / args.blocks, block = piece - line * args.blocks;
    const K* keys = static_cast<const K*>(args.keys) + line * args.length;
    const i64 end = min((block + 1) * args.chunk, args.length);
    counts[threadIdx.x] = 0;
    __syncthreads();
    for (i64 i = block * args.chunk + threadIdx.x; i < end; i += pass_threads) atomicAdd(&counts[digit_of(keys[i], args.shift)], 1u);
    __syncthreads();
    static_cast<P*>(args.counts)[(line * digits + threadIdx.x) * args.blocks + block] = P(counts[threadIdx.x]);
    __syncthreads();
  }
}

/* A warp per digit of a line: running sums over the blocks. */
template <typename P> DEVICE void sort_sums(const SortPass& args) {
  const int lane = threadIdx.x % 32;
  for (i64 row = thread_number() / 32; row < args.lines * digits; row += thread_count() / 32) {
    P* counts = static_cast<P*>(args.counts) + row * args.blocks;
    P before = 0;
    for (int first = 0; first < args.blocks; first += 32) {
      const int block = first + lane;
      const P own = block < args.blocks ? counts[block] : P(0);
      P upto = own;
#pragma unroll
      for (int step = 1; step < 32; step <<= 1) {
        const P other = __shfl_up_sync(0xffffffffu, upto, step);
        if (lane >= step) upto += other;
      }
      if (block < args.blocks) counts[block] = before + upto - own;
      before += __shfl_sync(0xffffffffu, upto, 31);
    }
    if (lane == 0) static_cast<P*>(args.totals)[row] = before;
  }
}

/* What the threads of a block before this one have in all. */
template <typename P> DEVICE P sum_before(P own, P* warps) {
  const int lane = threadIdx.x % 32;
  P upto = own;
#pragma unroll
  for (int step = 1; step < 32; step <<= 1) {
    const P other = __shfl_up_sync(0xffffffffu, upto, step);
    if (lane >= step) upto += other;
  }
  __syncthreads();
  if (lane == 31) warps[threadIdx.x / 32] = upto;
  __syncthreads();
  P before = upto - own;
  for (int w = 0; w < int(threadIdx.x) / 32; w++) before += warps[w];
  return before;
}

template <typename K, typename P> DEVICE void sort_place(const SortPass& args) {
  /* where the next element of each digit goes, in the line and in the tile */
  __shared__ P bases[digits];
  __shared__ u32 starts[digits];
  /* of each warp: how many of a digit it has met, then where its first one goes in the tile */
  __shared__ u32 met[pass_warps][digits];
  __shared__ P sums[pass_warps];
  __shared__ K tile_keys[pass_tile];
  __shared__ P tile_places[pass_tile];
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  for (i64 piece = blockIdx.x; piece < args.lines * args.blocks; piece += gridDim.x) {
    const i64 line = piece / args.blocks, block = piece - line * args.blocks;
    const i64 row = line * digits + thread;
    const K* keys = static_cast<const K*>(args.keys) + line * args.length;
    const P* places = args.places ? static_cast<const P*>(args.places) + line * args.length : nullptr;
    const P smaller = sum_before(static_cast<const P*>(args.totals)[row], sums);
    bases[thread] = smaller + static_cast<const P*>(args.counts)[row * args.blocks + block];
    const i64 last = min((block + 1) * args.chunk, args.length);
    for (i64 tile = block * args.chunk; tile < last; tile += pass_tile) {
      const int count = int(min(last - tile, i64(pass_tile)));
      for (int w = 0; w < pass_warps; w++) met[w][thread] = 0;
      __syncthreads();
      K mine[pass_items];
      u32 rank[pass_items];
#pragma unroll
      for (int item = 0; item < pass_items; item++) {
        const int i = (warp * pass_items + item) * 32 + lane;
        const bool valid = i < count;
        mine[item] = valid ? keys[tile + i] : K(0);
        const int digit = digit_of(mine[item], args.shift);
        /* those that have no element share a digit of their own */
        const u32 peers = __match_any_sync(0xffffffffu, valid ? u32(digit) : u32(digits));
        const u32 earlier = __popc(peers & ((1u << lane) - 1));
        const u32 before = met[warp][digit];
        __syncwarp();
        if (valid && earlier == 0) met[warp][digit] = before + __popc(peers);
        __syncwarp();
        rank[item] = before + earlier;
      }
      __syncthreads();
      /* a thread per digit */
      u32 total = 0;
      for (int w = 0; w < pass_warps; w++) {
        const u32 own = met[w][thread];
        met[w][thread] = total;
        total += own;
      }
      const u32 start = u32(sum_before(P(total), sums));
      starts[thread] = start;
      for (int w = 0; w < pass_warps; w++) met[w][thread] += start;
      __syncthreads();
#pragma unroll
      for (int item = 0; item < pass_items; item++) {
        const int i = (warp * pass_items + item) * 32 + lane;
        if (i >= count) continue;
        const u32 slot = met[warp][digit_of(mine[item], args.shift)] + rank[item];
        tile_keys[slot] = mine[item];
        tile_places[slot] = places ? places[tile + i] : P(tile + i);
      }
      __syncthreads();
      for (int i = thread; i < count; i += pass_threads) {
        const K key = tile_keys[i];
        const int digit = digit_of(key, args.shift);
        const i64 to = line * args.length + i64(bases[digit] + P(u32(i) - starts[digit]));
        if (args.keys_out) static_cast<K*>(args.keys_out)[to] = key;
        static_cast<P*>(args.places_out)[to] = tile_places[i];
      }
      __syncthreads();
      bases[thread] += P(total);
    }
    __syncthreads();
  }
}

KERNEL(sort_count_32_32, SortPass, pass_threads) { sort_count<u32, u32>(args); }
KERNEL(sort_count_64_32, SortPass, pass_threads) { sort_count<u64, u32>(args); }
KERNEL(sort_count_32_64, SortPass, pass_threads) { sort_count<u32, u64>(args); }
KERNEL(sort_count_64_64, SortPass, pass_threads) { sort_count<u64, u64>(args); }
KERNEL(sort_sums_32, SortPass, pass_threads) { sort_sums<u32>(args); }
KERNEL(sort_sums_64, SortPass, pass_threads) { sort_sums<u64>(args); }
KERNEL(sort_place_32_32, SortPass, pass_threads) { sort_place<u32, u32>(args); }
KERNEL(sort_place_64_32, SortPass, pass_threads) { sort_place<u64, u32>(args); }
KERNEL(sort_place_32_64, SortPass, pass_threads) { sort_place<u32, u64>(args); }
KERNEL(sort_place_64_64, SortPass, pass_threads) { sort_place<u64, u64>(args); }

/* Values and indices by the places that were found. */
struct SortFinish {
  void* values;
  i64* indices;
  const void* in;
  const void* places;
  /* values, indices, places, and `in` without the axis */
  Walk<4> walk;
  i64 step;
};

template <typename T, typename P> DEVICE void sort_finish(const SortFinish& args) {
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[4];
    walk(args.walk, i, at);
    const i64 place = i64(static_cast<const P*>(args.places)[at[2]]);
    static_cast<T*>(args.values)[at[0]] = static_cast<const T*>(args.in)[at[3] + place * args.step];
    args.indices[at[1]] = place;
  }
}

#define SORT_FINISH(bytes, T)                                                             \
  KERNEL(sort_finish_##bytes##_32, SortFinish, 256) { sort_finish<T, u32>(args); }        \
  KERNEL(sort_finish_##bytes##_64, SortFinish, 256) { sort_finish<T, u64>(args); }

SORT_FINISH(1, u8)
SORT_FINISH(2, u16)
SORT_FINISH(4, u32)
SORT_FINISH(8, u64)
