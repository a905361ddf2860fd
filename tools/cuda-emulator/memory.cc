#include "memory.h"

#include <sys/mman.h>

#include <cstring>
#include <deque>
#include <map>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(at, bytes) (void)0
#define __asan_unpoison_memory_region(at, bytes) (void)0
#endif

namespace emulator {
namespace {

constexpr size_t page = 4096, alignment = 256;
/* Freed pages stay closed until this much has been freed after them, so that what still points there faults. */
constexpr size_t closed_bytes = size_t(4) << 30;

struct Pages {
  char* start;
  size_t bytes;
};
struct Allocation {
  size_t bytes, reserved;
  int device;
  Pages pages;
};
using Table = std::map<Address, Allocation>;

Table device_memory, host_memory;
std::map<int, size_t> in_use;
std::deque<Pages> closed;
size_t closed_now = 0;

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

/* Memory that ends where a closed page begins, but for its alignment. All bits are set: NaNs to whoever reads what nobody wrote. */
char* open_pages(size_t bytes, Pages& pages) {
  const size_t inside = round_up(bytes, page);
  pages.bytes = inside + 2 * page;
  void* start = mmap(nullptr, pages.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  pages.start = static_cast<char*>(start);
  if (mprotect(pages.start + page, inside, PROT_READ | PROT_WRITE) != 0) {
    munmap(start, pages.bytes);
    return nullptr;
  }
  char* at = pages.start + page + inside - round_up(bytes, alignment);
  memset(pages.start + page, 0xff, inside);
  __asan_poison_memory_region(pages.start + page, inside);
  __asan_unpoison_memory_region(at, bytes);
  return at;
}

void close_pages(const Pages& pages) {
  __asan_unpoison_memory_region(pages.start, pages.bytes);
  /* takes the pages away and keeps the addresses */
  mmap(pages.start, pages.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  __asan_poison_memory_region(pages.start, pages.bytes);
  closed.push_back(pages);
  closed_now += pages.bytes;
  while (closed_now > closed_bytes) {
    const Pages oldest = closed.front();
    closed.pop_front();
    closed_now -= oldest.bytes;
    __asan_unpoison_memory_region(oldest.start, oldest.bytes);
    munmap(oldest.start, oldest.bytes);
  }
}

bool contains(const Table& table, Address address, size_t bytes) {
  auto after = table.upper_bound(address);
  if (after == table.begin()) return false;
  const auto& [start, allocation] = *--after;
  const Address offset = address - start;
  return offset <= allocation.bytes && bytes <= allocation.bytes - offset;
}

}  // namespace

Address allocate(int device, size_t bytes, size_t total) {
  const size_t reserved = round_up(bytes, 512);
  if (bytes > total || in_use[device] + reserved > total) return 0;
  Pages pages;
  const char* at = open_pages(bytes, pages);
  if (at == nullptr) return 0;
  const Address address = reinterpret_cast<uintptr_t>(at);
  device_memory.emplace(address, Allocation{bytes, reserved, device, pages});
  in_use[device] += reserved;
  return address;
}

bool release(Address address) {
  const auto found = device_memory.find(address);
  if (found == device_memory.end()) return false;
  in_use[found->second.device] -= found->second.reserved;
  close_pages(found->second.pages);
  device_memory.erase(found);
  return true;
}

bool is_allocated(Address address, size_t bytes) { return contains(device_memory, address, bytes); }
size_t used(int device) { return in_use[device]; }

void release_all(int device) {
  for (auto i = device_memory.begin(); i != device_memory.end();) {
    const Address address = i->first;
    const bool here = i->second.device == device;
    ++i;
    if (here) release(address);
  }
}

void* allocate_host(size_t bytes) {
  Pages pages;
  char* at = open_pages(bytes, pages);
  if (at != nullptr) host_memory.emplace(reinterpret_cast<uintptr_t>(at), Allocation{bytes, bytes, -1, pages});
  return at;
}

bool release_host(void* address) {
  const auto found = host_memory.find(reinterpret_cast<uintptr_t>(address));
  if (found == host_memory.end()) return false;
  close_pages(found->second.pages);
  host_memory.erase(found);
  return true;
}

bool is_host_allocated(const void* address, size_t bytes) { return contains(host_memory, reinterpret_cast<uintptr_t>(address), bytes); }

}  // namespace emulator
