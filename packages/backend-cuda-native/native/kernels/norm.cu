/*
 * Normalisations and their gradients: (x - mean) / √(variance + ε) · weight + bias. Short rows take one launch. Of long rows the statistics, or the sums of a
 * gradient, come from many blocks to a row, whose parts are then joined in order; a last launch goes over the elements. Without a mean (rmsNorm) it counts as 0.
 */
#include "rows.cuh"

/* Operands: y, x, weight, bias, mean, rstd, variance. The statistics are written. */
template <typename T> struct NormArgs {
  T* y;
  const T* x;
  Beside weight, bias;
  Value<T>*mean, *rstd, *variance;
  double eps;
  i64 length;
  Rows<7> rows;
};

template <typename T, int width> DEVICE void affine(const Beside& weight, const Beside& bias, i64 weight_at, i64 bias_at, Value<T> (&x)[width]) {
  Value<T> beside[width];
  if (weight.data) {
    load_beside<T>(weight, weight_at, beside);
#pragma unroll
    for (int j = 0; j < width; j++) x[j] = x[j] * beside[j];
  }
  if (bias.data) {
    load_beside<T>(bias, bias_at, beside);
#pragma unroll
    for (int j = 0; j < width; j++) x[j] = x[j] + beside[j];
  }
}

template <typename T, int width, int kept> DEVICE void norm(const NormArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.rows.layout);
  const i64 packs = team.live ? args.rows.inner.count : 0;
  i64 start[7];
  walk(args.rows.outer, team.row, start);
  V x[kept > 0 ? kept : 1][width];
  const V length = V(args.length);
  V mean = V(0);
  Sum<V> sum;
  if (args.mean || kept > 0) {
    sum.begin();
    each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
      i64 at[7];
      along(args.rows.inner, start, p, at);
      load_pack<width>(args.x + at[1], x[k]);
#pragma unroll
      for (int j = 0; j < width; j++) sum.add(x[k][j]);
    });
    if (args.mean) mean = team_sum(team, sum.total()) / length;
  }
  sum.begin();
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    if (kept == 0) {
      i64 at[7];
      along(args.rows.inner, start, p, at);
      load_pack<width>(args.x + at[1], x[0]);
    }
#pragma unroll
    for (int j = 0; j < width; j++) {
      x[k][j] = x[k][j] - mean;
      sum.add(x[k][j] * x[k][j]);
    }
  });
  const V variance = team_sum(team, sum.total()) / length;
  const V rstd = fn_rsqrt(variance + V(args.eps));
  if (team.live && team.lane == 0) {
    if (args.mean) args.mean[start[4]] = mean;
    args.rstd[start[5]] = rstd;
    if (args.variance) args.variance[start[6]] = variance;
  }
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    i64 at[7];
    along(args.rows.inner, start, p, at);
    if (kept == 0) load_pack<width>(args.x + at[1], x[0]);
#pragma unroll
    for (int j = 0; j < width; j++) x[k][j] = (kept == 0 ? x[k][j] - mean : x[k][j]) * rstd;
    affine<T>(args.weight, args.bias, at[2], at[3], x[k]);
    store_pack<width>(args.y + at[0], x[k]);
  });
}

/* Number, sum and sum of squared distances to the mean of some elements. */
template <typename V> struct Moments {
  V count, sum, squares;
};
template <typename V> DEVICE Moments<V> exchange(Moments<V> x, int step) {
  Moments<V> y = {exchange(x.count, step), exchange(x.sum, step), exchange(x.squares, step)};
  return y;
}
/* Chan, Golub and LeVeque (1979), symmetric in its operands. */
template <typename V> struct JoinMoments {
  DEVICE_MEMBER Moments<V> operator()(Moments<V> a, Moments<V> b) const {
    if (a.count == V(0)) return b;
    if (b.count == V(0)) return a;
    const V count = a.count + b.count;
    const V distance = a.sum / a.count - b.sum / b.count;
    Moments<V> both = {count, a.sum + b.sum, (a.squares + b.squares) + distance * distance * (a.count * b.count / count)};
    return both;
  }
};

