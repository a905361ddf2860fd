/* Products of float16 by tensor cores, which every card that PTX for compute_75 runs on has. */
#include "tensor-core.cuh"

template <> struct Piece<f16> {
  typedef f16 Kept;
  typedef __half Source;
  typedef __half Type;
  static constexpr int steps = 16;
  static DEVICE_MEMBER f16 kept(f16 x) { return x; }
};

/*
 * 128 × 128 by eight warps of 64 × 32: a piece that is loaded is multiplied 2 or 4 times, and 32 multiplications are for each byte that a tile brings. 46 KiB
 * and at most 128 registers let two blocks share a multiprocessor (one on Turing), at the price of 16 to 72 bytes of local memory per thread. 64 × 64 by four
 * warps of 32 × 32, 23 KiB, for results of which there would be too few large tiles. `k` and `m` (or `n`) say in which direction neighbours of a (and b) lie.
 */
KERNEL_AT_ONCE(matmul_tensor_128_kk_f16, Product, 256, 2) { TensorTiled<f16, 128, 128, 64, 32, false, false>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_kn_f16, Product, 256, 2) { TensorTiled<f16, 128, 128, 64, 32, false, true>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_mk_f16, Product, 256, 2) { TensorTiled<f16, 128, 128, 64, 32, true, false>::run(args); }
KERNEL_AT_ONCE(matmul_tensor_128_mn_f16, Product, 256, 2) { TensorTiled<f16, 128, 128, 64, 32, true, true>::run(args); }

KERNEL(matmul_tensor_64_kk_f16, Product, 128) { TensorTiled<f16, 64, 64, 32, 32, false, false>::run(args); }
KERNEL(matmul_tensor_64_kn_f16, Product, 128) { TensorTiled<f16, 64, 64, 32, 32, false, true>::run(args); }
KERNEL(matmul_tensor_64_mk_f16, Product, 128) { TensorTiled<f16, 64, 64, 32, 32, true, false>::run(args); }
KERNEL(matmul_tensor_64_mn_f16, Product, 128) { TensorTiled<f16, 64, 64, 32, 32, true, true>::run(args); }
