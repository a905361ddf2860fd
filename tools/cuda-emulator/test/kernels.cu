/* Kernels of which the results are known by formula, and kernels that are wrong. */
#include "device.cuh"

struct SumArgs {
  const i64* in;
  i64* out;
  i64 count;
};
/* One sum per block: a shuffle within warps, shared memory among them. */
KERNEL(test_sum, SumArgs, 256) {
  __shared__ i64 warps[8];
  i64 sum = 0;
  for (i64 i = thread_number(); i < args.count; i += thread_count()) sum += args.in[i];
  sum = warp_all(sum, [](i64 a, i64 b) { return a + b; });
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = warp_all(threadIdx.x < blockDim.x / 32 ? warps[threadIdx.x] : i64(0), [](i64 a, i64 b) { return a + b; });
    if (threadIdx.x == 0) args.out[blockIdx.x] = sum;
  }
}

struct FillArgs {
  i64* out;
  i64 count, factor;
};
KERNEL(test_fill, FillArgs, 256) {
  for (i64 i = thread_number(); i < args.count; i += thread_count()) args.out[i] = args.factor * i;
}

struct OneArgs {
  i64* out;
  i64 count;
};
/* What each of the warp's functions gives, by lane: 16 numbers a lane. */
KERNEL(test_warp, OneArgs, 64) {
  const u32 all = 0xffffffffu;
  const int lane = int(threadIdx.x % 32);
  i64* const out = args.out + i64(threadIdx.x) * 16;
  out[0] = __shfl_sync(all, lane * 3, 5);
  out[1] = __shfl_sync(all, lane * 3, lane + 1, 8);
  out[2] = __shfl_up_sync(all, lane, 3);
  out[3] = __shfl_up_sync(all, lane, 3, 8);
  out[4] = __shfl_down_sync(all, lane, 3);
  out[5] = __shfl_down_sync(all, lane, 3, 8);
  out[6] = __shfl_xor_sync(all, lane, 5);
  out[7] = __shfl_xor_sync(all, i64(lane) << 40, 16);
  out[8] = __ballot_sync(all, lane % 3 == 0);
  out[9] = __any_sync(all, lane == 7);
  out[10] = __all_sync(all, lane != 7);
  out[11] = __match_any_sync(all, lane % 5);
  /* halves of a warp by themselves */
  out[12] = lane < 16 ? __shfl_xor_sync(0x0000ffffu, lane, 15) : __shfl_xor_sync(0xffff0000u, lane + 100, 1);
  out[13] = __syncthreads_count(threadIdx.x % 4 == 0);
  out[14] = __syncthreads_or(threadIdx.x == 63) * 2 + __syncthreads_or(0);
  out[15] = __syncthreads_and(threadIdx.x != 9) * 2 + __syncthreads_and(1);
}

/* The first 40 threads end early: barriers count those that are left. */
KERNEL(test_early, OneArgs, 128) {
  if (threadIdx.x < 40) return;
  const int left = __syncthreads_count(1);
  args.out[threadIdx.x] = left;
}

/* Each thread writes a word that its neighbour reads, without a barrier between: right in no order that is promised. */
KERNEL(test_race, OneArgs, 64) {
  __shared__ i64 words[64];
  words[threadIdx.x] = i64(threadIdx.x) + args.count;
  args.out[threadIdx.x] = words[(threadIdx.x + 63) % 64];
}

KERNEL(test_skipped_barrier, OneArgs, 64) {
  if (threadIdx.x < 20) __syncwarp(0x000fffffu);
  if (threadIdx.x == 3) __shfl_sync(0x0000000fu, 1, 0);
  args.out[threadIdx.x] = 1;
  __syncthreads();
}
KERNEL(test_divergent_barrier, OneArgs, 64) {
  if (threadIdx.x < 32) {
    __syncthreads();
    args.out[0] = 1;
  } else {
    __syncthreads();
  }
}
KERNEL(test_divergent_collective, OneArgs, 32) {
  int x = int(threadIdx.x);
  if (threadIdx.x < 16) x = __shfl_xor_sync(0xffffffffu, x, 1);
  else x = __shfl_down_sync(0xffffffffu, x, 1);
  args.out[threadIdx.x] = x;
}
KERNEL(test_absent_lane, OneArgs, 32) { args.out[threadIdx.x] = i64(__ballot_sync(0xffffffffu, 1)); }
KERNEL(test_stray_write, OneArgs, 32) {
  if (threadIdx.x == 31) args.out[args.count] = 1;
}
KERNEL(test_divide_by_zero, OneArgs, 32) { args.out[threadIdx.x] = args.count / i64(threadIdx.x); }
KERNEL(test_deep_stack, OneArgs, 32) {
  volatile char local[200 * 1024];
  for (int i = 0; i < int(sizeof local); i += 512) local[i] = char(i + args.count);
  args.out[threadIdx.x] = local[512];
}

struct PieceArgs {
  const __half *a, *b;
  float* out;
};
/* out = 2 a b + 1 of 16 × 16 matrices; b lies column by column. */
KERNEL(test_tensor_core, PieceArgs, 32) {
  using namespace nvcuda::wmma;
  __shared__ __align__(32) __half tile[16 * 24];
  for (int i = int(threadIdx.x); i < 256; i += 32) tile[i / 16 * 24 + i % 16] = args.a[i];
  __syncwarp();
  fragment<matrix_a, 16, 16, 16, __half, row_major> a;
  fragment<matrix_b, 16, 16, 16, __half, col_major> b;
  fragment<accumulator, 16, 16, 16, float> sums;
  fill_fragment(sums, 0.0f);
  load_matrix_sync(a, tile, 24);
  load_matrix_sync(b, args.b, 16);
  mma_sync(sums, a, b, sums);
  for (int i = 0; i < sums.num_elements; i++) sums.x[i] = 2 * sums.x[i] + 1;
  store_matrix_sync(args.out, sums, 16, mem_row_major);
}