/* Moments of a block's share of each row. */
template <typename T> struct MomentsArgs {
  const T* x;
  Moments<Value<T>>* parts;
  /* Whether distances are those to the mean rather than to 0: then sums count as 0, too. */
  i32 centred;
  i32 splits;
  i64 each;
  Rows<1> rows;
};
template <typename T, int width> DEVICE void norm_moments(const MomentsArgs<T>& args) {
  typedef Value<T> V;
  constexpr int batch = (sizeof(T) == 8 ? 8 : 16) / width;
  const Team team = team_of(args.rows.layout);
  const Share share = share_of(team.live ? args.rows.inner.count : 0, args.each);
  i64 start[1];
  walk(args.rows.outer, team.row, start);
  Moments<V> all = {V(0), V(0), V(0)};
  for (i64 p = share.first + team.lane; p < share.last; p += i64(team.lanes) * batch) {
    V x[batch][width];
    int packs = 0;
#pragma unroll
    for (int k = 0; k < batch; k++) {
      const i64 q = p + i64(k) * team.lanes;
      if (q >= share.last) continue;
      i64 at[1];
      along(args.rows.inner, start, q, at);
      load_pack<width>(args.x + at[0], x[k]);
      packs++;
    }
    Moments<V> few = {V(packs * width), V(0), V(0)};
    V mean = V(0);
    if (args.centred) {
#pragma unroll
      for (int k = 0; k < batch; k++) {
        if (k >= packs) continue;
#pragma unroll
        for (int j = 0; j < width; j++) few.sum += x[k][j];
      }
      mean = few.sum / few.count;
    }
#pragma unroll
    for (int k = 0; k < batch; k++) {
      if (k >= packs) continue;
#pragma unroll
      for (int j = 0; j < width; j++) {
        const V distance = x[k][j] - mean;
        few.squares += distance * distance;
      }
    }
    all = JoinMoments<V>()(all, few);
  }
  all = team_all(team, all, JoinMoments<V>());
  if (team.live && team.lane == 0) args.parts[team.row * args.splits + blockIdx.y] = all;
}

/* Statistics of each row from those of its parts; operands: mean, rstd, variance. */
template <typename V> struct StatisticsArgs {
  const Moments<V>* parts;
  V *mean, *rstd, *variance;
  double eps;
  i64 splits;
  RowLayout layout;
  Walk<3> outer;
};
template <typename V> DEVICE void norm_statistics(const StatisticsArgs<V>& args) {
  const Team team = team_of(args.layout);
  Moments<V> all = {V(0), V(0), V(0)};
  if (team.live)
    for (i64 s = team.lane; s < args.splits; s += team.lanes) all = JoinMoments<V>()(all, args.parts[team.row * args.splits + s]);
  all = team_all(team, all, JoinMoments<V>());
  if (!team.live || team.lane != 0) return;
  i64 at[3];
  walk(args.outer, team.row, at);
  const V variance = all.squares / all.count;
  if (args.mean) args.mean[at[0]] = all.sum / all.count;
  args.rstd[at[1]] = fn_rsqrt(variance + V(args.eps));
  if (args.variance) args.variance[at[2]] = variance;
}

/* The result by statistics that are known. Operands: y, x, weight, bias, mean, and rstd or the variance. */
template <typename T> struct ApplyArgs {
  T* y;
  const T* x;
  Beside weight, bias, mean, rstd;
  double eps;
  /* Whether `rstd` is the variance. */
  i64 from_variance;
  Walk<6> walk;
};
template <typename T, int width> DEVICE void norm_apply(const ApplyArgs<T>& args) {
  typedef Value<T> V;
  const i64 start[6] = {};
  for (i64 p = thread_number(); p < args.walk.count; p += thread_count()) {
    i64 at[6];
    along(args.walk, start, p, at);
    V x[width], beside[width];
    load_pack<width>(args.x + at[1], x);
    if (args.mean.data) {
      load_beside<T>(args.mean, at[4], beside);
#pragma unroll
      for (int j = 0; j < width; j++) x[j] = x[j] - beside[j];
    }
    load_beside<T>(args.rstd, at[5], beside);
#pragma unroll
    for (int j = 0; j < width; j++) x[j] = x[j] * (args.from_variance ? fn_rsqrt(beside[j] + V(args.eps)) : beside[j]);
    affine<T>(args.weight, args.bias, at[2], at[3], x);
    store_pack<width>(args.y + at[0], x);
  }
}

/* n = (x - mean) r:  dx = r (g - mean(g) - n · mean(g n)), with a weighted g. Operands: dx, g, x, weight, mean, rstd. */
template <typename T> struct NormBackwardArgs {
  T* result;
  const T *grad, *x;
  Beside weight;
  const Value<T>*mean, *rstd;
  i64 length;
  Rows<6> rows;
};

/* A weighted gradient, and the normalised input. */
template <typename T, int width>
DEVICE void weighted(const Beside& weight, i64 at, Value<T> mean, Value<T> rstd, Value<T> (&grad)[width], Value<T> (&x)[width]) {
  Value<T> beside[width];
  if (weight.data) {
    load_beside<T>(weight, at, beside);
#pragma unroll
    for (int j = 0; j < width; j++) grad[j] = grad[j] * beside[j];
  }
#pragma unroll
  for (int j = 0; j < width; j++) x[j] = (x[j] - mean) * rstd;
}

