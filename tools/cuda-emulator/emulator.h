/*
 * CUDA's device language for g++: `native/kernels/device.cuh` includes this under TENFOLD_EMULATOR. Kernels become functions in a table; their threads run
 * as fibers, one block at a time, so that `__shared__` memory is static memory. What threads exchange is in warp.h, arithmetic in arithmetic.h.
 */
#pragma once

#include "arithmetic.h"
#include "kernel.h"
#include "tensor-core.h"
#include "warp.h"

#define __device__
#define __host__
#define __global__
#define __constant__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

#define DEVICE static inline __attribute__((unused))
#define DEVICE_MEMBER inline
#define OUT_OF_LINE static __attribute__((noinline, unused))

#define KERNEL(name, Args, most)                                                                                                   \
  static_assert(std::is_trivially_copyable<Args>::value, "the arguments of " #name " are copied as bytes");                         \
  static_assert((most) > 0 && (most) <= 1024, "a block of " #name " has 1 to 1024 threads");                                        \
  static void emulated_##name(const Args& args);                                                                                    \
  static emulator::Kernel kernel_##name = {                                                                                         \
      #name, sizeof(Args), alignof(Args), most, [](const void* args) { emulated_##name(*static_cast<const Args*>(args)); }, nullptr}; \
  static const emulator::Enlisted enlisted_##name(kernel_##name);                                                                   \
  static void emulated_##name(const Args& args)
