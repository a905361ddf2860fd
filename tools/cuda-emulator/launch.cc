/*
 * Threads of a block are fibers, resumed warp by warp. A thread that ends without waiting for anyone leaves its stack to the next, so kernels without barriers
 * cost a function call per thread. When nobody can go on and someone still waits, the launch fails and says who waits where.
 */
#include "launch.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "faults.h"
#include "fibers.h"
#include "warp.h"

emulator::Index threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {
namespace {

constexpr unsigned most_threads = 1024, none = ~0u;

struct Thread {
  Fiber* fiber;
  Meeting where;
  unsigned mask;
  Join join;
  void* record;
};

/* Sets of lanes: those that have not ended, and of them those that have not begun, can go on, or wait. */
struct Warp {
  unsigned alive, fresh, ready, at_barrier, at_collective;
};

void run_threads();

struct Machine {
  const Launch* launch = nullptr;
  Place launcher;
  FiberPool fibers{run_threads};
  std::array<Thread, most_threads> threads;
  std::array<Index, most_threads> indices;
  std::array<Warp, most_threads / 32> warps;
  unsigned count = 0, alive = 0, current = 0;
  unsigned at_barrier = 0, yes = 0;
  Meeting barrier = {};
  Votes votes = {};
  Outcome outcome;
};
Machine machine;

std::string text(unsigned x) { return std::to_string(x); }
std::string text(const Index& at) { return "(" + text(at.x) + ", " + text(at.y) + ", " + text(at.z) + ")"; }
std::string text(const Meeting& at) {
  const std::string file = at.file;
  return std::string(at.what) + " (" + file.substr(file.rfind('/') + 1) + ":" + std::to_string(at.line) + ")";
}
std::string hex(unsigned mask) {
  char digits[16];
  snprintf(digits, sizeof digits, "0x%08x", mask);
  return digits;
}

/* For each place at which threads are, how many. */
std::string whereabouts() {
  struct Group {
    std::string where;
    unsigned threads, first;
  };
  std::vector<Group> groups;
  for (unsigned t = 0; t < machine.count; t++) {
    const Warp& warp = machine.warps[t / 32];
    const Thread& thread = machine.threads[t];
    const unsigned bit = 1u << t % 32;
    std::string where = "ended";
    if (warp.at_barrier & bit) where = "at " + text(thread.where);
    else if (warp.at_collective & bit) where = "at " + text(thread.where) + " with mask " + hex(thread.mask);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.where == where; });
    if (same == groups.end()) groups.push_back({where, 1, t});
    else same->threads++;
  }
  std::string all;
  for (const Group& group : groups) all += "\n  " + text(group.threads) + " " + group.where + ", from thread " + text(group.first) + " on";
  return all;
}

void note(Outcome::Kind kind, const std::string& what) {
  machine.outcome = {kind, std::string(machine.launch->kernel->name) + ", block " + text(blockIdx) + ": " + what};
}

[[noreturn]] void fail(Outcome::Kind kind, const std::string& what) {
  note(kind, "thread " + text(threadIdx) + ": " + what);
  Place gone;
  go(gone, machine.launcher);
  __builtin_unreachable();
}

/* The next thread that can run, from the current warp on, so that warps stay together. */
unsigned pick() {
  const unsigned warps = (machine.count + 31) / 32;
  const bool backward = machine.launch->threads == Order::backward;
  unsigned w = machine.current / 32;
  for (unsigned k = 0; k < warps; k++) {
    const unsigned lanes = machine.warps[w].fresh | machine.warps[w].ready;
    if (lanes != 0) return w * 32 + unsigned(backward ? 31 - __builtin_clz(lanes) : __builtin_ctz(lanes));
    w = backward ? (w == 0 ? warps : w) - 1 : (w + 1 == warps ? 0 : w + 1);
  }
  return none;
}

bool is_fresh(unsigned t) { return machine.warps[t / 32].fresh >> t % 32 & 1; }

/* Makes a thread the one that runs. */
void choose(unsigned t) {
  Warp& warp = machine.warps[t / 32];
  const unsigned bit = 1u << t % 32;
  warp.fresh &= ~bit;
  warp.ready &= ~bit;
  machine.current = t;
  threadIdx = machine.indices[t];
}

/* Leaves the running thread until it is chosen again, or for good if it has ended. */
void switch_to(Fiber* self, unsigned next) {
  if (next == none) {
    if (machine.alive > 0) note(Outcome::failed, "nobody can go on. Threads are" + whereabouts());
    go(self->place, machine.launcher);
    return;
  }
  if (is_fresh(next)) machine.threads[next].fiber = machine.fibers.take();
  choose(next);
  go(self->place, machine.threads[next].fiber->place);
}

void open_barrier() {
  machine.votes = {machine.yes, machine.at_barrier};
  machine.at_barrier = machine.yes = 0;
  for (unsigned w = 0; w * 32 < machine.count; w++) {
    machine.warps[w].ready |= machine.warps[w].at_barrier;
    machine.warps[w].at_barrier = 0;
  }
}

/* The body of a fiber: threads one after another, as long as they end. */
void run_threads() {
  for (;;) {
    Fiber* const self = machine.threads[machine.current].fiber;
    machine.launch->kernel->entry(machine.launch->args);

    machine.warps[machine.current / 32].alive &= ~(1u << machine.current % 32);
    machine.alive--;
    if (machine.at_barrier > 0 && machine.at_barrier == machine.alive) open_barrier();
    const unsigned next = pick();
    if (next != none && is_fresh(next)) {
      machine.threads[next].fiber = self;
      choose(next);
    } else {
      machine.fibers.give(self);
      switch_to(self, next);
    }
  }
}

