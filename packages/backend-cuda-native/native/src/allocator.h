/* Memory of the device, kept for reuse: asking the driver takes longer than most kernels, and giving back waits for all of them. */
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <set>
#include <vector>

#include "driver.h"

namespace tenfold {

struct Lane;
struct Pool;

/* A part of a segment, which is what was taken from the driver. Neighbours in the segment are linked in the order of their addresses. */
struct Block {
  Pointer address = 0;
  std::size_t size = 0;
  Pool* pool = nullptr;
  Block* before = nullptr;
  Block* after = nullptr;
  /* Whether its segment is one for small blocks. */
  bool small = false;
  bool free = false;
  /* Streams, other than the pool's, that work with this block was queued on. */
  std::vector<Lane*> used_on;
  /* Graphs that read or write this block whenever they run; it stays as it is for as long as there are any, also after its buffer was released. */
  int graphs = 0;
  bool released = false;
  /* The last capture that has seen it. */
  std::uint64_t seen_by = 0;
};

struct BySize {
  bool operator()(const Block* a, const Block* b) const { return a->size != b->size ? a->size < b->size : a->address < b->address; }
};

/* Blocks of one stream: what was released is reused at once, since the stream runs in order. */
struct Pool {
  explicit Pool(Lane* lane) : lane(lane) {}
  std::set<Block*, BySize>& bin(bool of_small) { return of_small ? small : large; }
  Lane* lane;
  /* Whether its segments stay for a graph. */
  bool kept = false;
  std::set<Block*, BySize> small, large;
};

/* A stream and its memory. */
struct Lane {
  explicit Lane(Stream stream) : stream(stream), pool(this) {}
  Stream stream;
  Pool pool;
  /* Launches up to this number have run. */
  std::uint64_t waited = 0;
};

struct Usage {
  std::uint64_t used = 0, reserved = 0, peak_used = 0, peak_reserved = 0;
};

class Allocator {
 public:
  using Check = std::function<void(Result, const char*)>;
  /* `check` raises for a result that is not ok, `settle` waits for all streams. */
  Allocator(const Driver& driver, Check check, std::function<void()> settle);
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  /* A block of `bytes` or more. While `capturing`, nothing may wait and no event may be asked. */
  Block* allocate(std::size_t bytes, Pool& pool, bool capturing);
  void release(Block* block, bool capturing);
  /* Blocks that were released meanwhile, and used on several streams, wait for those streams from here on. */
  void capture_ended();

  /* Gives the blocks of a pool to another. All that was queued with them has run, or is queued on the other's stream. */
  void merge(Pool& from, Pool& to);
  /* Nothing that was queued on this stream is under way any more, and no more will be. */
  void forget(Lane& lane);
  /* Gives segments that are free back to the driver. */
  void empty_cache();
  /* Gives every segment back, whatever is still in use. */
  void destroy();

  const Usage& usage() const { return usage_; }

 private:
  struct Pending {
    Block* block;
    std::vector<Event> events;
  };

  Block* find(Pool& pool, std::size_t size);
  Block* grow(Pool& pool, std::size_t size);
  Block* take(Pool& pool, Block* block, std::size_t size);
  void await_streams(Block* block);
  void put(Block* block);
  void absorb(Block* block, Block* neighbour);
  void reclaim(bool wait);
  void give_back(Block* segment);
  Block* make(Pointer address, std::size_t size, Pool& pool, bool small);
  void discard(Block* block);
  Event event();

  const Driver& driver_;
  Check check_;
  std::function<void()> settle_;
  bool caching_;
  Usage usage_;
  /* Every block lies here for good; those that are no block at present, without an address, are spare. */
  std::deque<Block> blocks_;
  std::vector<Block*> spare_;
  /* Released, but still used on other streams: until the events have happened, or until the capture has ended. */
  std::list<Pending> pending_;
  std::vector<Block*> deferred_;
  std::vector<Event> events_;
};

}  // namespace tenfold
