/* compute_80: products of bfloat16, and of float32 in TF32, by the tensor cores of Ampere and later. */
#include "tensor-core.cuh"

template <> struct Piece<bf16> {
  typedef bf16 Kept;
  typedef __nv_bfloat16 Source;
  typedef __nv_bfloat16 Type;
  static constexpr int steps = 16;
  static DEVICE_MEMBER bf16 kept(bf16 x) { return x; }
};

/* TF32: float32 with 10 bits of fraction, rounded to nearest, halves away from zero. */
template <> struct Piece<float> {
  typedef float Kept;
  typedef float Source;
  typedef wmma::precision::tf32 Type;
  static constexpr int steps = 8;
  static DEVICE_MEMBER float kept(float x) { return x != x ? x : float_of_bits((bits_of(x) + 0x1000u) & ~0x1fffu); }
};

KERNEL_AT_ONCE(matmul_tensor_128_kk_bf16, Product, 256, 2) { TensorTiled<bf16, 128, 128, 64, 32, false, false>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_kn_bf16, Product, 256, 2) { TensorTiled<bf16, 128, 128, 64, 32, false, true>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_mk_bf16, Product, 256, 2) { TensorTiled<bf16, 128, 128, 64, 32, true, false>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_mn_bf16, Product, 256, 2) { TensorTiled<bf16, 128, 128, 64, 32, true, true>::run(args); }

KERNEL(matmul_tensor_64_kk_bf16, Product, 128) { TensorTiled<bf16, 64, 64, 32, 32, false, false>::run(args); }
KERNEL(matmul_tensor_64_kn_bf16, Product, 128) { TensorTiled<bf16, 64, 64, 32, 32, false, true>::run(args); }
KERNEL(matmul_tensor_64_mk_bf16, Product, 128) { TensorTiled<bf16, 64, 64, 32, 32, true, false>::run(args); }
KERNEL(matmul_tensor_64_mn_bf16, Product, 128) { TensorTiled<bf16, 64, 64, 32, 32, true, true>::run(args); }

KERNEL_AT_ONCE(matmul_tensor_128_kk_f32, Product, 256, 2) { TensorTiled<float, 128, 128, 64, 32, false, false>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_kn_f32, Product, 256, 2) { TensorTiled<float, 128, 128, 64, 32, false, true>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_mk_f32, Product, 256, 2) { TensorTiled<float, 128, 128, 64, 32, true, false>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_mn_f32, Product, 256, 2) { TensorTiled<float, 128, 128, 64, 32, true, true>::run(args); }

KERNEL(matmul_tensor_64_kk_f32, Product, 128) { TensorTiled<float, 64, 64, 32, 32, false, false>::run(args); }
KERNEL(matmul_tensor_64_kn_f32, Product, 128) { TensorTiled<float, 64, 64, 32, 32, false, true>::run(args); }
KERNEL(matmul_tensor_64_mk_f32, Product, 128) { TensorTiled<float, 64, 64, 32, 32, true, false>::run(args); }
KERNEL(matmul_tensor_64_mn_f32, Product, 128) { TensorTiled<float, 64, 64, 32, 32, true, true>::run(args); }
