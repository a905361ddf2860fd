/* Turns a fault of the processor, while a kernel runs, into a failed launch. */
#pragma once

namespace emulator {

enum class Fault { address, arithmetic };

/* While it lives, faults of this thread call `land` on a stack of its own; `land` never returns. Other threads' faults go where they went before. */
class FaultGuard {
 public:
  using Land = void (*)(Fault fault, const void* address);
  explicit FaultGuard(Land land);
  ~FaultGuard();
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;
};

}  // namespace emulator
