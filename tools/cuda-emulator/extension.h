/* What the emulated libraries ask of the emulated driver, besides CUDA's own interface. */
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "memory.h"
#include "results.h"

#pragma GCC visibility push(default)

namespace emulator {

struct Stream;

/* Appends work to a stream of the current context, as a launch does. */
int emulate_launch(Stream* stream, std::function<Result()> work);
/* Whether the settings name this function as missing. */
bool emulate_is_missing(const char* function);
/* Whether all of `bytes` at `address` lie in one allocation. Not for work that runs in a stream. */
bool emulate_has_memory(Address address, size_t bytes);
/* The same, for work that runs in a stream: says what is missing. */
Result emulate_still_there(Address address, size_t bytes);
/* Loads a library of kernels, tells of each one, and lets it go; why that failed, or an empty text. */
std::string emulate_kernels(const char* library, const std::function<void(const char* name, size_t bytes, size_t alignment, unsigned threads)>& each);

}  // namespace emulator

#pragma GCC visibility pop
