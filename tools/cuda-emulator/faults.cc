#include "faults.h"

#include <cstdint>
#include <initializer_list>
#include <utility>

/* AddressSanitizer says more about a fault than a failed launch could. */
#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__)

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

namespace emulator {
namespace {

constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE};
struct sigaction before[3];
FaultGuard::Land landing;
pthread_t owner;
const void* fault_address;
Fault fault_kind;

/* The fault may be that the fiber's stack is full, so both the handler and the landing have their own. */
alignas(16) char landing_stack[64 * 1024];
thread_local char handler_stack[32 * 1024];
thread_local stack_t stack_before;

[[noreturn]] void land() {
  landing(fault_kind, fault_address);
  __builtin_unreachable();
}

void handle(int signal, siginfo_t* info, void* context) {
  if (pthread_equal(pthread_self(), owner)) {
    fault_kind = signal == SIGFPE ? Fault::arithmetic : Fault::address;
    fault_address = info->si_addr;
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    /* as after a call */
    registers[REG_RSP] = greg_t(reinterpret_cast<uintptr_t>(landing_stack + sizeof landing_stack) - 8);
    registers[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(land));
    return;
  }
  for (int i = 0; i < 3; i++) {
    if (signals[i] != signal) continue;
    if (before[i].sa_flags & SA_SIGINFO) before[i].sa_sigaction(signal, info, context);
    else if (before[i].sa_handler != SIG_DFL && before[i].sa_handler != SIG_IGN) before[i].sa_handler(signal);
    else sigaction(signal, &before[i], nullptr);
  }
}

}  // namespace

FaultGuard::FaultGuard(Land land) {
  landing = land;
  owner = pthread_self();
  stack_t stack = {};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, &stack_before);
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 3; i++) sigaction(signals[i], &action, &before[i]);
}

FaultGuard::~FaultGuard() {
  for (int i = 0; i < 3; i++) sigaction(signals[i], &before[i], nullptr);
  sigaltstack(&stack_before, nullptr);
}

}  // namespace emulator

#else

namespace emulator {
FaultGuard::FaultGuard(Land) {}
FaultGuard::~FaultGuard() {}
}  // namespace emulator

#endif
