#include "allocator.h"

#include <algorithm>

#include "errors.h"

namespace tenfold {
namespace {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;
/* Sizes are rounded to this; it is also what the driver aligns to, so that vector loads work everywhere. */
constexpr std::size_t granule = 512;
/* Blocks up to `small_most` come from segments of `small_segment`; larger ones up to `middle_most` from `middle_segment`; others from their own. */
constexpr std::size_t small_most = 1 * MiB, small_segment = 2 * MiB, middle_most = 10 * MiB, middle_segment = 20 * MiB, large_granule = 2 * MiB;

/* Of released blocks that streams still use, so many are asked about whenever memory is taken: those that were released first. */
constexpr std::size_t asked_most = 4;

constexpr std::size_t round_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

bool is_small(std::size_t size) { return size <= small_most; }

std::size_t segment_size(std::size_t size) {
  if (is_small(size)) return small_segment;
  return size < middle_most ? middle_segment : round_up(size, large_granule);
}

std::string human(std::uint64_t bytes) {
  if (bytes < 10 * KiB) return text(bytes, " bytes");
  return bytes < 10 * MiB ? text(bytes / KiB, " KiB") : text(bytes / MiB, " MiB");
}

}  // namespace

Allocator::Allocator(const Driver& driver, Check check, std::function<void()> settle)
    : driver_(driver), check_(std::move(check)), settle_(std::move(settle)), caching_(environment("TENFOLD_CUDA_NO_CACHE") != "1") {}

Block* Allocator::allocate(std::size_t bytes, Pool& pool, bool capturing) {
  if (!capturing) reclaim(false);
  if (bytes > std::size_t{1} << 62) bytes = std::size_t{1} << 62;
  const std::size_t size = caching_ ? round_up(std::max<std::size_t>(bytes, 1), granule) : std::max<std::size_t>(bytes, 1);
  Block* block = find(pool, size);
  if (block == nullptr) block = grow(pool, size);
  if (block == nullptr && !capturing) {
    settle_();
    reclaim(true);
    block = find(pool, size);
    if (block == nullptr) {
      empty_cache();
      block = grow(pool, size);
    }
  }
  if (block == nullptr) {
    std::size_t free = 0, total = 0;
    driver_.table().memory_info(&free, &total);
    const Shortage shortage{bytes, usage_.used, usage_.reserved - usage_.used, free};
    throw Failure(text("no memory for ", human(bytes), ": this process holds ", human(shortage.held), " in buffers and ", human(shortage.cached),
                       " that it keeps for reuse; ", human(free), " of the device's ", human(total), " are free"),
                  shortage, driver_.name(result::out_of_memory));
  }
  usage_.used += block->size;
  usage_.peak_used = std::max(usage_.peak_used, usage_.used);
  return block;
}

Block* Allocator::make(Pointer address, std::size_t size, Pool& pool, bool small) {
  if (spare_.empty()) {
    blocks_.emplace_back();
    spare_.push_back(&blocks_.back());
  }
  Block* block = spare_.back();
  spare_.pop_back();
  block->address = address;
  block->size = size;
  block->pool = &pool;
  block->small = small;
  return block;
}

void Allocator::discard(Block* block) {
  *block = Block{};
  spare_.push_back(block);
}

Block* Allocator::find(Pool& pool, std::size_t size) {
  if (!caching_) return nullptr;
  auto& bin = pool.bin(is_small(size));
  Block least;
  least.size = size;
  const auto found = bin.lower_bound(&least);
  if (found == bin.end()) return nullptr;
  Block* block = *found;
  bin.erase(found);
  return take(pool, block, size);
}

Block* Allocator::grow(Pool& pool, std::size_t size) {
  const std::size_t bytes = caching_ ? segment_size(size) : size;
  Pointer address = 0;
  const Result r = driver_.table().allocate(&address, bytes);
  if (r == result::out_of_memory) return nullptr;
  check_(r, "cuMemAlloc");
  Block* segment = make(address, bytes, pool, is_small(size));
  usage_.reserved += bytes;
  usage_.peak_reserved = std::max(usage_.peak_reserved, usage_.reserved);
  return take(pool, segment, size);
}

/* Takes a free block, in no bin, for `size` bytes; what is left of it goes into the bin. */
Block* Allocator::take(Pool& pool, Block* block, std::size_t size) {
  block->free = false;
  const std::size_t rest = block->size - size;
  if (!caching_ || (block->small ? rest < granule : rest <= small_most)) return block;
  Block* left = make(block->address + size, rest, pool, block->small);
  left->free = true;
  left->before = block;
  left->after = block->after;
  if (left->after != nullptr) left->after->before = left;
  block->after = left;
  block->size = size;
  pool.bin(left->small).insert(left);
  return block;
}

void Allocator::release(Block* block, bool capturing) {
  if (block->graphs > 0) {
    block->released = true;
    return;
  }
  block->released = false;
  usage_.used -= block->size;
  if (block->used_on.empty() && (caching_ || !capturing)) return put(block);
  if (capturing) deferred_.push_back(block);
  else await_streams(block);
}

void Allocator::capture_ended() {
  const std::vector<Block*> blocks = std::move(deferred_);
  deferred_.clear();
  for (Block* block : blocks) await_streams(block);
}

/* Frees the block once what has been queued on the other streams so far has run. */
void Allocator::await_streams(Block* block) {
  Pending pending{block, {}};
  for (Lane* lane : block->used_on) {
    pending.events.push_back(event());
    check_(driver_.table().record_event(pending.events.back(), lane->stream), "cuEventRecord");
  }
  block->used_on.clear();
  pending_.push_back(std::move(pending));
}

void Allocator::reclaim(bool wait) {
  std::size_t still_used = 0;
  for (auto next = pending_.begin(); next != pending_.end() && still_used < asked_most;) {
    Pending& pending = *next;
    while (!pending.events.empty()) {
      const Event last = pending.events.back();
      const Result r = wait ? driver_.table().synchronize_event(last) : driver_.table().query_event(last);
      if (r == result::not_ready) break;
      check_(r, "cuEventQuery");
      pending.events.pop_back();
      events_.push_back(last);
    }
    if (pending.events.empty()) {
      Block* block = pending.block;
      next = pending_.erase(next);
      put(block);
    } else {
      ++next;
      still_used++;
    }
  }
}

/* Puts a block that nothing uses into its bin, joined with its free neighbours. */
void Allocator::put(Block* block) {
  if (!caching_ && !block->pool->kept) {
    settle_();
    return give_back(block);
  }
  block->free = true;
  if (Block* before = block->before; before != nullptr && before->free) {
    before->pool->bin(before->small).erase(before);
    absorb(before, block);
    block = before;
  }
  if (Block* after = block->after; after != nullptr && after->free) {
    after->pool->bin(after->small).erase(after);
    absorb(block, after);
  }
  block->pool->bin(block->small).insert(block);
}

/* Makes the block as large as it and the one behind it, which is no more. */
void Allocator::absorb(Block* block, Block* behind) {
  block->size += behind->size;
  block->after = behind->after;
  if (block->after != nullptr) block->after->before = block;
  discard(behind);
}

/* Gives a whole segment, in no bin, back to the driver. */
void Allocator::give_back(Block* segment) {
  const Pointer address = segment->address;
  usage_.reserved -= segment->size;
  discard(segment);
  check_(driver_.table().free(address), "cuMemFree");
}

void Allocator::empty_cache() {
  settle_();
  reclaim(true);
  for (Block& block : blocks_) {
    const bool whole = block.free && block.before == nullptr && block.after == nullptr;
    if (!whole || block.pool->kept) continue;
    block.pool->bin(block.small).erase(&block);
    give_back(&block);
  }
}

void Allocator::merge(Pool& from, Pool& to) {
  for (Block& block : blocks_) {
    if (block.pool != &from) continue;
    if (block.free) {
      from.bin(block.small).erase(&block);
      to.bin(block.small).insert(&block);
    }
    block.pool = &to;
  }
  if (!caching_) empty_cache();
}

void Allocator::forget(Lane& lane) {
  for (Block& block : blocks_) {
    auto& lanes = block.used_on;
    lanes.erase(std::remove(lanes.begin(), lanes.end(), &lane), lanes.end());
  }
}

void Allocator::destroy() {
  for (const Block& block : blocks_)
    if (block.address != 0 && block.before == nullptr) driver_.table().free(block.address);
  for (const Pending& pending : pending_)
    for (const Event event : pending.events) driver_.table().destroy_event(event);
  for (const Event event : events_) driver_.table().destroy_event(event);
  blocks_.clear();
  spare_.clear();
  pending_.clear();
  deferred_.clear();
  events_.clear();
  usage_.used = usage_.reserved = 0;
}

Event Allocator::event() {
  if (events_.empty()) {
    Event event = nullptr;
    check_(driver_.table().create_event(&event, event_disable_timing), "cuEventCreate");
    return event;
  }
  const Event event = events_.back();
  events_.pop_back();
  return event;
}

}  // namespace tenfold
