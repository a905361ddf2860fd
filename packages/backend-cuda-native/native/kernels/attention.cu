/*
 * Attention with no scores kept (the online softmax of https://arxiv.org/abs/1805.02867, in tiles as in https://arxiv.org/abs/2205.14135). A block has 64
 * queries, or in the gradients of keys and values 64 keys, and meets the others 64 at a time; `slice` features of its result stay in registers, and grid.y
 * counts slices. The gradients compute the weights again from the logarithms of their sums, so that nothing is added up by atomics.
 */
#include "device.cuh"

namespace attention {

/* Rows of a tile, and of what it meets at a time. */
constexpr int side = 64;
/* 16 × 16: each has four rows, and of those every 16th score and groups of four features. */
constexpr int threads = 256;

/* Four neighbours, moved at once. */
template <typename T> struct alignas(16) Four { T at[4]; };

template <typename T, int slice> struct Memory {
  /* features of a product, or rows of a sum, at a time: as 48 KiB allow */
  static constexpr int chunk = sizeof(T) == 4 ? 32 : 8;
  /* odd, so that rows begin in different banks */
  static constexpr int line = chunk / 4 + 1;
  static constexpr int of_products = 2 * side * line, of_sums = chunk * slice / 4;
  static constexpr int weights_line = side / 4 + 1;
  Four<T> staging[of_products > of_sums ? of_products : of_sums];
  Four<T> weights[side * weights_line];
};

/* Rows of one head, with any strides, in elements. */
template <typename E> struct Matrix {
  E* data;
  i64 down;
  i64 across;
};

struct Mask {
  const void* data;
  i64 down;
  i64 across;
  /* 0: none · 1: bool · 2: of the elements' type · 3: of the scores' */
  i32 kind;
  i32 causal;
};

/* Queries and keys are at most 2^31 - 65 of each. */
template <typename E> struct Sizes {
  i32 queries;
  i32 keys;
  i32 features;
  i32 width;
  double scale;
};

/* Operands of `heads`: out, sums, query, key, value, mask. */
template <typename E> struct Forward {
  Walk<6> heads;
  Matrix<E> out;
  Value<E>* sums;
  i64 sums_step;
  Matrix<const E> query;
  Matrix<const E> key;
  Matrix<const E> value;
  Mask mask;
  Sizes<E> sizes;
};

/* What both gradients read. Logarithms of sums and means lie one step apart from query to query. */
template <typename E> struct Given {
  Matrix<const E> query;
  Matrix<const E> key;
  Matrix<const E> value;
  Matrix<const E> grad;
  const Value<E>* sums;
  i64 sums_step;
  const Value<E>* means;
  i64 means_step;
  Mask mask;
  Sizes<E> sizes;
};

/* Operands of `heads`: out, query, key, value, grad, sums, means, mask. */
template <typename E> struct Queries {
  Walk<8> heads;
  Matrix<E> out;
  Given<E> given;
};

/* Operands of `heads`: both outs, of which either may be null, then as above. */
template <typename E> struct Keys {
  Walk<9> heads;
  Matrix<E> to_key;
  Matrix<E> to_value;
  Given<E> given;
};

/* Operands of `heads`: means, grad, out, the gradient of the sums, which may be null. */
template <typename E> struct Means {
  Walk<4> heads;
  Value<E>* means;
  i64 means_step;
  Matrix<const E> grad;
  Matrix<const E> out;
  const Value<E>* sums_grad;
  i64 sums_step;
  i64 queries;
  i64 width;
};

/* The rows of a matrix from `first` on; those beyond `count` are zeros. */
template <typename E> struct Rows {
  Matrix<const E> matrix;
  int first;
  int count;
};

template <typename E> DEVICE Matrix<E> moved(const Matrix<E>& m, i64 by) {
  return {m.data + by, m.down, m.across};
}

template <typename T> DEVICE T infinity() { return T(float_of_bits(0x7f800000u)); }
template <typename T> DEVICE T no_number() { return T(float_of_bits(0x7fc00000u)); }

DEVICE int column() { return int(threadIdx.x) % 16; }
DEVICE int row() { return 4 * (int(threadIdx.x) / 16); }

/* Over the 16 threads that share rows, in one order. */
template <typename T, typename Join> DEVICE T row_all(T x, Join join) {
#pragma unroll
  for (int step = 8; step > 0; step >>= 1) x = join(x, __shfl_xor_sync(0xffffffffu, x, step));
  return x;
}

/* Stages features `from` to `from + chunk` of `side` rows, times `factor`. */
template <typename T, int slice, typename E>
DEVICE void stage_features(Four<T>* to, const Rows<E>& x, int from, int features, T factor) {
  typedef Memory<T, slice> M;
  const int e = int(threadIdx.x) % M::chunk;
  const E* data = x.matrix.data + i64(from + e) * x.matrix.across;
#pragma unroll 4
  for (int r = int(threadIdx.x) / M::chunk; r < side; r += threads / M::chunk) {
    T element = 0;
    if (from + e < features && x.first + r < x.count) element = value(data[i64(x.first + r) * x.matrix.down]) * factor;
    to[r * M::line + e / 4].at[e % 4] = element;
  }
}

/* s[i][j]: the product of row `row() + i` of a, times `factor`, and row `column() + 16 j` of b. */
template <typename T, int slice, typename E>
DEVICE void products(T (&s)[4][4], Memory<T, slice>& memory, const Rows<E>& a, T a_factor, const Rows<E>& b, T b_factor, int features) {
  typedef Memory<T, slice> M;
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) s[i][j] = 0;
  Four<T>* const staged_a = memory.staging;
  Four<T>* const staged_b = memory.staging + side * M::line;
  for (int from = 0; from < features; from += M::chunk) {
    __syncthreads();
    stage_features<T, slice>(staged_a, a, from, features, a_factor);
    stage_features<T, slice>(staged_b, b, from, features, b_factor);
    __syncthreads();
#pragma unroll 1
    for (int q = 0; q < M::chunk / 4; q++) {
      Four<T> y[4];
#pragma unroll
      for (int j = 0; j < 4; j++) y[j] = staged_b[(column() + 16 * j) * M::line + q];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const Four<T> x = staged_a[(row() + i) * M::line + q];
#pragma unroll
        for (int j = 0; j < 4; j++)
#pragma unroll
          for (int c = 0; c < 4; c++) s[i][j] = fma(x.at[c], y[j].at[c], s[i][j]);
      }
    }
  }
}

