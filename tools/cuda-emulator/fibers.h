/* Stacks of their own, and the switch between them. */
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace emulator {

/* A place to go on: a fiber's, or the launcher's own. */
struct Place {
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t context;
#endif
  /* what AddressSanitizer needs to follow */
  const void* bottom = nullptr;
  size_t size = 0;
  void* fake_stack = nullptr;
};

struct Fiber {
  Place place;
  void* mapping = nullptr;
  /* Stacks that began at the same place of a page would push each other out of the processor's cache. */
  size_t shift;

  explicit Fiber(size_t number);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /* Next time it begins anew, with `run` of the pool. */
  void rewind(void (*run)());
};

/* Goes on at `to`; comes back when someone goes on at `from`. */
void go(Place& from, Place& to);

/* Fibers are kept: making one costs three system calls. */
class FiberPool {
 public:
  explicit FiberPool(void (*run)()) : run(run) {}
  Fiber* take();
  void give(Fiber* fiber) { idle.push_back(fiber); }
  /* Takes all of them back, whatever they were at. */
  void reclaim();

 private:
  void (*run)();
  std::vector<std::unique_ptr<Fiber>> all;
  std::vector<Fiber*> idle;
};

/* Whether an address is below the stack of a fiber. */
bool overflows_stack(const Fiber& fiber, const void* address);

}  // namespace emulator
