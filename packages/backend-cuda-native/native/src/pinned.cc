#include "pinned.h"

#include <algorithm>
#include <cstring>

namespace tenfold {
namespace {

constexpr std::size_t smallest = 4096;
constexpr std::size_t kept_most = std::size_t{256} << 20;
constexpr std::size_t chunk_bytes = std::size_t{2} << 20;
constexpr std::size_t chunks_most = 16;
constexpr std::size_t alignment = 64;

}  // namespace

Pinned PinnedPool::take(std::size_t bytes) {
  std::size_t size = smallest;
  while (size < bytes && size < kept_most) size *= 2;
  if (size < bytes) size = bytes;
  const auto fits = [&](const Pinned& p) { return p.size >= bytes && p.size <= 2 * size; };
  if (const auto found = std::find_if(free_.begin(), free_.end(), fits); found != free_.end()) {
    const Pinned pinned = *found;
    free_.erase(found);
    kept_ -= pinned.size;
    return pinned;
  }
  Pinned pinned;
  if (driver_.table().allocate_host(&pinned.address, size, 0) != result::ok) return {};
  pinned.size = size;
  return pinned;
}

void PinnedPool::put(Pinned pinned) {
  if (pinned.address == nullptr) return;
  if (kept_ + pinned.size > kept_most) {
    driver_.table().free_host(pinned.address);
    return;
  }
  kept_ += pinned.size;
  free_.push_back(pinned);
}

void PinnedPool::destroy() {
  for (const Pinned& pinned : free_) driver_.table().free_host(pinned.address);
  free_.clear();
  kept_ = 0;
}

bool Staging::make() {
  Chunk chunk;
  void* address = nullptr;
  if (driver_.table().allocate_host(&address, chunk_bytes, 0) != result::ok) return false;
  chunk.address = static_cast<std::uint8_t*>(address);
  if (const Result r = driver_.table().create_event(&chunk.taken, event_disable_timing | event_blocking_sync); r != result::ok) {
    driver_.table().free_host(address);
    check_(r, "cuEventCreate");
  }
  /* behind the one that is being filled, so that the others keep their order */
  const std::size_t at = chunks_.empty() ? 0 : current_ + 1;
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at), chunk);
  return true;
}

/* Marks the end of what was queued from the open chunk. */
void Staging::close_open() {
  Chunk& chunk = chunks_[current_];
  if (chunk.used > 0) check_(driver_.table().record_event(chunk.taken, chunk.stream), "cuEventRecord");
}

/* A chunk with room, for copies on this stream; null if there is no pinned memory at all. */
Staging::Chunk* Staging::open(Stream stream) {
  if (chunks_.empty()) {
    if (!make()) return nullptr;
    chunks_[current_].stream = stream;
    return &chunks_[current_];
  }
  if (chunks_[current_].stream == stream && chunks_[current_].used + alignment <= chunk_bytes) return &chunks_[current_];
  close_open();
  std::size_t next = (current_ + 1) % chunks_.size();
  Result r = chunks_[next].used == 0 ? result::ok : driver_.table().query_event(chunks_[next].taken);
  if (r == result::not_ready) {
    if (chunks_.size() < chunks_most && make()) {
      next = current_ + 1;
      r = result::ok;
    } else {
      r = driver_.table().synchronize_event(chunks_[next].taken);
    }
  }
  check_(r, "cuEventSynchronize");
  current_ = next;
  chunks_[current_].used = 0;
  chunks_[current_].stream = stream;
  return &chunks_[current_];
}

void Staging::upload(Pointer to, const std::uint8_t* from, std::size_t bytes, Stream stream) {
  while (bytes > 0) {
    Chunk* chunk = open(stream);
    if (chunk == nullptr) {
      check_(driver_.table().to_device(to, from, bytes, stream), "cuMemcpyHtoDAsync");
      check_(driver_.table().synchronize_stream(stream), "cuStreamSynchronize");
      return;
    }
    const std::size_t piece = std::min(bytes, chunk_bytes - chunk->used);
    std::uint8_t* place = chunk->address + chunk->used;
    std::memcpy(place, from, piece);
    chunk->used = std::min(chunk_bytes, (chunk->used + piece + alignment - 1) / alignment * alignment);
    check_(driver_.table().to_device(to, place, piece, stream), "cuMemcpyHtoDAsync");
    to += piece;
    from += piece;
    bytes -= piece;
  }
}

void Staging::forget(Stream stream) {
  for (Chunk& chunk : chunks_) {
    if (chunk.stream != stream) continue;
    chunk.stream = nullptr;
    chunk.used = 0;
  }
}

void Staging::destroy() {
  for (const Chunk& chunk : chunks_) {
    driver_.table().destroy_event(chunk.taken);
    driver_.table().free_host(chunk.address);
  }
  chunks_.clear();
  current_ = 0;
}

}  // namespace tenfold
