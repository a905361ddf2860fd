/*
 * Products that tiles don't fit: few rows or columns, little to sum, batches of tiny matrices. Each factor is read where it lies, and as long as the result
 * is thin about once, so these are as fast as memory is. And the second pass of products whose k was split.
 */
#include "product.cuh"

/* Calls `visit(address in a, address in b)` for some steps of k in order. */
template <typename Visit> DEVICE void for_steps(const Walk<2>& k, i64 from, i64 to, Visit visit) {
  const i32 last = k.rank - 1;
  const i64 size = last < 0 ? 1 : k.sizes[last];
  const i64 step_a = last < 0 ? 0 : k.strides[0][last], step_b = last < 0 ? 0 : k.strides[1][last];
  while (from < to) {
    i64 at[2], place = from;
    walk(k, from, at);
    divide(place, size);
    const i64 run = least(size - place, to - from);
#pragma unroll 4
    for (i64 i = 0; i < run; i++) visit(at[0] + i * step_a, at[1] + i * step_b);
    from += run;
  }
}

/* Each thread sums `rows` results below each other; neighbouring threads take neighbouring columns. Parts of k are the grid's second dim. */
template <typename T, int rows> DEVICE void direct(const Product& p) {
  const i64 groups = (p.m.count + rows - 1) / rows;
  const Steps steps = steps_of(p, blockIdx.y);
  for (i64 i = thread_number(); i < p.batch.count * groups * p.n.count; i += thread_count()) {
    i64 n = i;
    i64 group = divide(n, p.n.count);
    const i64 batch = divide(group, groups);
    i64 at_batch[4], at_n[3];
    walk(p.batch, batch, at_batch);
    walk(p.n, n, at_n);
    const T* a[rows];
    Sum<T> sums[rows];
#pragma unroll
    for (int r = 0; r < rows; r++) {
      i64 at_m[3];
      walk(p.m, least(group * rows + r, p.m.count - 1), at_m);
      a[r] = static_cast<const T*>(p.a) + at_batch[2] + at_m[2];
      sums[r] = Sum<T>(0);
    }
    const T* b = static_cast<const T*>(p.b) + at_batch[3] + at_n[2];
    for_steps(p.k, steps.from, steps.to, [&](i64 at_a, i64 at_b) {
      const Sum<T> y = factor(b[at_b]);
#pragma unroll
      for (int r = 0; r < rows; r++) sums[r] = multiply_add(factor(a[r][at_a]), y, sums[r]);
    });
#pragma unroll
    for (int r = 0; r < rows; r++)
      if (group * rows + r < p.m.count) store<T>(p, blockIdx.y, batch, group * rows + r, n, sums[r]);
  }
}

/*
 * Each warp sums `columns` results beside each other: lane l takes steps 4l … 4l + 3 of every 128, then the lanes add up. The order is the same however
 * factors are aligned.
 */
template <typename T, int columns> DEVICE void dots(const Product& p) {
  const i64 groups = (p.n.count + columns - 1) / columns;
  const Steps steps = steps_of(p, blockIdx.y);
  const u32 lane = threadIdx.x % 32;
  for (i64 i = thread_number() / 32; i < p.batch.count * p.m.count * groups; i += thread_count() / 32) {
    i64 group = i;
    i64 m = divide(group, groups);
    const i64 batch = divide(m, p.m.count);
    i64 at_batch[4], at_m[3];
    walk(p.batch, batch, at_batch);
    walk(p.m, m, at_m);
    const T* a = static_cast<const T*>(p.a) + at_batch[2] + at_m[2];
    const T* b[columns];
    Sum<T> sums[columns];
#pragma unroll
    for (int c = 0; c < columns; c++) {
      i64 at_n[3];
      walk(p.n, least(group * columns + c, p.n.count - 1), at_n);
      b[c] = static_cast<const T*>(p.b) + at_batch[3] + at_n[2];
      sums[c] = Sum<T>(0);
    }
    const auto add_four = [&](i64 at_a, i64 at_b) {
      const Four<T> x = *reinterpret_cast<const Four<T>*>(a + at_a);
#pragma unroll
      for (int c = 0; c < columns; c++) {
        const Four<T> y = *reinterpret_cast<const Four<T>*>(b[c] + at_b);
#pragma unroll
        for (int j = 0; j < 4; j++) sums[c] = multiply_add(factor(x.x[j]), factor(y.x[j]), sums[c]);
      }
    };
    /* the last dim of k goes by fours, of which none is cut; several loads are on their way at once */
    if (p.reading_a == fours && p.reading_b == fours && p.k.rank == 1) {
#pragma unroll 4
      for (i64 k = steps.from + lane * 4; k < steps.to; k += 128) add_four(k, k);
    } else if (p.reading_a == fours && p.reading_b == fours) {
      for (i64 k = steps.from + lane * 4; k < steps.to; k += 128) {
        i64 at[2];
        walk(p.k, k, at);
        add_four(at[0], at[1]);
      }
    } else {
      for (i64 k = steps.from + lane * 4; k < steps.to; k += 128) {
        const i64 end = least(k + 4, steps.to);
        for (i64 t = k; t < end; t++) {
          i64 at[2];
          walk(p.k, t, at);
          const Sum<T> x = factor(a[at[0]]);
#pragma unroll
          for (int c = 0; c < columns; c++) sums[c] = multiply_add(x, factor(b[c][at[1]]), sums[c]);
        }
      }
    }
#pragma unroll
    for (int c = 0; c < columns; c++) {
      const Sum<T> sum = warp_all(sums[c], [](Sum<T> x, Sum<T> y) { return x + y; });
      if (lane == 0 && group * columns + c < p.n.count) store<T>(p, blockIdx.y, batch, m, group * columns + c, sum);
    }
  }
}

