/*
 * Pooling over windows of up to three dims and its gradients, a thread to an element of the result: gradients are gathered from the windows that an element lies
 * in, so that nothing is added atomically.
 */
#include "math.cuh"

constexpr int pool_threads = 256;

/* Windows over planes. Dims that are missing come first and have size 1. */
struct Windows {
  i32 size[3], count[3], kernel[3], stride[3], padding[3], dilation[3];
  /* Whether windows have unlike sizes: from ⌊o·size/count⌋ to ⌈(o+1)·size/count⌉. */
  i32 adaptive;
  i32 pad;
};

/* Steps of an operand along samples, channels and spatial dims. */
struct Steps {
  i64 along[5];
};

/* The positions of a window along a dim, or windows that hold a position: the first, the step, and how many. */
struct Reach {
  i32 first, step, count;
};

DEVICE Reach window_at(const Windows& w, int d, i32 o) {
  Reach reach;
  if (w.adaptive) {
    const i64 size = w.size[d], count = w.count[d];
    reach.first = i32(o * size / count);
    reach.step = 1;
    reach.count = i32(((o + 1) * size + count - 1) / count) - reach.first;
    return reach;
  }
  const i32 start = o * w.stride[d] - w.padding[d], step = w.dilation[d];
  const i32 before = start < 0 ? (-start + step - 1) / step : 0;
  const i32 room = (w.size[d] - start + step - 1) / step;
  reach.first = start + before * step;
  reach.step = step;
  reach.count = (room < w.kernel[d] ? room : w.kernel[d]) - before;
  return reach;
}
/* Windows from which one tap or another may be at `p`. */
DEVICE Reach holders_of(const Windows& w, int d, i32 p) {
  const i32 last = (p + w.padding[d]) / w.stride[d];
  const i32 before = p + w.padding[d] - w.dilation[d] * (w.kernel[d] - 1);
  Reach reach;
  reach.first = before <= 0 ? 0 : (before + w.stride[d] - 1) / w.stride[d];
  reach.step = 1;
  reach.count = (last < w.count[d] ? last + 1 : w.count[d]) - reach.first;
  return reach;
}
/* The length of a window, as means count it. */
DEVICE i32 length_of(const Windows& w, int d, i32 o, bool with_padding) {
  const i32 start = o * w.stride[d] - w.padding[d];
  const i32 end = min(start + w.kernel[d], w.size[d] + w.padding[d]);
  return with_padding ? end - start : min(end, w.size[d]) - max(start, 0);
}

/* An element of `[N, C, …]`: its position along the spatial dims, and where an operand's plane begins. */
struct Element {
  i64 sample, channel;
  i32 at[3];
};
DEVICE Element element_at(i64 i, i64 channels, const i32 (&sizes)[3]) {
  Element e;
#pragma unroll
  for (int d = 2; d >= 0; d--) {
    const i64 next = quotient(i, sizes[d]);
    e.at[d] = i32(i - next * sizes[d]);
    i = next;
  }
  e.sample = quotient(i, channels);
  e.channel = i - e.sample * channels;
  return e;
}
DEVICE i64 plane_of(const Element& e, const Steps& steps) { return e.sample * steps.along[0] + e.channel * steps.along[1]; }
DEVICE i64 place_in(const Steps& steps, i32 a, i32 b, i32 c) { return a * steps.along[2] + b * steps.along[3] + c * steps.along[4]; }

/* Calls `body(a, b, c)` for all positions, in order. */
template <typename Body> DEVICE void each_of(const Reach& x, const Reach& y, const Reach& z, Body body) {
  for (i32 i = 0; i < x.count; i++)
    for (i32 j = 0; j < y.count; j++)
      for (i32 k = 0; k < z.count; k++) body(x.first + i * x.step, y.first + j * y.step, z.first + k * z.step);
}

/* The result and what it is made of: for maxima also the positions, which their gradient reads. */
template <typename T> struct PoolArgs {
  T* result;
  i64* positions;
  const T* from;
  i64 total, channels;
  Windows windows;
  Steps result_steps, position_steps, from_steps;
  /* For means: what their sums are divided by, or 0; and whether padding counts. */
  double divisor;
  i32 has_divisor;
  i32 with_padding;
};

