/* Runs a grid of a kernel on the calling thread. */
#pragma once

#include <string>

#include "kernel.h"

namespace emulator {

enum class Order { forward, backward, shuffled };

struct Launch {
  const Kernel* kernel;
  Index grid, block;
  const void* args;
  /* What a kernel must not rely on: the order in which blocks run, and threads of a block begin. */
  Order blocks = Order::forward;
  Order threads = Order::forward;
};

struct Outcome {
  enum Kind { fine, failed, illegal_address } kind = fine;
  std::string message;
};

/* One launch at a time in a process: kernels' shared memory is static. */
Outcome run(const Launch& launch);

}  // namespace emulator
