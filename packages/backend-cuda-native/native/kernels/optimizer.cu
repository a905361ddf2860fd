/*
 * Optimiser steps of many parameters at once: the formulas of core's ops/optim.ts, node by node, each rounded to the dtype of the tensors, so that the bits
 * are those of a map for each parameter. A block has `chunk` elements of one parameter.
 */
#include "math.cuh"

namespace optimizer {

constexpr int threads = 256;
constexpr int chunk = 4096;
/* Parameters of a launch. */
constexpr int capacity = 64;

/* Tensors of each parameter, all of them dense: itself, its gradient, its state. Bit k of `present` says whether there is a tensor k. */
template <typename E, int tensors> struct Lists {
  E* data[tensors][capacity];
  i64 counts[capacity];
  /* The first block of each. */
  i32 blocks[capacity];
  i32 used;
  i32 present;
};

enum Flag : i32 { decays = 1, maximizes = 2, looks_ahead = 4, shrinks = 8 };

template <typename E, int tensors, int numbers> struct Step {
  Lists<E, tensors> lists;
  u64 params[numbers];
  i32 flags;
  i32 pad;
};

/* A number of E: what comes of numbers of E is one again. */
template <typename E> struct Number {
  Value<E> v;
};
template <typename E> DEVICE Number<E> operator-(Number<E> x) { return {fn_neg(x.v)}; }
template <typename E> DEVICE Number<E> operator+(Number<E> x, Number<E> y) { return {rounded<E>(x.v + y.v)}; }
template <typename E> DEVICE Number<E> operator*(Number<E> x, Number<E> y) { return {rounded<E>(x.v * y.v)}; }
template <typename E> DEVICE Number<E> operator/(Number<E> x, Number<E> y) { return {rounded<E>(x.v / y.v)}; }
template <typename E> DEVICE Number<E> root(Number<E> x) { return {rounded<E>(fn_sqrt(x.v))}; }
template <typename E> DEVICE Number<E> larger(Number<E> x, Number<E> y) { return {fn_max(x.v, y.v)}; }

/* A parameter of a program: the bits of a double, or of a float. */
DEVICE double number_of(u64 bits, double) { return double_of_bits(bits); }
DEVICE float number_of(u64 bits, float) { return float_of_bits(u32(bits)); }

/* Calls `update(tensors of a parameter, position)` for the elements of this block. */
template <typename E, int tensors, typename Update> DEVICE void each(const Lists<E, tensors>& lists, Update update) {
  const int block = int(blockIdx.x);
  int i = 0;
#pragma unroll
  for (int step = capacity / 2; step > 0; step /= 2)
    if (i + step < lists.used && lists.blocks[i + step] <= block) i += step;
  E* data[tensors];
#pragma unroll
  for (int k = 0; k < tensors; k++) data[k] = lists.data[k][i];
  const i64 begin = i64(block - lists.blocks[i]) * chunk;
  const i64 end = lists.counts[i] < begin + chunk ? lists.counts[i] : begin + chunk;
#pragma unroll 4
  for (i64 at = begin + threadIdx.x; at < end; at += threads) update(data, at);
}

template <typename E> DEVICE Number<E> load(const E* data, i64 at) { return {value(data[at])}; }
template <typename E> DEVICE void store(E* data, i64 at, Number<E> x) { data[at] = element<E>(x.v); }

template <typename E> DEVICE Number<E> gradient(E* const* data, i64 at, Number<E> param, i32 flags, Number<E> weight_decay) {
  const Number<E> given = load(data[1], at);
  const Number<E> grad = flags & maximizes ? -given : given;
  return flags & decays ? grad + weight_decay * param : grad;
}

template <typename E> DEVICE Number<E> blend(Number<E> x, Number<E> decay, Number<E> share, Number<E> y) { return x * decay + share * y; }
template <typename E> DEVICE Number<E> blend_square(Number<E> x, Number<E> decay, Number<E> share, Number<E> y) { return x * decay + share * y * y; }
template <typename E> DEVICE Number<E> add_quotient(Number<E> x, Number<E> factor, Number<E> y, Number<E> z) { return x + factor * y / z; }

template <typename E, int tensors, int numbers> DEVICE Number<E> param_of(const Step<E, tensors, numbers>& args, int k) {
  return {number_of(args.params[k], Value<E>())};
}

/* Tensors: parameter, gradient, momentum. Numbers: -lr, weight decay, momentum, 1 - dampening. */
template <typename E> DEVICE void sgd(const Step<E, 3, 4>& args) {
  const Number<E> negative_lr = param_of(args, 0), weight_decay = param_of(args, 1), momentum = param_of(args, 2), undamped = param_of(args, 3);
  const i32 flags = args.flags;
  const bool has_momentum = args.lists.present & 4;
  each(args.lists, [=](E* const* data, i64 at) {
    const Number<E> param = load(data[0], at);
    Number<E> direction = gradient(data, at, param, flags, weight_decay);
    if (has_momentum) {
      const Number<E> buffer = blend(load(data[2], at), momentum, undamped, direction);
      direction = flags & looks_ahead ? direction + momentum * buffer : buffer;
      store(data[2], at, buffer);
    }
    store(data[0], at, param + negative_lr * direction);
  });
}

/* Tensors: parameter, gradient, mean, mean square, largest. Numbers: -step size, √(1 - β₂ᵗ), ε, β₁, 1 - β₁, β₂, 1 - β₂, weight decay, 1 - lr · decay. */
template <typename E> DEVICE void adam(const Step<E, 5, 9>& args) {
  const Number<E> negative_step = param_of(args, 0), correction = param_of(args, 1), eps = param_of(args, 2);
  const Number<E> beta1 = param_of(args, 3), rest1 = param_of(args, 4), beta2 = param_of(args, 5), rest2 = param_of(args, 6);
  const Number<E> weight_decay = param_of(args, 7), shrink = param_of(args, 8);
  const i32 flags = args.flags;
  const bool has_largest = args.lists.present & 16;
  each(args.lists, [=](E* const* data, i64 at) {
    const Number<E> given = load(data[0], at);
    const Number<E> param = flags & shrinks ? given * shrink : given;
    const Number<E> grad = gradient(data, at, given, flags, weight_decay);
    const Number<E> average = blend(load(data[2], at), beta1, rest1, grad);
    Number<E> square = blend_square(load(data[3], at), beta2, rest2, grad);
    store(data[2], at, average);
    store(data[3], at, square);
    if (has_largest) {
      square = larger(load(data[4], at), square);
      store(data[4], at, square);
    }
    store(data[0], at, add_quotient(param, negative_step, average, root(square) / correction + eps));
  });
}

/* Tensors: parameter, gradient, mean square, mean, momentum. Numbers: -lr, weight decay, α, 1 - α, ε, momentum. */
template <typename E> DEVICE void rmsprop(const Step<E, 5, 6>& args) {
  const Number<E> negative_lr = param_of(args, 0), weight_decay = param_of(args, 1), alpha = param_of(args, 2), rest = param_of(args, 3);
  const Number<E> eps = param_of(args, 4), momentum = param_of(args, 5);
  const i32 flags = args.flags;
  const bool has_mean = args.lists.present & 8, has_momentum = args.lists.present & 16;
  each(args.lists, [=](E* const* data, i64 at) {
    const Number<E> param = load(data[0], at);
    const Number<E> grad = gradient(data, at, param, flags, weight_decay);
    Number<E> variance = blend_square(load(data[2], at), alpha, rest, grad);
    store(data[2], at, variance);
    if (has_mean) {
      const Number<E> mean = blend(load(data[3], at), alpha, rest, grad);
      store(data[3], at, mean);
      variance = variance + -mean * mean;
    }
    const Number<E> denominator = root(variance) + eps;
    if (!has_momentum) {
      store(data[0], at, add_quotient(param, negative_lr, grad, denominator));
      return;
    }
    const Number<E> buffer = load(data[4], at) * momentum + grad / denominator;
    store(data[4], at, buffer);
    store(data[0], at, param + negative_lr * buffer);
  });
}

template <typename E> using Sgd = Step<E, 3, 4>;
template <typename E> using Adam = Step<E, 5, 9>;
template <typename E> using Rmsprop = Step<E, 5, 6>;

}  // namespace optimizer