template <typename T, int width, int kept> DEVICE void norm_backward(const NormBackwardArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.rows.layout);
  const i64 packs = team.live ? args.rows.inner.count : 0;
  i64 start[6];
  walk(args.rows.outer, team.row, start);
  const V mean = team.live && args.mean ? args.mean[start[4]] : V(0);
  const V rstd = team.live ? args.rstd[start[5]] : V(0);
  V grad[kept > 0 ? kept : 1][width], x[kept > 0 ? kept : 1][width];
  const auto load = [&](int k, i64 p) {
    i64 at[6];
    along(args.rows.inner, start, p, at);
    load_pack<width>(args.grad + at[1], grad[k]);
    load_pack<width>(args.x + at[2], x[k]);
    weighted<T>(args.weight, at[3], mean, rstd, grad[k], x[k]);
  };
  Sum<V> products, total;
  products.begin();
  total.begin();
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    load(k, p);
#pragma unroll
    for (int j = 0; j < width; j++) {
      products.add(grad[k][j] * x[k][j]);
      total.add(grad[k][j]);
    }
  });
  const Sums<V> mine = {products.total(), total.total()};
  const Sums<V> sums = team_all(team, mine, AddSums<V>());
  const V share = sums.first / V(args.length);
  const V middle = args.mean ? sums.second / V(args.length) : V(0);
  each_pack<kept>(team, 0, packs, [&](int k, i64 p) {
    if (kept == 0) load(0, p);
#pragma unroll
    for (int j = 0; j < width; j++) grad[k][j] = (grad[k][j] - middle - x[k][j] * share) * rstd;
    i64 at[6];
    along(args.rows.inner, start, p, at);
    store_pack<width>(args.result + at[0], grad[k]);
  });
}

/* Σ g n, first, and Σ g over a block's share of each row. Operands: g, x, weight, mean, rstd. Without an x only the gradients are summed. */
template <typename T> struct SumsArgs {
  const T *grad, *x;
  Beside weight, mean, rstd;
  Sums<Value<T>>* parts;
  i64 splits, each;
  Rows<5> rows;
};
template <typename T, int width> DEVICE void norm_sums(const SumsArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.rows.layout);
  const Share share = share_of(team.live ? args.rows.inner.count : 0, args.each);
  i64 start[5];
  walk(args.rows.outer, team.row, start);
  Sum<V> products, total;
  products.begin();
  total.begin();
  each_pack<0>(team, share.first, share.last, [&](int, i64 p) {
    i64 at[5];
    along(args.rows.inner, start, p, at);
    V grad[width], x[width], beside[width];
    load_pack<width>(args.grad + at[0], grad);
    if (args.weight.data) {
      load_beside<T>(args.weight, at[2], beside);
#pragma unroll
      for (int j = 0; j < width; j++) grad[j] = grad[j] * beside[j];
    }
#pragma unroll
    for (int j = 0; j < width; j++) total.add(grad[j]);
    if (!args.x) return;
    load_pack<width>(args.x + at[1], x);
    if (args.mean.data) {
      load_beside<T>(args.mean, at[3], beside);
#pragma unroll
      for (int j = 0; j < width; j++) x[j] = x[j] - beside[j];
    }
    load_beside<T>(args.rstd, at[4], beside);
#pragma unroll
    for (int j = 0; j < width; j++) products.add(grad[j] * (x[j] * beside[j]));
  });
  const Sums<V> mine = {products.total(), total.total()};
  const Sums<V> sums = team_all(team, mine, AddSums<V>());
  if (team.live && team.lane == 0) args.parts[team.row * args.splits + blockIdx.y] = sums;
}

/* The sums of each row from those of its parts, to where they are wanted. Operands: products, total; both may be absent. */
template <typename T> struct JoinSumsArgs {
  const Sums<Value<T>>* parts;
  void *products, *total;
  i32 wide;
  i32 pad;
  i64 splits;
  RowLayout layout;
  Walk<2> outer;
};
template <typename T> DEVICE void store_sum(void* to, i64 at, bool wide, Value<T> x) {
  if (!to) return;
  if (wide) static_cast<Value<T>*>(to)[at] = x;
  else static_cast<T*>(to)[at] = element<T>(x);
}
template <typename T> DEVICE void norm_join_sums(const JoinSumsArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.layout);
  Sum<V> products, total;
  products.begin();
  total.begin();
  if (team.live) {
    for (i64 s = team.lane; s < args.splits; s += team.lanes) {
      const Sums<V> part = args.parts[team.row * args.splits + s];
      products.add(part.first);
      total.add(part.second);
    }
  }
  const Sums<V> mine = {products.total(), total.total()};
  const Sums<V> sums = team_all(team, mine, AddSums<V>());
  if (!team.live || team.lane != 0) return;
  i64 at[2];
  walk(args.outer, team.row, at);
  store_sum<T>(args.products, at[0], args.wide, sums.first);
  store_sum<T>(args.total, at[1], args.wide, sums.second);
}

