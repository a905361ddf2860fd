/* Memory of the host that the device reads and writes by itself: what lies elsewhere is copied through it. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "allocator.h"
#include "driver.h"

namespace tenfold {

using Check = Allocator::Check;

/* A pinned piece of memory. */
struct Pinned {
  void* address = nullptr;
  std::size_t size = 0;
};

/* Pinned memory for reads, of any size, kept for reuse up to a limit. */
class PinnedPool {
 public:
  explicit PinnedPool(const Driver& driver) : driver_(driver) {}
  /* At least `bytes`; without an address if there is none to be had. */
  Pinned take(std::size_t bytes);
  void put(Pinned pinned);
  void destroy();

 private:
  const Driver& driver_;
  std::vector<Pinned> free_;
  std::size_t kept_ = 0;
};

/* Chunks that uploads go through; each is used again once the stream has taken what it holds. */
class Staging {
 public:
  Staging(const Driver& driver, Check check) : driver_(driver), check_(std::move(check)) {}
  /* Queues a copy to the device of bytes that are the caller's again when it returns. */
  void upload(Pointer to, const std::uint8_t* from, std::size_t bytes, Stream stream);
  /* Nothing that was queued on this stream is under way any more. */
  void forget(Stream stream);
  void destroy();

 private:
  struct Chunk {
    std::uint8_t* address = nullptr;
    std::size_t used = 0;
    Stream stream = nullptr;
    Event taken = nullptr;
  };
  bool make();
  Chunk* open(Stream stream);
  void close_open();

  const Driver& driver_;
  Check check_;
  std::vector<Chunk> chunks_;
  /* The chunk that is being filled; the one behind it was filled longest ago. */
  std::size_t current_ = 0;
};

}  // namespace tenfold