KERNEL(sgd_f32, optimizer::Sgd<float>, optimizer::threads) { optimizer::sgd<float>(args); }
KERNEL(adam_f32, optimizer::Adam<float>, optimizer::threads) { optimizer::adam<float>(args); }
KERNEL(rmsprop_f32, optimizer::Rmsprop<float>, optimizer::threads) { optimizer::rmsprop<float>(args); }

KERNEL(sgd_f64, optimizer::Sgd<double>, optimizer::threads) { optimizer::sgd<double>(args); }
KERNEL(adam_f64, optimizer::Adam<double>, optimizer::threads) { optimizer::adam<double>(args); }
KERNEL(rmsprop_f64, optimizer::Rmsprop<double>, optimizer::threads) { optimizer::rmsprop<double>(args); }

KERNEL(sgd_f16, optimizer::Sgd<f16>, optimizer::threads) { optimizer::sgd<f16>(args); }
KERNEL(adam_f16, optimizer::Adam<f16>, optimizer::threads) { optimizer::adam<f16>(args); }
KERNEL(rmsprop_f16, optimizer::Rmsprop<f16>, optimizer::threads) { optimizer::rmsprop<f16>(args); }

KERNEL(sgd_bf16, optimizer::Sgd<bf16>, optimizer::threads) { optimizer::sgd<bf16>(args); }
KERNEL(adam_bf16, optimizer::Adam<bf16>, optimizer::threads) { optimizer::adam<bf16>(args); }
KERNEL(rmsprop_bf16, optimizer::Rmsprop<bf16>, optimizer::threads) { optimizer::rmsprop<bf16>(args); }