/* dx by sums that are known, or without any g r. Operands: dx, g, x, weight, mean, rstd, sums (of products first, then the other, which counts as one with it). */
template <typename T> struct ApplyBackwardArgs {
  T* result;
  const T *grad, *x;
  Beside weight, mean, rstd;
  const Value<T>* sums;
  i64 length;
  Walk<7> walk;
};
template <typename T, int width> DEVICE void norm_apply_backward(const ApplyBackwardArgs<T>& args) {
  typedef Value<T> V;
  const i64 start[7] = {};
  const V length = V(args.length);
  for (i64 p = thread_number(); p < args.walk.count; p += thread_count()) {
    i64 at[7];
    along(args.walk, start, p, at);
    V grad[width], x[width], rstd[width], beside[width];
    load_pack<width>(args.grad + at[1], grad);
    load_beside<T>(args.rstd, at[5], rstd);
    if (args.weight.data) {
      load_beside<T>(args.weight, at[3], beside);
#pragma unroll
      for (int j = 0; j < width; j++) grad[j] = grad[j] * beside[j];
    }
    if (args.sums) {
      load_pack<width>(args.x + at[2], x);
#pragma unroll
      for (int j = 0; j < width; j++) beside[j] = V(0);
      if (args.mean.data) load_beside<T>(args.mean, at[4], beside);
      /* sums lie two by two, so the elements of a pack never have one each */
      const V share = args.sums[at[6]] / length;
      const V middle = args.mean.data ? args.sums[at[6] + 1] / length : V(0);
#pragma unroll
      for (int j = 0; j < width; j++) grad[j] = grad[j] - middle - (x[j] - beside[j]) * rstd[j] * share;
    }
#pragma unroll
    for (int j = 0; j < width; j++) grad[j] = grad[j] * rstd[j];
    store_pack<width>(args.result + at[0], grad);
  }
}

KERNEL(norm_statistics_f32, StatisticsArgs<float>, row_threads) { norm_statistics<float>(args); }
KERNEL(norm_statistics_f64, StatisticsArgs<double>, row_threads) { norm_statistics<double>(args); }

/* By element, by packs, and by packs that are kept. */
#define NORMS(type, T)                                                                                                              \
  KERNEL(norm_##type, NormArgs<T>, row_threads) { norm<T, 1, 0>(args); }                                                            \
  KERNEL(norm_kept_##type, NormArgs<T>, row_threads) { norm<T, pack_width<T>, kept_packs<T>>(args); }                               \
  KERNEL(norm_moments_##type, MomentsArgs<T>, row_threads) { norm_moments<T, 1>(args); }                                            \
  KERNEL(norm_moments_packs_##type, MomentsArgs<T>, row_threads) { norm_moments<T, pack_width<T>>(args); }                          \
  KERNEL(norm_apply_##type, ApplyArgs<T>, row_threads) { norm_apply<T, 1>(args); }                                                  \
  KERNEL(norm_apply_packs_##type, ApplyArgs<T>, row_threads) { norm_apply<T, pack_width<T>>(args); }                                \
  KERNEL(norm_backward_##type, NormBackwardArgs<T>, row_threads) { norm_backward<T, 1, 0>(args); }                                  \
  KERNEL(norm_backward_kept_##type, NormBackwardArgs<T>, row_threads) { norm_backward<T, pack_width<T>, kept_packs<T>>(args); }     \
  KERNEL(norm_sums_##type, SumsArgs<T>, row_threads) { norm_sums<T, 1>(args); }                                                     \
  KERNEL(norm_sums_packs_##type, SumsArgs<T>, row_threads) { norm_sums<T, pack_width<T>>(args); }                                   \
  KERNEL(norm_join_sums_##type, JoinSumsArgs<T>, row_threads) { norm_join_sums<T>(args); }                                          \
  KERNEL(norm_apply_backward_##type, ApplyBackwardArgs<T>, row_threads) { norm_apply_backward<T, 1>(args); }                        \
  KERNEL(norm_apply_backward_packs_##type, ApplyBackwardArgs<T>, row_threads) { norm_apply_backward<T, pack_width<T>>(args); }
NORMS(f32, float)
NORMS(f64, double)
NORMS(f16, f16)
NORMS(bf16, bf16)