template <typename T, int slice> DEVICE void keep_weight(Memory<T, slice>& memory, int i, int j, T weight) {
  const int c = column() + 16 * j;
  memory.weights[(row() + i) * Memory<T, slice>::weights_line + c / 4].at[c % 4] = weight;
}

/* Adds the kept weights times `side` rows of x: feature `from + 4 column() + 64 g + n` of row `row() + i` to sums[i][4 g + n]. */
template <typename T, int slice, typename E>
DEVICE void add_weighted(T (&sums)[4][slice / 16], Memory<T, slice>& memory, const Rows<E>& x, int from, int features) {
  typedef Memory<T, slice> M;
  const int c = int(threadIdx.x) % slice;
  const E* data = x.matrix.data + i64(from + c) * x.matrix.across;
  for (int block = 0; block < side; block += M::chunk) {
    __syncthreads();
#pragma unroll 4
    for (int r = int(threadIdx.x) / slice; r < M::chunk; r += threads / slice) {
      const int at = x.first + block + r;
      T element = 0;
      if (from + c < features && at < x.count) element = value(data[i64(at) * x.matrix.down]);
      memory.staging[r * (slice / 4) + c / 4].at[c % 4] = element;
    }
    __syncthreads();
#pragma unroll 1
    for (int q = 0; q < M::chunk; q += 4) {
      Four<T> w[4];
#pragma unroll
      for (int i = 0; i < 4; i++) w[i] = memory.weights[(row() + i) * M::weights_line + (block + q) / 4];
#pragma unroll
      for (int k = 0; k < 4; k++)
#pragma unroll
        for (int g = 0; g < slice / 64; g++) {
          const Four<T> y = memory.staging[(q + k) * (slice / 4) + column() + 16 * g];
#pragma unroll
          for (int i = 0; i < 4; i++)
#pragma unroll
            for (int n = 0; n < 4; n++) sums[i][4 * g + n] = fma(w[i].at[k], y.at[n], sums[i][4 * g + n]);
        }
    }
  }
}

/* Writes what `add_weighted` has summed, row by row, through `result(i, sum)`. */
template <int slice, typename T, typename E, typename Result>
DEVICE void store_rows(const T (&sums)[4][slice / 16], const Matrix<E>& out, int first, int count, int from, int features, Result result) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int r = first + row() + i;
    if (r >= count) continue;
    E* const to = out.data + i64(r) * out.down;
#pragma unroll
    for (int n = 0; n < slice / 16; n++) {
      const int f = from + 4 * column() + 64 * (n / 4) + n % 4;
      if (f < features) to[i64(f) * out.across] = element<E>(result(i, sums[i][n]));
    }
  }
}

