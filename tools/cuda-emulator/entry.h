/* What every function of the driver's interface begins with: the lock, the settings, the context. */
#pragma once

#include <mutex>
#include <new>

#include "settings.h"
#include "state.h"

#define DRIVER_API extern "C" __attribute__((visibility("default"))) int

namespace emulator {

struct Device {
  /* The primary context, while someone retains it. */
  std::unique_ptr<Context> context;
  /* Why the device is gone, until the settings change. */
  Result lost = ok;
};

extern std::mutex driver_lock;
extern bool initialized;
/* Whether this thread is in a function that a stream calls: such a function may not call the driver. */
extern thread_local bool in_host_call;
/* Counts a piece of work that is asked for; the device may be lost with it. */
void count_operation(Context& context);
Device& device(int number);
/* The context that is current on this thread; stale handles are recognised. */
Context*& current_handle();

/* Runs the body of an entry point: takes the lock, and turns what it throws into a result. */
template <typename Body> int enter(const char* name, Body body) {
  if (in_host_call) return not_permitted;
  const std::lock_guard<std::mutex> lock(driver_lock);
  try {
    const Settings& now = settings();
    if (now.missing.count(name) != 0) return not_supported;
    return body(now);
  } catch (const Failure& failure) {
    return failure.result;
  } catch (const std::bad_alloc&) {
    return out_of_memory;
  }
}

/* For what needs a context that works. */
template <typename Body> int in_context(const char* name, Body body) {
  return enter(name, [&](const Settings&) {
    if (!initialized) return not_initialized;
    Context& context = current_context();
    if (context.sticky != ok) return context.sticky;
    body(context);
    return context.sticky;
  });
}

template <typename T> typename T::mapped_type& find(T& table, typename T::key_type handle) {
  const auto found = table.find(handle);
  if (found == table.end()) throw Failure{invalid_handle};
  return found->second;
}

inline void require(bool holds, Result otherwise = invalid_value) {
  if (!holds) throw Failure{otherwise};
}

}  // namespace emulator
