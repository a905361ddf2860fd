/*
 * Running sums, products and extremes. Every kernel combines states in an order that depends on sizes alone. A line belongs to one thread, or to one block per
 * part of it: then a first launch leaves the totals of the parts, and in the second each block starts from those before its own.
 */
#include "order.cuh"

struct Scan {
  void* values;
  i64* indices;
  const void* in;
  /* Where lines begin, in `values`, `indices` and `in`, and the steps along them. */
  Walk<3> lines;
  i64 steps[3];
  i64 length;
  i64 part_length;
  i32 parts;
  i32 reverse;
  i32 smallest;
  /* 1: only totals are wanted. */
  i32 measure;
  /* `[lines, parts]`, 16 bytes each; not used if there is one part. */
  void* totals;
};

/* A line as a thread sees it. Elements have numbers in the order they are met. */
template <typename T> struct Line {
  T* values;
  i64* indices;
  const T* in;

  DEVICE_MEMBER Line(const Scan& args, i64 number) {
    i64 at[3];
    walk(args.lines, number, at);
    values = static_cast<T*>(args.values) + at[0];
    indices = args.indices ? args.indices + at[1] : nullptr;
    in = static_cast<const T*>(args.in) + at[2];
  }
};

/* What runs along a line: a state, how two follow one another, and what is kept of it. */
template <typename T> struct Sum {
  typedef T Element;
  typedef Accum<T> State;
  static DEVICE_MEMBER State none() { return State(0); }
  static DEVICE_MEMBER float join(float a, float b) { return a + b; }
  static DEVICE_MEMBER double join(double a, double b) { return a + b; }
  static DEVICE_MEMBER i64 join(i64 a, i64 b) { return i64(u64(a) + u64(b)); }
  static DEVICE_MEMBER State of(const Scan&, T x, i64) { return value(x); }
  static DEVICE_MEMBER void store(const Scan& args, const Line<T>& line, i64 place, State x) {
    line.values[place * args.steps[0]] = element<T>(x);
  }
};

template <typename T> struct Product {
  typedef T Element;
  typedef Accum<T> State;
  static DEVICE_MEMBER State none() { return State(1); }
  static DEVICE_MEMBER float join(float a, float b) { return a * b; }
  static DEVICE_MEMBER double join(double a, double b) { return a * b; }
  static DEVICE_MEMBER i64 join(i64 a, i64 b) { return i64(u64(a) * u64(b)); }
  static DEVICE_MEMBER State of(const Scan&, T x, i64) { return value(x); }
  static DEVICE_MEMBER void store(const Scan& args, const Line<T>& line, i64 place, State x) {
    line.values[place * args.steps[0]] = element<T>(x);
  }
};

/* The largest key so far, and where it was met last. */
struct Latest {
  u64 key;
  i64 place;
};

template <typename T> struct Extreme {
  typedef T Element;
  typedef Latest State;
  static DEVICE_MEMBER State none() { return {0, -1}; }
  static DEVICE_MEMBER State join(State a, State b) { return b.place >= 0 && b.key >= a.key ? b : a; }
  static DEVICE_MEMBER State of(const Scan& args, T x, i64 place) { return {extreme_key(x, args.smallest != 0), place}; }
  static DEVICE_MEMBER void store(const Scan& args, const Line<T>& line, i64 place, State x) {
    line.values[place * args.steps[0]] = line.in[x.place * args.steps[2]];
    line.indices[place * args.steps[1]] = x.place;
  }
};

template <typename S> DEVICE S shuffle_up(S x, int by) { return __shfl_up_sync(0xffffffffu, x, by); }
DEVICE Latest shuffle_up(Latest x, int by) {
  return {__shfl_up_sync(0xffffffffu, x.key, by), __shfl_up_sync(0xffffffffu, x.place, by)};
}

DEVICE i64 place_of(const Scan& args, i64 k) { return args.reverse ? args.length - 1 - k : k; }

/* A thread per line. */
template <typename R> DEVICE void scan_lines(const Scan& args) {
  typedef typename R::State State;
  for (i64 number = thread_number(); number < args.lines.count; number += thread_count()) {
    const Line<typename R::Element> line(args, number);
    State before = R::none();
    /* rounding errors don't pile up where sums are taken in runs */
    for (i64 first = 0; first < args.length; first += 32) {
      const i64 end = min(first + 32, args.length);
      State running = R::none();
      for (i64 k = first; k < end; k++) {
        const i64 place = place_of(args, k);
        running = R::join(running, R::of(args, line.in[place * args.steps[2]], place));
        R::store(args, line, place, R::join(before, running));
      }
      before = R::join(before, running);
    }
  }
}