/* Adds up the sums of the parts of k, the first to the second to the third, and stores the results. */
template <typename T> DEVICE void join(const Product& p) {
  const i64 count = p.batch.count * p.m.count * p.n.count;
  const Sum<T>* partial = static_cast<const Sum<T>*>(p.partial);
  for (i64 i = thread_number(); i < count; i += thread_count()) {
    Sum<T> sum = partial[i];
    for (i32 part = 1; part < p.parts; part++) sum = sum + partial[part * count + i];
    i64 n = i;
    i64 m = divide(n, p.n.count);
    const i64 batch = divide(m, p.m.count);
    store_result<T>(p, batch, m, n, sum);
  }
}

KERNEL(matmul_direct_f32, Product, 256) { direct<float, 1>(args); }
KERNEL(matmul_direct_f64, Product, 256) { direct<double, 1>(args); }
KERNEL(matmul_direct_f16, Product, 256) { direct<f16, 1>(args); }
KERNEL(matmul_direct_bf16, Product, 256) { direct<bf16, 1>(args); }
KERNEL(matmul_direct_i64, Product, 256) { direct<i64, 1>(args); }
KERNEL(matmul_direct_i32, Product, 256) { direct<i32, 1>(args); }
KERNEL(matmul_direct_i16, Product, 256) { direct<i16, 1>(args); }
KERNEL(matmul_direct_i8, Product, 256) { direct<i8, 1>(args); }
KERNEL(matmul_direct_u8, Product, 256) { direct<u8, 1>(args); }

KERNEL(matmul_direct4_f32, Product, 256) { direct<float, 4>(args); }
KERNEL(matmul_direct4_f64, Product, 256) { direct<double, 4>(args); }
KERNEL(matmul_direct4_f16, Product, 256) { direct<f16, 4>(args); }
KERNEL(matmul_direct4_bf16, Product, 256) { direct<bf16, 4>(args); }
KERNEL(matmul_direct4_i64, Product, 256) { direct<i64, 4>(args); }
KERNEL(matmul_direct4_i32, Product, 256) { direct<i32, 4>(args); }
KERNEL(matmul_direct4_i16, Product, 256) { direct<i16, 4>(args); }
KERNEL(matmul_direct4_i8, Product, 256) { direct<i8, 4>(args); }
KERNEL(matmul_direct4_u8, Product, 256) { direct<u8, 4>(args); }

KERNEL(matmul_dots_f32, Product, 128) { dots<float, 1>(args); }
KERNEL(matmul_dots_f64, Product, 128) { dots<double, 1>(args); }
KERNEL(matmul_dots_f16, Product, 128) { dots<f16, 1>(args); }
KERNEL(matmul_dots_bf16, Product, 128) { dots<bf16, 1>(args); }
KERNEL(matmul_dots_i64, Product, 128) { dots<i64, 1>(args); }
KERNEL(matmul_dots_i32, Product, 128) { dots<i32, 1>(args); }
KERNEL(matmul_dots_i16, Product, 128) { dots<i16, 1>(args); }
KERNEL(matmul_dots_i8, Product, 128) { dots<i8, 1>(args); }
KERNEL(matmul_dots_u8, Product, 128) { dots<u8, 1>(args); }

KERNEL(matmul_dots4_f32, Product, 128) { dots<float, 4>(args); }
KERNEL(matmul_dots4_f64, Product, 128) { dots<double, 4>(args); }
KERNEL(matmul_dots4_f16, Product, 128) { dots<f16, 4>(args); }
KERNEL(matmul_dots4_bf16, Product, 128) { dots<bf16, 4>(args); }
KERNEL(matmul_dots4_i64, Product, 128) { dots<i64, 4>(args); }
KERNEL(matmul_dots4_i32, Product, 128) { dots<i32, 4>(args); }
KERNEL(matmul_dots4_i16, Product, 128) { dots<i16, 4>(args); }
KERNEL(matmul_dots4_i8, Product, 128) { dots<i8, 4>(args); }
KERNEL(matmul_dots4_u8, Product, 128) { dots<u8, 4>(args); }

KERNEL(matmul_join_f32, Product, 256) { join<float>(args); }
KERNEL(matmul_join_f64, Product, 256) { join<double>(args); }
KERNEL(matmul_join_f16, Product, 256) { join<f16>(args); }
KERNEL(matmul_join_bf16, Product, 256) { join<bf16>(args); }
KERNEL(matmul_join_i64, Product, 256) { join<i64>(args); }
KERNEL(matmul_join_i32, Product, 256) { join<i32>(args); }
KERNEL(matmul_join_i16, Product, 256) { join<i16>(args); }
KERNEL(matmul_join_i8, Product, 256) { join<i8>(args); }
KERNEL(matmul_join_u8, Product, 256) { join<u8>(args); }
