/* Memory of the devices: pages of this process with pages around them that nothing may touch. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

using Address = unsigned long long;

/* 0 if there is no room on the device. */
Address allocate(int device, size_t bytes, size_t total);
/* False if no allocation begins there. */
bool release(Address address);
/* Whether all of `bytes` lie in one allocation of any device. */
bool is_allocated(Address address, size_t bytes);
size_t used(int device);
void release_all(int device);

/* Page-locked memory of the host: the only kind that copies read and write later than they were queued. */
void* allocate_host(size_t bytes);
bool release_host(void* address);
bool is_host_allocated(const void* address, size_t bytes);

}  // namespace emulator
