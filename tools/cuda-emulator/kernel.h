/* A kernel as the host compiled it, and the thread that runs now: where kernels and the driver meet. */
#pragma once

#include <cstddef>

/* Kernels that are compiled at run time find these in the driver. */
#pragma GCC visibility push(default)

namespace emulator {

struct Index {
  unsigned x, y, z;
};

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

/* Only the launcher writes them. */
extern emulator::Index threadIdx, blockIdx, blockDim, gridDim;

#pragma GCC visibility pop
