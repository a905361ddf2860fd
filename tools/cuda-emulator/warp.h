/* What threads of a block say to each other: barriers, collectives of a warp, atomics. All of it yields to the launcher, which finds what can't be met. */
#pragma once

#include <cstring>
#include <type_traits>

#pragma GCC visibility push(default)

namespace emulator {

/* Where a thread waits for others. `join` tells kinds of collectives apart, and computes for all that met, by their records. */
struct Meeting {
  const char* what;
  const char* file;
  int line;
};
using Join = void (*)(void* const* records, unsigned mask);

/* Waits for all threads of the block that still run; how many of them said yes, and how many there are. */
struct Votes {
  unsigned yes, all;
};
Votes meet_block(const Meeting& where, bool vote);
/* Waits for the lanes of `mask`; the last one to come joins their records. `anywhere`: they may come from different lines. */
void meet_warp(const Meeting& where, unsigned mask, Join join, void* record, bool anywhere = false);
unsigned lane();
/* Lanes of this warp that still run. */
unsigned active_lanes();
/* Makes the launch fail. */
[[noreturn]] void trap(const char* what);

template <typename T> struct Sent {
  T value;
  T received;
  unsigned from;

  static void join(void* const* records, unsigned mask) {
    for (unsigned i = 0; i < 32; i++) {
      if (!(mask >> i & 1)) continue;
      Sent& to = *static_cast<Sent*>(records[i]);
      /* what a lane outside of the mask has is not defined: all bits set, a NaN */
      if (mask >> to.from & 1) to.received = static_cast<const Sent*>(records[to.from])->value;
      else memset(&to.received, 0xff, sizeof(T));
    }
  }
};
template <typename T> T shuffle(const Meeting& where, unsigned mask, T value, unsigned from) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  Sent<T> sent = {value, value, from & 31};
  meet_warp(where, mask, Sent<T>::join, &sent);
  return sent.received;
}

struct Ballot {
  bool yes;
  unsigned lanes;

  static void join(void* const* records, unsigned mask) {
    unsigned lanes = 0;
    for (unsigned i = 0; i < 32; i++)
      if (mask >> i & 1 && static_cast<const Ballot*>(records[i])->yes) lanes |= 1u << i;
    for (unsigned i = 0; i < 32; i++)
      if (mask >> i & 1) static_cast<Ballot*>(records[i])->lanes = lanes;
  }
};
inline unsigned ballot(const Meeting& where, unsigned mask, bool yes) {
  Ballot mine = {yes, 0};
  meet_warp(where, mask, Ballot::join, &mine);
  return mine.lanes;
}

template <typename T> struct Match {
  T value;
  unsigned lanes;

  static void join(void* const* records, unsigned mask) {
    for (unsigned i = 0; i < 32; i++) {
      if (!(mask >> i & 1)) continue;
      Match& mine = *static_cast<Match*>(records[i]);
      for (unsigned k = 0; k < 32; k++)
        if (mask >> k & 1 && memcmp(&static_cast<const Match*>(records[k])->value, &mine.value, sizeof(T)) == 0) mine.lanes |= 1u << k;
    }
  }
};

inline void pass(void* const*, unsigned) {}

}  // namespace emulator

/* The caller's place, for messages; it also tells barriers apart. */
#define EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(EMULATOR_SITE) { emulator::meet_block({"__syncthreads", file, line}, false); }
inline int __syncthreads_count(int yes, EMULATOR_SITE) { return int(emulator::meet_block({"__syncthreads_count", file, line}, yes != 0).yes); }
inline int __syncthreads_or(int yes, EMULATOR_SITE) { return emulator::meet_block({"__syncthreads_or", file, line}, yes != 0).yes != 0; }
inline int __syncthreads_and(int yes, EMULATOR_SITE) {
  const emulator::Votes votes = emulator::meet_block({"__syncthreads_and", file, line}, yes != 0);
  return votes.yes == votes.all;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, EMULATOR_SITE) {
  emulator::meet_warp({"__syncwarp", file, line}, mask, emulator::pass, nullptr, true);
}

