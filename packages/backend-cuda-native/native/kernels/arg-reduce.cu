/* Positions of extremes: of equal keys the first wins. A line belongs to one thread, to a warp or to a block; long ones are cut into parts. */
#include "order.cuh"

struct ArgReduce {
  i64* out;
  const void* in;
  /* Where lines begin, in `out` and `in`. */
  Walk<2> lines;
  /* Within a line. */
  Walk<1> line;
  i64 part_length;
  i32 parts;
  i32 smallest;
  /* What parts found, `[parts, lines]`; not used if there is but one. */
  u64* keys;
  i64* positions;
};

template <typename K> struct Best {
  K key;
  i64 at;
};

template <typename K> DEVICE Best<K> better(Best<K> a, Best<K> b) {
  return b.key > a.key || (b.key == a.key && b.at < a.at) ? b : a;
}

/* Every element comes before it. */
template <typename K> DEVICE Best<K> nothing() { return {K(0), 0x7fffffffffffffffll}; }

template <typename K> DEVICE Best<K> warp_best(Best<K> mine) {
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) {
    const Best<K> other = {__shfl_xor_sync(0xffffffffu, mine.key, step), __shfl_xor_sync(0xffffffffu, mine.at, step)};
    mine = better(mine, other);
  }
  return mine;
}

constexpr int arg_threads = 256;

/* Of all threads of a block, in its first warp. */
template <typename K> DEVICE Best<K> block_best(Best<K> mine) {
  __shared__ Best<K> warps[arg_threads / 32];
  const int lane = threadIdx.x % 32;
  mine = warp_best(mine);
  __syncthreads();
  if (lane == 0) warps[threadIdx.x / 32] = mine;
  __syncthreads();
  return warp_best(lane < arg_threads / 32 ? warps[lane] : nothing<K>());
}

/* `lanes` threads share a line: 1, 32 or the block. */
template <typename T, int lanes> DEVICE void arg_reduce(const ArgReduce& args) {
  typedef Key<T> K;
  const i64 pieces = args.lines.count * args.parts;
  const int lane = threadIdx.x % lanes;
  const bool smallest = args.smallest != 0;
  const i64 stride = args.line.rank == 0 ? 0 : args.line.strides[0][0];
  for (i64 piece = thread_number() / lanes; piece < pieces; piece += thread_count() / lanes) {
    const i64 part = args.parts == 1 ? 0 : piece / args.lines.count;
    i64 at[2];
    walk(args.lines, piece - part * args.lines.count, at);
    const T* in = static_cast<const T*>(args.in) + at[1];
    const i64 begin = part * args.part_length;
    const i64 end = min(begin + args.part_length, args.line.count);
    Best<K> best = nothing<K>();
    if (args.line.rank <= 1) {
#pragma unroll 4
      for (i64 i = begin + lane; i < end; i += lanes) best = better(best, Best<K>{extreme_key(in[i * stride], smallest), i});
    } else {
      for (i64 i = begin + lane; i < end; i += lanes) {
        i64 inside[1];
        walk(args.line, i, inside);
        best = better(best, Best<K>{extreme_key(in[inside[0]], smallest), i});
      }
    }
    if (lanes == 32) best = warp_best(best);
    if (lanes > 32) best = block_best(best);
    if (lane != 0) continue;
    if (args.parts == 1) {
      args.out[at[0]] = best.at;
    } else {
      args.keys[piece] = best.key;
      args.positions[piece] = best.at;
    }
  }
}

#define ARG_REDUCE(T)                                                                           \
  KERNEL(arg_reduce_thread_##T, ArgReduce, arg_threads) { arg_reduce<T, 1>(args); }             \
  KERNEL(arg_reduce_warp_##T, ArgReduce, arg_threads) { arg_reduce<T, 32>(args); }              \
  KERNEL(arg_reduce_block_##T, ArgReduce, arg_threads) { arg_reduce<T, arg_threads>(args); }

EVERY_DTYPE(ARG_REDUCE)

/* The best of the parts of each line. */
KERNEL(arg_reduce_parts, ArgReduce, 256) {
  const i64 lines = args.lines.count;
  for (i64 line = thread_number(); line < lines; line += thread_count()) {
    Best<u64> best = nothing<u64>();
    for (i64 piece = line; piece < lines * args.parts; piece += lines) {
      best = better(best, Best<u64>{args.keys[piece], args.positions[piece]});
    }
    i64 at[2];
    walk(args.lines, line, at);
    args.out[at[0]] = best.at;
  }
}
