/* What the environment variable TENFOLD_EMULATOR asks for, such as `memory=64M,oom-at=5`; the README lists the names. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "launch.h"

namespace emulator {

struct Settings {
  int driver_version = 12040;
  int devices = 1;
  int init = 0;
  int major = 8, minor = 0;
  size_t memory = size_t(1) << 30;
  bool capture = true;
  /* Streams keep work until someone waits, or `batch` operations have come together. */
  bool lazy = true;
  size_t batch = 64;
  Order blocks = Order::forward, threads = Order::forward;
  /* Numbers, from 1 on, of the allocation, launch or operation that fails; 0 for none. */
  uint64_t oom_at = 0, launch_fail_at = 0, illegal_at = 0, lost_at = 0;
  int lost_error = 999;
  std::set<std::string> missing;
};

/* What has been asked for since the settings were last changed. */
struct Counts {
  uint64_t allocations = 0, launches = 0, operations = 0;
};

/* The settings in force: reads the environment again, since tests change it as they go. Called under the driver's lock. */
const Settings& settings();
extern Counts counts;
/* Grows when settings change. */
extern uint64_t settings_generation;

}  // namespace emulator
