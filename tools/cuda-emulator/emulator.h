/*
 * CUDA's device language for g++: `native/kernels/device.cuh` includes this under TENFOLD_EMULATOR. Kernels become functions in a table; their threads run
 * as fibers, one block at a time, so that `__shared__` memory is static memory. What threads exchange is in warp.h, arithmetic in arithmetic.h.
 */
#pragma once

#include <math.h>
#include <stdint.h>

#include <cstddef>
#include <cstring>
#include <type_traits>

/* What kernels that are compiled at run time need of the driver. */
#pragma GCC visibility push(default)

namespace emulator {

struct Index {
  unsigned x, y, z;
};

/* A kernel as the host compiled it. */
struct Kernel {
  const char* name;
  size_t bytes;
  size_t alignment;
  unsigned threads;
  void (*entry)(const void* args);
  const Kernel* next;
};

/* Adds a kernel to the table of the library that is being loaded. */
void enlist(Kernel& kernel);

struct Enlisted {
  explicit Enlisted(Kernel& kernel) { enlist(kernel); }
};

}  // namespace emulator

/* The thread that runs now. Only the launcher writes them. */
extern emulator::Index threadIdx, blockIdx, blockDim, gridDim;

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
#define OUT_OF_LINE static __attribute__((noinline))

#define KERNEL(name, Args, most)                                                                                                   \
  static_assert(std::is_trivially_copyable<Args>::value, "the arguments of " #name " are copied as bytes");                         \
  static_assert((most) > 0 && (most) <= 1024, "a block of " #name " has 1 to 1024 threads");                                        \
  static void emulated_##name(const Args& args);                                                                                    \
  static emulator::Kernel kernel_##name = {                                                                                         \
      #name, sizeof(Args), alignof(Args), most, [](const void* args) { emulated_##name(*static_cast<const Args*>(args)); }, nullptr}; \
  static const emulator::Enlisted enlisted_##name(kernel_##name);                                                                   \
  static void emulated_##name(const Args& args)

#include "arithmetic.h"
#include "warp.h"
#include "tensor-core.h"

#pragma GCC visibility pop

/* Not before: headers of g++ use the word themselves. */
