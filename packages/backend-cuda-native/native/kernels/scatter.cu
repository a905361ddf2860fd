/*
 * Values combined into an output where an index says. Those that fall on one element are combined in index order: the indices of a line are sorted first,
 * stably, so that they are neighbours, a run. Every element of the output has one writer. Nothing is written if any index is out of range.
 */
#include "index.cuh"

/* Checks all indices, and makes dense keys of them if there is to be an order. */
struct ScatterKeys {
  Index index;
  void* keys;
  i32 wide_keys;
  i32 pad;
  /* keys, index */
  Walk<2> walk;
  i64 size;
  /* Set if an index is out of range. */
  i32* refused;
  Faults* faults;
  i32 code;
};

KERNEL(scatter_keys, ScatterKeys, 256) {
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[2];
    walk(args.walk, i, at);
    const i64 chosen = index_at(args.index, at[1]);
    if (outside(chosen, args.size)) {
      report_fault(args.faults, args.code, chosen);
      *args.refused = 1;
    } else if (args.keys) {
      if (args.wide_keys) static_cast<i64*>(args.keys)[at[0]] = chosen;
      else static_cast<u32*>(args.keys)[at[0]] = u32(chosen);
    }
  }
}

enum Mode { mode_set, mode_add, mode_multiply, mode_max, mode_min };

DEVICE float sum(float a, float b) { return a + b; }
DEVICE double sum(double a, double b) { return a + b; }
DEVICE i64 sum(i64 a, i64 b) { return i64(u64(a) + u64(b)); }
DEVICE float product(float a, float b) { return a * b; }
DEVICE double product(double a, double b) { return a * b; }
DEVICE i64 product(i64 a, i64 b) { return i64(u64(a) * u64(b)); }

/* What is there, combined with a value. Extremes keep a NaN. */
template <typename V> DEVICE V combine(i32 mode, V there, V x) {
  if (mode == mode_add) return sum(there, x);
  if (mode == mode_multiply) return product(there, x);
  if (mode == mode_max) return there > x || there != there ? there : x;
  if (mode == mode_min) return there < x || there != there ? there : x;
  return x;
}

/* No two values fall on one element. */
struct ScatterDirect {
  void* out;
  Index index;
  const void* source;
  /* out without the axis, index, source */
  Walk<3> walk;
  i64 step;
  const i32* refused;
  i32 mode;
};

template <typename T> DEVICE void scatter_direct(const ScatterDirect& args) {
  if (*args.refused) return;
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[3];
    walk(args.walk, i, at);
    T* out = static_cast<T*>(args.out) + at[0] + index_at(args.index, at[1]) * args.step;
    const T x = static_cast<const T*>(args.source)[at[2]];
    *out = args.mode == mode_set ? x : element<T>(combine(args.mode, value(*out), value(x)));
  }
}

/* Sums and extremes of whole numbers are the same in any order. */
template <typename T, typename Unsigned> DEVICE void scatter_atomic(const ScatterDirect& args) {
  if (*args.refused) return;
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[3];
    walk(args.walk, i, at);
    T* out = static_cast<T*>(args.out) + at[0] + index_at(args.index, at[1]) * args.step;
    const T x = static_cast<const T*>(args.source)[at[2]];
    if (args.mode == mode_add) atomicAdd(reinterpret_cast<Unsigned*>(out), Unsigned(x));
    else if (args.mode == mode_max) atomicMax(out, x);
    else atomicMin(out, x);
  }
}

KERNEL(scatter_atomic_i32, ScatterDirect, 256) { scatter_atomic<i32, u32>(args); }
KERNEL(scatter_atomic_i64, ScatterDirect, 256) { scatter_atomic<i64, u64>(args); }

/* Values in the order of what they fall on. A column is what one line of the output gets; columns may share their indices. */
struct ScatterRuns {
  void* out;
  const void* source;
  /* Sorted lines of indices, and the places that they came from. */
  const void* keys;
  const void* places;
  /* Where columns begin, in `out`, `keys` and `source`. */
  Walk<3> columns;
  i64 out_step;
  i64 source_step;
  /* Values of a column. */
  i64 length;
  /* Values that a thread combines. */
  i64 chunk;
  /* `[chunks, columns]`: what chunks contribute to a run that begins before them, and to one that goes on behind them. */
  void* heads;
  void* tails;
  const i32* refused;
  i32 mode;
  /* Whether keys and places have 64 bits. */
  i32 wide_keys;
  i32 wide_places;
  /* Whether neighbouring threads share a column, rather than a place in their columns. */
  i32 along;
};

DEVICE i64 ordered(const void* numbers, i32 wide, i64 i) {
  return wide ? static_cast<const i64*>(numbers)[i] : i64(static_cast<const u32*>(numbers)[i]);
}

