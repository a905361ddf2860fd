/* The negative log-likelihood of classes and its gradient. A target that is no class is reported, and counts for nothing. */
#include "rows.cuh"

/* Classes of samples. */
struct Targets {
  const void* data;
  /* Whether they are int64 rather than uint8. */
  i32 wide;
  /* Under which number a wrong one is reported. */
  i32 fault;
  Faults* faults;
  i64 classes;
  i64 ignored;
};

/* The class at `at`, or -1 where it does not count. */
DEVICE i64 class_at(const Targets& targets, i64 at, bool report) {
  const i64 c = targets.wide ? static_cast<const i64*>(targets.data)[at] : value(static_cast<const u8*>(targets.data)[at]);
  if (c == targets.ignored) return -1;
  if (c >= 0 && c < targets.classes) return c;
  if (report) report_fault(targets.faults, targets.fault, c);
  return -1;
}

/* What becomes of the losses of the samples. */
enum Reduction { reduce_none, reduce_sum, reduce_mean, reduce_weights };

/* Operands: a loss for each sample, x of class 0, target. Without an x only the weights are summed. */
template <typename T> struct NllArgs {
  void* result;
  const T *x, *weight;
  Targets targets;
  i64 class_stride, weight_stride;
  Sums<Value<T>>* parts;
  i64 reduction;
  RowLayout layout;
  Walk<3> samples;
};

template <typename T> DEVICE void store_loss(void* to, i64 reduction, Sums<Value<T>> sums) {
  if (reduction == reduce_weights) *static_cast<Value<T>*>(to) = sums.second;
  else *static_cast<T*>(to) = element<T>(reduction == reduce_mean ? sums.first / sums.second : sums.first);
}

template <typename T> DEVICE void nll(const NllArgs<T>& args) {
  typedef Value<T> V;
  Sum<V> losses, weights;
  losses.begin();
  weights.begin();
  for (i64 i = thread_number(); i < args.samples.count; i += thread_count()) {
    i64 at[3];
    walk(args.samples, i, at);
    const i64 c = class_at(args.targets, at[2], args.x != nullptr);
    V loss = V(0), weight = V(0);
    /* what does not count is 0, whatever its values are */
    if (c >= 0) {
      weight = args.weight ? value(args.weight[c * args.weight_stride]) : V(1);
      if (args.x) loss = -value(args.x[at[1] + c * args.class_stride]) * weight;
    }
    if (args.reduction == reduce_none) static_cast<T*>(args.result)[at[0]] = element<T>(loss);
    losses.add(loss);
    weights.add(weight);
  }
  if (args.reduction == reduce_none) return;
  const Team team = team_of(args.layout);
  const Sums<V> mine = {losses.total(), weights.total()};
  const Sums<V> sums = team_all(team, mine, AddSums<V>());
  if (team.lane != 0) return;
  if (gridDim.x == 1) store_loss<T>(args.result, args.reduction, sums);
  else args.parts[blockIdx.x] = sums;
}

/* The loss from the parts of all blocks, by one. */
template <typename T> struct NllJoinArgs {
  void* result;
  const Sums<Value<T>>* parts;
  i64 count;
  i64 reduction;
  RowLayout layout;
};
template <typename T> DEVICE void nll_join(const NllJoinArgs<T>& args) {
  typedef Value<T> V;
  const Team team = team_of(args.layout);
  Sum<V> losses, weights;
  losses.begin();
  weights.begin();
  for (i64 k = team.lane; k < args.count; k += team.lanes) {
    losses.add(args.parts[k].first);
    weights.add(args.parts[k].second);
  }
  const Sums<V> mine = {losses.total(), weights.total()};
  const Sums<V> sums = team_all(team, mine, AddSums<V>());
  if (team.lane == 0) store_loss<T>(args.result, args.reduction, sums);
}

/* -w g, over the sum of the weights for a mean, at the class of each sample; the rest of the result is 0 before. Operands: the result of class 0, g, target. */
template <typename T> struct NllBackwardArgs {
  T* result;
  const T *grad, *weight;
  /* The sum of the weights, or null. */
  const Value<T>* total;
  Targets targets;
  i64 class_stride, weight_stride;
  Walk<3> samples;
};
template <typename T> DEVICE void nll_backward(const NllBackwardArgs<T>& args) {
  typedef Value<T> V;
  for (i64 i = thread_number(); i < args.samples.count; i += thread_count()) {
    i64 at[3];
    walk(args.samples, i, at);
    const i64 c = class_at(args.targets, at[2], true);
    if (c < 0) continue;
    V share = value(args.grad[at[1]]);
    if (args.total) share = share / *args.total;
    share = -share;
    if (args.weight) share = share * value(args.weight[c * args.weight_stride]);
    args.result[at[0] + c * args.class_stride] = element<T>(share);
  }
}

#define LOSSES(type, T)                                                         \
  KERNEL(nll_##type, NllArgs<T>, row_threads) { nll<T>(args); }                 \
  KERNEL(nll_join_##type, NllJoinArgs<T>, row_threads) { nll_join<T>(args); }   \
  KERNEL(nll_backward_##type, NllBackwardArgs<T>, row_threads) { nll_backward<T>(args); }
LOSSES(f32, float)
LOSSES(f64, double)
LOSSES(f16, f16)
LOSSES(bf16, bf16)