/* A warp is cut into segments of `width` lanes, a power of two; who would read outside of its own keeps its value. */
template <typename T> T __shfl_sync(unsigned mask, T value, int from, int width = 32, EMULATOR_SITE) {
  const unsigned segment = emulator::lane() & ~unsigned(width - 1);
  return emulator::shuffle<T>({"__shfl_sync", file, line}, mask, value, segment | (unsigned(from) & unsigned(width - 1)));
}
template <typename T> T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, EMULATOR_SITE) {
  const unsigned lane = emulator::lane(), segment = lane & ~unsigned(width - 1);
  return emulator::shuffle<T>({"__shfl_up_sync", file, line}, mask, value, lane - segment < by ? lane : lane - by);
}
template <typename T> T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, EMULATOR_SITE) {
  const unsigned lane = emulator::lane(), last = lane | unsigned(width - 1);
  return emulator::shuffle<T>({"__shfl_down_sync", file, line}, mask, value, last - lane < by ? lane : lane + by);
}
template <typename T> T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32, EMULATOR_SITE) {
  const unsigned lane = emulator::lane(), last = lane | unsigned(width - 1), from = lane ^ unsigned(with);
  return emulator::shuffle<T>({"__shfl_xor_sync", file, line}, mask, value, from > last ? lane : from);
}
inline unsigned __ballot_sync(unsigned mask, int yes, EMULATOR_SITE) { return emulator::ballot({"__ballot_sync", file, line}, mask, yes != 0); }
inline int __any_sync(unsigned mask, int yes, EMULATOR_SITE) { return emulator::ballot({"__any_sync", file, line}, mask, yes != 0) != 0; }
inline int __all_sync(unsigned mask, int yes, EMULATOR_SITE) { return emulator::ballot({"__all_sync", file, line}, mask, yes != 0) == mask; }
template <typename T> unsigned __match_any_sync(unsigned mask, T value, EMULATOR_SITE) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "matches compare 4 or 8 bytes");
  emulator::Match<T> mine = {value, 0};
  emulator::meet_warp({"__match_any_sync", file, line}, mask, emulator::Match<T>::join, &mine);
  return mine.lanes;
}
inline unsigned __activemask() { return emulator::active_lanes(); }
#undef EMULATOR_SITE

[[noreturn]] inline void __trap() { emulator::trap("__trap"); }

/* Fibers run one after another, and only switch where threads meet: a plain update is atomic. */
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

namespace emulator {
template <typename T, typename Change> T update(T* at, Change change) {
  const T before = *at;
  *at = change(before);
  return before;
}
/* The operand takes the pointer's type, as CUDA's overloads have it. */
template <typename T> struct Same {
  using type = T;
};
template <typename T> using Operand = typename Same<T>::type;
}  // namespace emulator

template <typename T> T atomicAdd(T* at, emulator::Operand<T> x) {
  return emulator::update(at, [x](T old) { return T(old + x); });
}
inline int atomicAdd(int* at, int x) { return emulator::update(at, [x](int old) { return int(unsigned(old) + unsigned(x)); }); }
template <typename T> T atomicSub(T* at, emulator::Operand<T> x) {
  return emulator::update(at, [x](T old) { return T(old - x); });
}
template <typename T> T atomicMax(T* at, emulator::Operand<T> x) {
  static_assert(std::is_integral<T>::value, "CUDA has atomicMax of whole numbers only");
  return emulator::update(at, [x](T old) { return old < x ? x : old; });
}
template <typename T> T atomicMin(T* at, emulator::Operand<T> x) {
  static_assert(std::is_integral<T>::value, "CUDA has atomicMin of whole numbers only");
  return emulator::update(at, [x](T old) { return x < old ? x : old; });
}
template <typename T> T atomicOr(T* at, emulator::Operand<T> x) {
  return emulator::update(at, [x](T old) { return T(old | x); });
}
template <typename T> T atomicAnd(T* at, emulator::Operand<T> x) {
  return emulator::update(at, [x](T old) { return T(old & x); });
}
template <typename T> T atomicXor(T* at, emulator::Operand<T> x) {
  return emulator::update(at, [x](T old) { return T(old ^ x); });
}
template <typename T> T atomicExch(T* at, emulator::Operand<T> x) {
  return emulator::update(at, [x](T) { return x; });
}
template <typename T> T atomicCAS(T* at, emulator::Operand<T> expected, emulator::Operand<T> x) {
  static_assert(std::is_integral<T>::value, "CUDA has atomicCAS of whole numbers only");
  return emulator::update(at, [expected, x](T old) { return old == expected ? x : old; });
}

#pragma GCC visibility pop