/* The score of a query and a key from their product. Beyond the keys it is -inf. */
template <typename E> DEVICE Value<E> score(Value<E> product, const Mask& mask, i64 head, int query, int key, const Sizes<E>& sizes) {
  typedef Value<E> T;
  if (query >= sizes.queries || key >= sizes.keys || (mask.causal && key > query)) product = -infinity<T>();
  if (mask.kind == 0 || query >= sizes.queries || key >= sizes.keys) return product;
  const i64 at = head + i64(query) * mask.down + i64(key) * mask.across;
  if (mask.kind == 1) return static_cast<const b8*>(mask.data)[at].bits != 0 ? product : -infinity<T>();
  return product + (mask.kind == 2 ? value(static_cast<const E*>(mask.data)[at]) : static_cast<const T*>(mask.data)[at]);
}

/* Whether what a causal mask forbids need not be looked at: without another mask, each row has its first key. */
DEVICE bool ordered(const Mask& mask) { return mask.causal && mask.kind == 0; }

/* What logarithms of sums are measured by: a row of infinite scores by itself. */
template <typename T> DEVICE T origin_of(T largest) { return fabs(largest) == infinity<T>() ? T(0) : largest; }

template <typename E, int slice> DEVICE void forward(const Forward<E>& args) {
  typedef Value<E> T;
  __shared__ Memory<T, slice> memory;
  const Sizes<E>& sizes = args.sizes;
  const u32 tiles = u32(sizes.queries + side - 1) / side;
  const u32 head = blockIdx.x / tiles;
  /* those that a causal mask leaves most to do come first */
  const int first = int(tiles - 1 - (blockIdx.x - head * tiles)) * side;
  const int from = int(blockIdx.y) * slice;
  i64 at[6];
  walk(args.heads, head, at);
  const Rows<E> query = {moved(args.query, at[2]), first, sizes.queries};
  const Matrix<const E> key = moved(args.key, at[3]), value = moved(args.value, at[4]);
  T largest[4], total[4], sums[4][slice / 16];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    largest[i] = -infinity<T>();
    total[i] = 0;
#pragma unroll
    for (int n = 0; n < slice / 16; n++) sums[i][n] = 0;
  }
  const int keys = ordered(args.mask) && first + side < sizes.keys ? first + side : sizes.keys;
  for (int block = 0; block < keys; block += side) {
    T s[4][4];
    products(s, memory, query, T(sizes.scale), Rows<E>{key, block, sizes.keys}, T(1), sizes.features);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      T top = largest[i];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        s[i][j] = score<E>(s[i][j], args.mask, at[5], first + row() + i, block + column() + 16 * j, sizes);
        top = fmax(top, s[i][j]);
      }
      top = row_all(top, [](T a, T b) { return fmax(a, b); });
      const T origin = origin_of(top);
      const T shrink = largest[i] == infinity<T>() ? T(1) : exp(largest[i] - origin);
      largest[i] = top;
      T sum = 0;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const T weight = exp(s[i][j] - origin);
        keep_weight(memory, i, j, weight);
        sum += weight;
      }
      total[i] = fma(total[i], shrink, sum);
#pragma unroll
      for (int n = 0; n < slice / 16; n++) sums[i][n] *= shrink;
    }
    add_weighted(sums, memory, Rows<E>{value, block, sizes.keys}, from, sizes.width);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    total[i] = row_all(total[i], [](T a, T b) { return a + b; });
    const int r = first + row() + i;
    if (column() == 0 && blockIdx.y == 0 && r < sizes.queries) args.sums[at[1] + i64(r) * args.sums_step] = origin_of(largest[i]) + log(total[i]);
  }
  /* a row in which nothing takes part has no weights: 0 / 0 */
  store_rows<slice>(sums, moved(args.out, at[0]), first, sizes.queries, from, sizes.width, [&](int i, T x) { return x / total[i]; });
}

/* For each query Σ grad · out, less what its sum's own gradient adds. A warp to a query. */
template <typename E> DEVICE void means(const Means<E>& args) {
  typedef Value<E> T;
  const i64 warp = thread_number() / 32;
  const int lane = int(threadIdx.x) % 32;
  if (warp >= args.heads.count * args.queries) return;
  const i64 head = warp / args.queries, query = warp - head * args.queries;
  i64 at[4];
  walk(args.heads, head, at);
  const E* grad = args.grad.data + at[1] + query * args.grad.down;
  const E* out = args.out.data + at[2] + query * args.out.down;
  T sum = 0;
  for (i64 f = lane; f < args.width; f += 32) sum = fma(value(grad[f * args.grad.across]), value(out[f * args.out.across]), sum);
  sum = warp_all(sum, [](T a, T b) { return a + b; });
  if (lane == 0)
    args.means[at[0] + query * args.means_step] = args.sums_grad ? sum - args.sums_grad[at[3] + query * args.sums_step] : sum;
}