/* A NaN is the largest, and the last one counts. */
template <typename T> DEVICE void max_pool(const PoolArgs<T>& args) {
  typedef Value<T> V;
  const Windows& w = args.windows;
  for (i64 i = thread_number(); i < args.total; i += thread_count()) {
    const Element e = element_at(i, args.channels, w.count);
    const T* plane = args.from + plane_of(e, args.from_steps);
    V best = V(0);
    i64 found = -1;
    each_of(window_at(w, 0, e.at[0]), window_at(w, 1, e.at[1]), window_at(w, 2, e.at[2]), [&](i32 a, i32 b, i32 c) {
      const V x = value(plane[place_in(args.from_steps, a, b, c)]);
      if (found >= 0 && !(x > best) && !is_nan(x)) return;
      best = x;
      found = (i64(a) * w.size[1] + b) * w.size[2] + c;
    });
    args.result[plane_of(e, args.result_steps) + place_in(args.result_steps, e.at[0], e.at[1], e.at[2])] = element<T>(best);
    args.positions[plane_of(e, args.position_steps) + place_in(args.position_steps, e.at[0], e.at[1], e.at[2])] = found;
  }
}

/* Without a kernel any window may hold an element. */
template <typename T> DEVICE void max_pool_backward(const PoolArgs<T>& args) {
  typedef Value<T> V;
  const Windows& w = args.windows;
  for (i64 i = thread_number(); i < args.total; i += thread_count()) {
    const Element e = element_at(i, args.channels, w.size);
    const T* grad = args.from + plane_of(e, args.from_steps);
    const i64* positions = args.positions + plane_of(e, args.position_steps);
    const i64 own = (i64(e.at[0]) * w.size[1] + e.at[1]) * w.size[2] + e.at[2];
    V sum = V(0);
    Reach reach[3];
#pragma unroll
    for (int d = 0; d < 3; d++) {
      const Reach all = {0, 1, w.count[d]};
      reach[d] = w.adaptive ? all : holders_of(w, d, e.at[d]);
    }
    each_of(reach[0], reach[1], reach[2], [&](i32 a, i32 b, i32 c) {
      if (positions[place_in(args.position_steps, a, b, c)] == own) sum += value(grad[place_in(args.from_steps, a, b, c)]);
    });
    args.result[plane_of(e, args.result_steps) + place_in(args.result_steps, e.at[0], e.at[1], e.at[2])] = element<T>(sum);
  }
}

template <typename T> DEVICE Value<T> divisor_of(const PoolArgs<T>& args, i32 a, i32 b, i32 c) {
  if (args.has_divisor) return Value<T>(args.divisor);
  const Windows& w = args.windows;
  const bool all = args.with_padding != 0;
  return Value<T>(i64(length_of(w, 0, a, all)) * length_of(w, 1, b, all) * length_of(w, 2, c, all));
}

template <typename T> DEVICE void avg_pool(const PoolArgs<T>& args) {
  typedef Value<T> V;
  const Windows& w = args.windows;
  for (i64 i = thread_number(); i < args.total; i += thread_count()) {
    const Element e = element_at(i, args.channels, w.count);
    const T* plane = args.from + plane_of(e, args.from_steps);
    V sum = V(0);
    each_of(window_at(w, 0, e.at[0]), window_at(w, 1, e.at[1]), window_at(w, 2, e.at[2]),
            [&](i32 a, i32 b, i32 c) { sum += value(plane[place_in(args.from_steps, a, b, c)]); });
    const V mean = sum / divisor_of(args, e.at[0], e.at[1], e.at[2]);
    args.result[plane_of(e, args.result_steps) + place_in(args.result_steps, e.at[0], e.at[1], e.at[2])] = element<T>(mean);
  }
}

template <typename T> DEVICE void avg_pool_backward(const PoolArgs<T>& args) {
  typedef Value<T> V;
  const Windows& w = args.windows;
  for (i64 i = thread_number(); i < args.total; i += thread_count()) {
    const Element e = element_at(i, args.channels, w.size);
    const T* grad = args.from + plane_of(e, args.from_steps);
    V sum = V(0);
    each_of(holders_of(w, 0, e.at[0]), holders_of(w, 1, e.at[1]), holders_of(w, 2, e.at[2]),
            [&](i32 a, i32 b, i32 c) { sum += value(grad[place_in(args.from_steps, a, b, c)]) / divisor_of(args, a, b, c); });
    args.result[plane_of(e, args.result_steps) + place_in(args.result_steps, e.at[0], e.at[1], e.at[2])] = element<T>(sum);
  }
}

#define POOLS(type, T)                                                                              \
  KERNEL(max_pool_##type, PoolArgs<T>, pool_threads) { max_pool<T>(args); }                         \
  KERNEL(max_pool_backward_##type, PoolArgs<T>, pool_threads) { max_pool_backward<T>(args); }       \
  KERNEL(avg_pool_##type, PoolArgs<T>, pool_threads) { avg_pool<T>(args); }                         \
  KERNEL(avg_pool_backward_##type, PoolArgs<T>, pool_threads) { avg_pool_backward<T>(args); }
POOLS(f32, float)
POOLS(f64, double)
POOLS(f16, f16)
POOLS(bf16, bf16)