constexpr int scan_threads = 256;
constexpr int scan_warps = scan_threads / 32;
/* Elements of a thread in a tile, side by side. */
constexpr int scan_chunk = 4;
constexpr int scan_tile = scan_threads * scan_chunk;

/* Where a state waits: one place in 32 is left free, so that neighbouring threads meet different banks. */
DEVICE int slot_of(int i) { return i + i / 32; }

/* The states of a block's threads, each joined with those of its warp before it; `warps` gets the totals of the warps. */
template <typename R> DEVICE typename R::State scan_warp(typename R::State mine, typename R::State* warps) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int step = 1; step < 32; step <<= 1) {
    const typename R::State other = shuffle_up(mine, step);
    if (lane >= step) mine = R::join(other, mine);
  }
  if (lane == 31) warps[threadIdx.x / 32] = mine;
  return mine;
}

/* What the parts before `part` amount to. */
template <typename R> DEVICE typename R::State total_before(const typename R::State* totals, int part, typename R::State* warps) {
  typename R::State mine = R::none();
  const int each = (part + scan_threads - 1) / scan_threads;
  const int begin = min(int(threadIdx.x) * each, part), end = min(begin + each, part);
  for (int i = begin; i < end; i++) mine = R::join(mine, totals[i]);
  __syncthreads();
  scan_warp<R>(mine, warps);
  __syncthreads();
  typename R::State all = R::none();
  for (int w = 0; w < scan_warps; w++) all = R::join(all, warps[w]);
  return all;
}

/* A block per part of a line. */
template <typename R> DEVICE void scan_blocks(const Scan& args) {
  typedef typename R::State State;
  __shared__ State states[scan_tile + scan_tile / 32];
  __shared__ State warps[scan_warps];
  State* const totals = static_cast<State*>(args.totals);
  const int thread = threadIdx.x;
  for (i64 piece = blockIdx.x; piece < args.lines.count * args.parts; piece += gridDim.x) {
    const i64 number = piece / args.parts;
    const int part = int(piece - number * args.parts);
    const Line<typename R::Element> line(args, number);
    State carry = R::none();
    if (part > 0 && !args.measure) carry = total_before<R>(totals + number * args.parts, part, warps);
    const i64 last = min((part + 1) * args.part_length, args.length);
    for (i64 tile = part * args.part_length; tile < last; tile += scan_tile) {
      for (int i = thread; i < scan_tile; i += scan_threads) {
        const i64 place = place_of(args, tile + i);
        states[slot_of(i)] = tile + i < last ? R::of(args, line.in[place * args.steps[2]], place) : R::none();
      }
      __syncthreads();
      State mine[scan_chunk];
      State chunk = R::none();
#pragma unroll
      for (int i = 0; i < scan_chunk; i++) mine[i] = chunk = R::join(chunk, states[slot_of(thread * scan_chunk + i)]);
      const State upto = scan_warp<R>(chunk, warps);
      const State left = shuffle_up(upto, 1);
      __syncthreads();
      State before = carry;
      for (int w = 0; w < scan_warps; w++) {
        if (w == thread / 32) before = carry;
        carry = R::join(carry, warps[w]);
      }
      if (thread % 32 > 0) before = R::join(before, left);
#pragma unroll
      for (int i = 0; i < scan_chunk; i++) states[slot_of(thread * scan_chunk + i)] = R::join(before, mine[i]);
      __syncthreads();
      if (args.measure) continue;
      for (int i = thread; i < scan_tile && tile + i < last; i += scan_threads) {
        R::store(args, line, place_of(args, tile + i), states[slot_of(i)]);
      }
    }
    if (args.measure && thread == 0) totals[piece] = carry;
  }
}

#define SCAN(kind, Run, T)                                                       \
  KERNEL(kind##_lines_##T, Scan, scan_threads) { scan_lines<Run<T>>(args); }     \
  KERNEL(kind##_blocks_##T, Scan, scan_threads) { scan_blocks<Run<T>>(args); }

#define SCANS(T)             \
  SCAN(cumsum, Sum, T)       \
  SCAN(cumprod, Product, T)  \
  SCAN(extreme, Extreme, T)

EVERY_DTYPE(SCANS)