/* The logarithm of a sum, by which scores become weights again; an infinite one gives none. */
template <typename T> DEVICE T divisor(T sum) { return sum == infinity<T>() ? no_number<T>() : sum; }

/* With weights w and scores s:  ds = w (grad valueᵀ - mean),  dquery = ds key · scale. */
template <typename E, int slice> DEVICE void gradient_of_queries(const Queries<E>& args) {
  typedef Value<E> T;
  __shared__ Memory<T, slice> memory;
  const Given<E>& given = args.given;
  const Sizes<E>& sizes = given.sizes;
  const u32 tiles = u32(sizes.queries + side - 1) / side;
  const u32 head = blockIdx.x / tiles;
  const int first = int(tiles - 1 - (blockIdx.x - head * tiles)) * side;
  const int from = int(blockIdx.y) * slice;
  i64 at[8];
  walk(args.heads, head, at);
  const Rows<E> query = {moved(given.query, at[1]), first, sizes.queries}, grad = {moved(given.grad, at[4]), first, sizes.queries};
  const Matrix<const E> key = moved(given.key, at[2]), value = moved(given.value, at[3]);
  T sum[4], mean[4], sums[4][slice / 16];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int r = first + row() + i;
    sum[i] = r < sizes.queries ? divisor(given.sums[at[5] + i64(r) * given.sums_step]) : T(0);
    mean[i] = r < sizes.queries ? given.means[at[6] + i64(r) * given.means_step] : T(0);
#pragma unroll
    for (int n = 0; n < slice / 16; n++) sums[i][n] = 0;
  }
  const int keys = ordered(given.mask) && first + side < sizes.keys ? first + side : sizes.keys;
  for (int block = 0; block < keys; block += side) {
    T g[4][4], s[4][4];
    const Rows<E> keys_met = {key, block, sizes.keys};
    products(g, memory, grad, T(1), Rows<E>{value, block, sizes.keys}, T(1), sizes.width);
    products(s, memory, query, T(sizes.scale), keys_met, T(1), sizes.features);
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int k = block + column() + 16 * j;
        const T weight = exp(score<E>(s[i][j], given.mask, at[7], first + row() + i, k, sizes) - sum[i]);
        keep_weight(memory, i, j, k < sizes.keys ? weight * (g[i][j] - mean[i]) : T(0));
      }
    add_weighted(sums, memory, keys_met, from, sizes.features);
  }
  store_rows<slice>(sums, moved(args.out, at[0]), first, sizes.queries, from, sizes.features, [&](int, T x) { return x * T(sizes.scale); });
}

/* dvalue = wᵀ grad,  dkey = dsᵀ query · scale. */
template <typename E, int slice> DEVICE void gradients_of_keys(const Keys<E>& args) {
  typedef Value<E> T;
  __shared__ Memory<T, slice> memory;
  const Given<E>& given = args.given;
  const Sizes<E>& sizes = given.sizes;
  const u32 tiles = u32(sizes.keys + side - 1) / side;
  const u32 head = blockIdx.x / tiles;
  const int first = int(blockIdx.x - head * tiles) * side;
  const int from = int(blockIdx.y) * slice;
  i64 at[9];
  walk(args.heads, head, at);
  const Rows<E> key = {moved(given.key, at[3]), first, sizes.keys}, value = {moved(given.value, at[4]), first, sizes.keys};
  const Matrix<const E> query = moved(given.query, at[2]), grad = moved(given.grad, at[5]);
  const bool to_key = args.to_key.data != nullptr && from < sizes.features;
  const bool to_value = args.to_value.data != nullptr && from < sizes.width;
  T key_sums[4][slice / 16], value_sums[4][slice / 16];
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int n = 0; n < slice / 16; n++) key_sums[i][n] = value_sums[i][n] = 0;
  for (int block = ordered(given.mask) ? first : 0; block < sizes.queries; block += side) {
    T s[4][4];
    const Rows<E> queries_met = {query, block, sizes.queries}, grad_met = {grad, block, sizes.queries};
    products(s, memory, key, T(1), queries_met, T(sizes.scale), sizes.features);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int q = block + column() + 16 * j;
      const T sum = q < sizes.queries ? divisor(given.sums[at[6] + i64(q) * given.sums_step]) : T(0);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        s[i][j] = q < sizes.queries ? exp(score<E>(s[i][j], given.mask, at[8], q, first + row() + i, sizes) - sum) : T(0);
        if (to_value) keep_weight(memory, i, j, s[i][j]);
      }
    }
    if (to_value) add_weighted(value_sums, memory, grad_met, from, sizes.width);
    if (!to_key) continue;
    T g[4][4];
    products(g, memory, value, T(1), grad_met, T(1), sizes.width);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int q = block + column() + 16 * j;
      const T mean = q < sizes.queries ? given.means[at[7] + i64(q) * given.means_step] : T(0);
