#include "fibers.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulator {
namespace {

/* Wider than what a kernel keeps in local variables by mistake, so that it does not step over. */
constexpr size_t guard_bytes = 1024 * 1024;
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t stack_bytes = 512 * 1024;
#else
constexpr size_t stack_bytes = 128 * 1024;
#endif

/* Who was left last, so that its bounds can be noted on the way in. */
Place* left = nullptr;

void arrive(Place& here) {
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(here.fake_stack, &bottom, &size);
  if (left != nullptr && left->bottom == nullptr) {
    left->bottom = bottom;
    left->size = size;
  }
#else
  (void)here;
#endif
}

/* A new fiber comes in here: it was never left, so it has no fake stack yet. */
struct Start {
  void (*run)();
};
Start next_start;

void begin() {
  Place fresh;
  arrive(fresh);
  next_start.run();
}

}  // namespace

#if defined(__x86_64__)
/* What the System V ABI has a callee save; flags of the floating-point unit are the same everywhere. */
extern "C" void emulator_switch(void** save, void* load);
asm(R"(
.text
.type emulator_switch, @function
.hidden emulator_switch
.globl emulator_switch
emulator_switch:
  endbr64
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulator_switch, . - emulator_switch
)");
#endif

Fiber::Fiber(size_t number) : shift(number % 64 * 320) {
  mapping = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  /* a thread that needs more faults, and does not write over its neighbour */
  mprotect(mapping, guard_bytes, PROT_NONE);
  place.bottom = static_cast<char*>(mapping) + guard_bytes;
  place.size = stack_bytes;
}

Fiber::~Fiber() { munmap(mapping, guard_bytes + stack_bytes); }

void Fiber::rewind(void (*run)()) {
  next_start.run = run;
  place.fake_stack = nullptr;
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(place.bottom, place.size);
#endif
  char* top = static_cast<char*>(mapping) + guard_bytes + stack_bytes - shift;
#if defined(__x86_64__)
  /* six registers and the address that `ret` takes; then the stack is as after a call */
  void** frame = reinterpret_cast<void**>(top) - 8;
  for (int i = 0; i < 8; i++) frame[i] = nullptr;
  frame[6] = reinterpret_cast<void*>(begin);
  place.stack_pointer = frame;
#else
  getcontext(&place.context);
  place.context.uc_stack.ss_sp = const_cast<void*>(place.bottom);
  place.context.uc_stack.ss_size = place.size;
  place.context.uc_link = nullptr;
  makecontext(&place.context, begin, 0);
  (void)top;
#endif
}

void go(Place& from, Place& to) {
  left = &from;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
#if defined(__x86_64__)
  emulator_switch(&from.stack_pointer, to.stack_pointer);
#else
  swapcontext(&from.context, &to.context);
#endif
  arrive(from);
}

Fiber* FiberPool::take() {
  if (idle.empty()) {
    all.push_back(std::make_unique<Fiber>(all.size()));
    all.back()->rewind(run);
    return all.back().get();
  }
  Fiber* fiber = idle.back();
  idle.pop_back();
  return fiber;
}

void FiberPool::reclaim() {
  idle.clear();
  for (const auto& fiber : all) {
    fiber->rewind(run);
    idle.push_back(fiber.get());
  }
}

bool overflows_stack(const Fiber& fiber, const void* address) {
  const uintptr_t guard = reinterpret_cast<uintptr_t>(fiber.mapping), at = reinterpret_cast<uintptr_t>(address);
  return at >= guard && at < guard + guard_bytes;
}

}  // namespace emulator