void run_block() {
  machine.alive = machine.count;
  machine.at_barrier = machine.yes = 0;
  for (unsigned w = 0; w * 32 < machine.count; w++) {
    const unsigned lanes = machine.count - w * 32;
    const unsigned all = lanes >= 32 ? ~0u : (1u << lanes) - 1;
    machine.warps[w] = {all, all, 0, 0, 0};
  }
  machine.current = machine.launch->threads == Order::backward ? machine.count - 1 : 0;
  const unsigned first = machine.current;
  machine.threads[first].fiber = machine.fibers.take();
  choose(first);
  go(machine.launcher, machine.threads[first].fiber->place);
}

bool same_place(const Meeting& a, const Meeting& b) { return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0); }

}  // namespace

Votes meet_block(const Meeting& where, bool vote) {
  const unsigned t = machine.current;
  if (machine.at_barrier == 0) machine.barrier = where;
  else if (!same_place(machine.barrier, where))
    fail(Outcome::failed, "is at " + text(where) + " while others wait at " + text(machine.barrier) + ": divergent barriers");
  machine.at_barrier++;
  machine.yes += vote;
  machine.threads[t].where = where;
  if (machine.at_barrier == machine.alive) {
    open_barrier();
  } else {
    machine.warps[t / 32].at_barrier |= 1u << t % 32;
    switch_to(machine.threads[t].fiber, pick());
  }
  return machine.votes;
}

void meet_warp(const Meeting& where, unsigned mask, Join join, void* record, bool anywhere) {
  const unsigned t = machine.current, bit = 1u << t % 32;
  Warp& warp = machine.warps[t / 32];
  Thread* const lanes = &machine.threads[t / 32 * 32];
  if (!(mask & bit)) fail(Outcome::failed, text(where) + " has mask " + hex(mask) + ", which does not name the caller");
  if (mask & ~warp.alive)
    fail(Outcome::failed, text(where) + " has mask " + hex(mask) + ", which names lanes " + hex(mask & ~warp.alive) + " that have ended or never were");

  Thread& self = machine.threads[t];
  self.where = where;
  self.mask = mask;
  self.join = join;
  self.record = record;
  const auto compare = [&](unsigned i) {
    const Thread& other = lanes[i];
    if (other.mask == mask && other.join == join && (anywhere || same_place(other.where, where))) return;
    fail(Outcome::failed, "is at " + text(where) + " with mask " + hex(mask) + " while lane " + text(i) + " waits at " + text(other.where) + " with mask " +
                              hex(other.mask) + ": divergent collectives");
  };
  /* those of the mask who wait were compared among each other as they came: one stands for all */
  if (const unsigned named = warp.at_collective & mask; named != 0) compare(unsigned(__builtin_ctz(named)));
  for (unsigned others = warp.at_collective & ~mask; others != 0; others &= others - 1)
    if (const unsigned i = unsigned(__builtin_ctz(others)); lanes[i].mask & bit) compare(i);

  warp.at_collective |= bit;
  if ((warp.at_collective & mask) == mask) {
    void* records[32] = {};
    for (unsigned i = 0; i < 32; i++)
      if (mask >> i & 1) records[i] = lanes[i].record;
    join(records, mask);
    warp.at_collective &= ~mask;
    warp.ready |= mask & ~bit;
  } else {
    switch_to(self.fiber, pick());
  }
}

unsigned lane() { return machine.current % 32; }
unsigned active_lanes() { return machine.warps[machine.current / 32].alive; }
void trap(const char* what) { fail(Outcome::failed, std::string(what) + " was called"); }

Outcome run(const Launch& launch) {
  machine.launch = &launch;
  machine.outcome = {};
  gridDim = launch.grid;
  blockDim = launch.block;
  machine.count = blockDim.x * blockDim.y * blockDim.z;
  for (unsigned t = 0; t < machine.count; t++) {
    const unsigned row = t / blockDim.x;
    machine.indices[t] = {t % blockDim.x, row % blockDim.y, row / blockDim.y};
  }
  const size_t blocks = size_t(launch.grid.x) * launch.grid.y * launch.grid.z;
  std::vector<size_t> shuffled;
  if (launch.blocks == Order::shuffled) {
    shuffled.resize(blocks);
    std::iota(shuffled.begin(), shuffled.end(), size_t(0));
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(blocks));
  }
  const FaultGuard guard([](Fault fault, const void* address) {
    const Fiber* fiber = machine.threads[machine.current].fiber;
    if (fault == Fault::arithmetic) fail(Outcome::failed, "divides a whole number by zero");
    if (overflows_stack(*fiber, address)) fail(Outcome::failed, "its local variables need more than the stack of a fiber");
    char digits[32];
    snprintf(digits, sizeof digits, "%p", address);
    fail(Outcome::illegal_address, std::string("reads or writes ") + digits + ", where no memory is");
  });
  for (size_t i = 0; i < blocks && machine.outcome.kind == Outcome::fine; i++) {
    const size_t b = launch.blocks == Order::backward ? blocks - 1 - i : launch.blocks == Order::shuffled ? shuffled[i] : i;
    const size_t row = b / launch.grid.x;
    blockIdx = {unsigned(b % launch.grid.x), unsigned(row % launch.grid.y), unsigned(row / launch.grid.y)};
    run_block();
  }
  if (machine.outcome.kind != Outcome::fine) machine.fibers.reclaim();
  machine.launch = nullptr;
  return machine.outcome;
}

}  // namespace emulator