#pragma unroll
      for (int i = 0; i < 4; i++) keep_weight(memory, i, j, q < sizes.queries ? s[i][j] * (g[i][j] - mean) : T(0));
    }
    add_weighted(key_sums, memory, queries_met, from, sizes.features);
  }
  if (to_key) store_rows<slice>(key_sums, moved(args.to_key, at[0]), first, sizes.keys, from, sizes.features, [&](int, T x) { return x * T(sizes.scale); });
  if (to_value) store_rows<slice>(value_sums, moved(args.to_value, at[1]), first, sizes.keys, from, sizes.width, [](int, T x) { return x; });
}

}  // namespace attention

KERNEL(attention_means_f32, attention::Means<float>, attention::threads) { attention::means<float>(args); }
KERNEL(attention_f32_64, attention::Forward<float>, attention::threads) { attention::forward<float, 64>(args); }
KERNEL(attention_queries_f32_64, attention::Queries<float>, attention::threads) { attention::gradient_of_queries<float, 64>(args); }
KERNEL(attention_keys_f32_64, attention::Keys<float>, attention::threads) { attention::gradients_of_keys<float, 64>(args); }
KERNEL(attention_f32_128, attention::Forward<float>, attention::threads) { attention::forward<float, 128>(args); }
KERNEL(attention_queries_f32_128, attention::Queries<float>, attention::threads) { attention::gradient_of_queries<float, 128>(args); }
KERNEL(attention_keys_f32_128, attention::Keys<float>, attention::threads) { attention::gradients_of_keys<float, 128>(args); }

KERNEL(attention_means_f64, attention::Means<double>, attention::threads) { attention::means<double>(args); }
KERNEL(attention_f64_64, attention::Forward<double>, attention::threads) { attention::forward<double, 64>(args); }
KERNEL(attention_queries_f64_64, attention::Queries<double>, attention::threads) { attention::gradient_of_queries<double, 64>(args); }
KERNEL(attention_keys_f64_64, attention::Keys<double>, attention::threads) { attention::gradients_of_keys<double, 64>(args); }

KERNEL(attention_means_f16, attention::Means<f16>, attention::threads) { attention::means<f16>(args); }
KERNEL(attention_f16_64, attention::Forward<f16>, attention::threads) { attention::forward<f16, 64>(args); }
KERNEL(attention_queries_f16_64, attention::Queries<f16>, attention::threads) { attention::gradient_of_queries<f16, 64>(args); }
KERNEL(attention_keys_f16_64, attention::Keys<f16>, attention::threads) { attention::gradients_of_keys<f16, 64>(args); }
KERNEL(attention_f16_128, attention::Forward<f16>, attention::threads) { attention::forward<f16, 128>(args); }
KERNEL(attention_queries_f16_128, attention::Queries<f16>, attention::threads) { attention::gradient_of_queries<f16, 128>(args); }
KERNEL(attention_keys_f16_128, attention::Keys<f16>, attention::threads) { attention::gradients_of_keys<f16, 128>(args); }

KERNEL(attention_means_bf16, attention::Means<bf16>, attention::threads) { attention::means<bf16>(args); }
KERNEL(attention_bf16_64, attention::Forward<bf16>, attention::threads) { attention::forward<bf16, 64>(args); }
KERNEL(attention_queries_bf16_64, attention::Queries<bf16>, attention::threads) { attention::gradient_of_queries<bf16, 64>(args); }
KERNEL(attention_keys_bf16_64, attention::Keys<bf16>, attention::threads) { attention::gradients_of_keys<bf16, 64>(args); }
KERNEL(attention_bf16_128, attention::Forward<bf16>, attention::threads) { attention::forward<bf16, 128>(args); }
KERNEL(attention_queries_bf16_128, attention::Queries<bf16>, attention::threads) { attention::gradient_of_queries<bf16, 128>(args); }
KERNEL(attention_keys_bf16_128, attention::Keys<bf16>, attention::threads) { attention::gradients_of_keys<bf16, 128>(args); }