/* One of the columns. */
template <typename T> struct Column {
  const ScatterRuns& args;
  T* out;
  i64 line;
  const T* source;

  DEVICE_MEMBER Column(const ScatterRuns& of, i64 number) : args(of) {
    i64 at[3];
    walk(args.columns, number, at);
    out = static_cast<T*>(args.out) + at[0];
    line = at[1];
    source = static_cast<const T*>(args.source) + at[2];
  }
  DEVICE_MEMBER i64 key(i64 i) const { return ordered(args.keys, args.wide_keys, line + i); }
  DEVICE_MEMBER T get(i64 i) const { return source[ordered(args.places, args.wide_places, line + i) * args.source_step]; }
  DEVICE_MEMBER T& target(i64 key) const { return out[key * args.out_step]; }
  /* Whether element i falls where the one before it does. */
  DEVICE_MEMBER bool continues(i64 i) const { return i > 0 && i < args.length && key(i) == key(i - 1); }
};

/* The last of a run wins. */
template <typename T> DEVICE void scatter_set(const ScatterRuns& args) {
  if (*args.refused) return;
  const i64 columns = args.columns.count;
  for (i64 t = thread_number(); t < columns * args.length; t += thread_count()) {
    const i64 slow = t / (args.along ? args.length : columns);
    const i64 fast = t - slow * (args.along ? args.length : columns);
    const i64 i = args.along ? fast : slow;
    const Column<T> column(args, args.along ? slow : fast);
    if (!column.continues(i + 1)) column.target(column.key(i)) = column.get(i);
  }
}

KERNEL(scatter_set_1, ScatterRuns, 256) { scatter_set<u8>(args); }
KERNEL(scatter_set_2, ScatterRuns, 256) { scatter_set<u16>(args); }
KERNEL(scatter_set_4, ScatterRuns, 256) { scatter_set<u32>(args); }
KERNEL(scatter_set_8, ScatterRuns, 256) { scatter_set<u64>(args); }

/* A thread combines a chunk of a column. Runs that lie within it are done; of the others it leaves its share. */
template <typename T> DEVICE void scatter_runs(const ScatterRuns& args) {
  if (*args.refused) return;
  typedef Value<T> V;
  constexpr int ahead = 4;
  const i64 columns = args.columns.count;
  const i64 chunks = (args.length + args.chunk - 1) / args.chunk;
  for (i64 t = thread_number(); t < chunks * columns; t += thread_count()) {
    const i64 chunk = t / columns;
    const Column<T> column(args, t - chunk * columns);
    const i64 begin = chunk * args.chunk;
    const i64 end = min(begin + args.chunk, args.length);
    i64 run = column.key(begin);
    bool head = column.continues(begin);
    V all = value(column.get(begin));
    if (!head) all = combine(args.mode, V(value(column.target(run))), all);
    for (i64 first = begin + 1; first < end; first += ahead) {
      /* what several steps need is asked for at once */
      i64 keys[ahead];
      T elements[ahead];
#pragma unroll
      for (int k = 0; k < ahead; k++) {
        if (first + k >= end) break;
        keys[k] = column.key(first + k);
        elements[k] = column.get(first + k);
      }
#pragma unroll
      for (int k = 0; k < ahead; k++) {
        if (first + k >= end) break;
        const V x = value(elements[k]);
        if (keys[k] == run) {
          all = combine(args.mode, all, x);
          continue;
        }
        if (head) static_cast<V*>(args.heads)[t] = all;
        else column.target(run) = element<T>(all);
        head = false;
        run = keys[k];
        all = combine(args.mode, V(value(column.target(run))), x);
      }
    }
    if (head) static_cast<V*>(args.heads)[t] = all;
    else if (column.continues(end)) static_cast<V*>(args.tails)[t] = all;
    else column.target(run) = element<T>(all);
  }
}

/* Runs that reach over chunks: the thread of the chunk where one begins joins what the others left. */
template <typename T> DEVICE void scatter_join(const ScatterRuns& args) {
  if (*args.refused) return;
  typedef Value<T> V;
  const i64 columns = args.columns.count;
  const i64 chunks = (args.length + args.chunk - 1) / args.chunk;
  const V* heads = static_cast<const V*>(args.heads);
  for (i64 t = thread_number(); t < chunks * columns; t += thread_count()) {
    const i64 chunk = t / columns;
    const i64 column_number = t - chunk * columns;
    const Column<T> column(args, column_number);
    const i64 begin = chunk * args.chunk;
    i64 end = begin + args.chunk;
    if (!column.continues(end)) continue;
    const i64 run = column.key(end);
    if (column.continues(begin) && column.key(begin) == run) continue;
    V all = static_cast<const V*>(args.tails)[t];
    for (i64 next = chunk + 1; end < args.length && column.key(end) == run; next++) {
      all = combine(args.mode, all, heads[next * columns + column_number]);
      end += args.chunk;
    }
    column.target(run) = element<T>(all);
  }
}

#define SCATTER(T)                                                             \
  KERNEL(scatter_direct_##T, ScatterDirect, 256) { scatter_direct<T>(args); }  \
  KERNEL(scatter_runs_##T, ScatterRuns, 256) { scatter_runs<T>(args); }        \
  KERNEL(scatter_join_##T, ScatterRuns, 256) { scatter_join<T>(args); }

EVERY_DTYPE(SCATTER)
