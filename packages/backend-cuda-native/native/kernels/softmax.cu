/* Softmax, its logarithm and their gradients. Rows that fit are kept in registers; of longer ones, the largest value and the sum are found in one pass. */
#include "rows.cuh"

template <typename T> struct SoftmaxArgs {
  T* y;
  const T* x;
  Rows<2> rows;
};

/* The gradient of the result comes first, then the result itself. */
template <typename T> struct SoftmaxBackwardArgs {
  T* result;
  const T* grad;
  const T* y;
  Rows<3> rows;
};

/* The largest of some values, and the sum of the exponentials of their distances to it. */
template <typename V> struct Exponentials {
  V largest, total;
};
template <typename V> DEVICE V lowest() { return V(float_of_bits(0xff800000u)); }

template <typename V> DEVICE Exponentials<V> exchange(Exponentials<V> x, int step) {
  Exponentials<V> y = {exchange(x.largest, step), exchange(x.total, step)};
  return y;
}
template <typename V> struct JoinExponentials {
  DEVICE_MEMBER Exponentials<V> operator()(Exponentials<V> a, Exponentials<V> b) const {
    const V largest = a.largest > b.largest ? a.largest : b.largest;
    /* of nothing but -Infinity there is no sum yet: it would be NaN where another lane has more */
    if (largest == lowest<V>()) {
      Exponentials<V> none = {largest, a.total + b.total};
      return none;
    }
    Exponentials<V> both = {largest, a.total * fn_exp(a.largest - largest) + b.total * fn_exp(b.largest - largest)};
    return both;
  }
};
template <typename V> struct Larger {
  DEVICE_MEMBER V operator()(V a, V b) const { return fn_max(a, b); }
};

template <typename T, int width, int kept, bool logarithm> DEVICE void softmax(const SoftmaxArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.rows.layout);
  const i64 packs = team.live ? args.rows.inner.count : 0;
  i64 start[2];
  walk(args.rows.outer, team.row, start);
  V own[kept > 0 ? kept : 1][width];

  V largest = lowest<V>(), total = V(0);
  if (kept > 0) {
    each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
      i64 at[2];
      along(args.rows.inner, start, p, at);
      load_pack<width>(args.x + at[1], own[k]);
#pragma unroll
      for (int j = 0; j < width; j++) largest = fn_max(own[k][j], largest);
    });
    largest = team_all(team, largest, Larger<V>());
    each_pack<kept>(team, 0, packs, [&](int k, i64) {
#pragma unroll
      for (int j = 0; j < width; j++) {
        const V shifted = own[k][j] - largest;
        const V exponential = fn_exp(shifted);
        own[k][j] = logarithm ? shifted : exponential;
        total += exponential;
      }
    });
    total = team_sum(team, total);
  } else {
    Sum<V> sum;
    sum.begin();
    each_pack<kept>(team, 0, packs, [&](int, i64 p) {
      i64 at[2];
      along(args.rows.inner, start, p, at);
      V x[width];
      load_pack<width>(args.x + at[1], x);
      V most = x[0];
#pragma unroll
      for (int j = 1; j < width; j++) most = fn_max(x[j], most);
      if (most > largest) {
        const V scale = fn_exp(largest - most);
        sum.done *= scale;
        sum.run *= scale;
        largest = most;
      }
#pragma unroll
      for (int j = 0; j < width; j++)
        if (x[j] != lowest<V>()) sum.add(fn_exp(x[j] - largest));
    });
    const Exponentials<V> mine = {largest, sum.total()};
    const Exponentials<V> all = team_all(team, mine, JoinExponentials<V>());
    largest = all.largest;
    /* NaN if the largest is infinite, as the exponentials of distances to it are */
    total = all.total + (largest - largest);
  }

  const V log_total = logarithm ? fn_log(total) : V(0);
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    i64 at[2];
    along(args.rows.inner, start, p, at);
    if (kept == 0) load_pack<width>(args.x + at[1], own[0]);
#pragma unroll
    for (int j = 0; j < width; j++) {
      V x = own[k][j];
      if (kept == 0) x = logarithm ? x - largest : fn_exp(x - largest);
      own[k][j] = logarithm ? x - log_total : x / total;
    }
    store_pack<width>(args.y + at[0], own[k]);
  });
}

/* y · (g - Σ g·y), and of the logarithm g - exp(y) · Σ g. */
template <typename T, int width, int kept, bool logarithm> DEVICE void softmax_backward(const SoftmaxBackwardArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.rows.layout);
  const i64 packs = team.live ? args.rows.inner.count : 0;
  i64 start[3];
  walk(args.rows.outer, team.row, start);
  V grad[kept > 0 ? kept : 1][width], y[kept > 0 ? kept : 1][width];
  const auto load = [&](int k, i64 p) {
    i64 at[3];
    along(args.rows.inner, start, p, at);
    load_pack<width>(args.grad + at[1], grad[k]);
    load_pack<width>(args.y + at[2], y[k]);
  };
  Sum<V> sum;
  sum.begin();
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    load(k, p);
#pragma unroll
    for (int j = 0; j < width; j++) sum.add(logarithm ? grad[k][j] : grad[k][j] * y[k][j]);
  });
  const V total = team_sum(team, sum.total());
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    if (kept == 0) load(0, p);
#pragma unroll
    for (int j = 0; j < width; j++)
      grad[k][j] = logarithm ? grad[k][j] - fn_exp(y[k][j]) * total : y[k][j] * (grad[k][j] - total);
    i64 at[3];
    along(args.rows.inner, start, p, at);
    store_pack<width>(args.result + at[0], grad[k]);
  });
}

/* By element, by packs, and by packs that are kept. */
#define SOFTMAX(name, type, T, logarithm)                                                                                        \
  KERNEL(name##_##type, SoftmaxArgs<T>, row_threads) { softmax<T, 1, 0, logarithm>(args); }                                       \
  KERNEL(name##_packs_##type, SoftmaxArgs<T>, long_row_threads) { softmax<T, pack_width<T>, 0, logarithm>(args); }                \
  KERNEL(name##_kept_##type, SoftmaxArgs<T>, row_threads) { softmax<T, pack_width<T>, kept_packs<T>, logarithm>(args); } \
  KERNEL(name##_backward_##type, SoftmaxBackwardArgs<T>, row_threads) { softmax_backward<T, 1, 0, logarithm>(args); }             \
  KERNEL(name##_backward_packs_##type, SoftmaxBackwardArgs<T>, long_row_threads) { softmax_backward<T, pack_width<T>, 0, logarithm>(args); } \
  KERNEL(name##_backward_kept_##type, SoftmaxBackwardArgs<T>, row_threads) {                                                      \
    softmax_backward<T, pack_width<T>, kept_packs<T>, logarithm>(args);                                            \
  }
#define SOFTMAXES(type, T)          \
  SOFTMAX(softmax, type, T, false)  \
  SOFTMAX(log_softmax, type, T, true)
SOFTMAXES(f32, float)
SOFTMAXES(f64, double)
SOFTMAXES(f16, f16)
SOFTMAXES(bf16, bf16)
