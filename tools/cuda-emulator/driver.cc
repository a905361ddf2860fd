/* The driver's interface: devices, contexts, memory and copies. */
#include <cstdio>
#include <cstring>
#include <utility>

#include "entry.h"
#include "extension.h"

namespace emulator {

std::mutex driver_lock;
bool initialized = false;

namespace {
std::map<int, Device> all_devices;
thread_local Context* current = nullptr;
thread_local std::vector<Context*> stack;
}  // namespace

void complain(const std::string& message) { fprintf(stderr, "cuda-emulator: %s\n", message.c_str()); }

Device& device(int number) {
  if (!initialized) throw Failure{not_initialized};
  if (number < 0 || number >= settings().devices) throw Failure{invalid_device};
  static uint64_t generation = settings_generation;
  if (generation != settings_generation) {
    for (auto& [index, each] : all_devices) each.lost = ok;
    generation = settings_generation;
  }
  return all_devices[number];
}

Context*& current_handle() { return current; }

Context& current_context() {
  for (const auto& [number, each] : all_devices)
    if (each.context != nullptr && each.context.get() == current) return *each.context;
  throw Failure{invalid_context};
}

/* Counts a piece of work, and loses the device when its time has come. */
void count_operation(Context& context) {
  if (++counts.operations != settings().lost_at) return;
  complain("the device is lost, as TENFOLD_EMULATOR asks");
  drop_work(context);
  context.sticky = device(context.device).lost = Result(settings().lost_error);
  throw Failure{context.sticky};
}

namespace {

void* pointer(Address address) { return reinterpret_cast<void*>(static_cast<uintptr_t>(address)); }

void check_memory(Context& context, Address address, size_t bytes) {
  if (is_allocated(address, bytes)) return;
  char message[160];
  snprintf(message, sizeof message, "%zu bytes at %#llx lie in no allocation of a device", bytes, address);
  complain(message);
  throw Failure{context.sticky = illegal_address};
}

}  // namespace

Result emulate_still_there(Address address, size_t bytes) {
  if (is_allocated(address, bytes)) return ok;
  char message[160];
  snprintf(message, sizeof message, "%zu bytes at %#llx were freed before the work that uses them ran", bytes, address);
  complain(message);
  return illegal_address;
}

namespace {

Address allocate_here(Context& context, size_t bytes) {
  require(bytes > 0);
  if (++counts.allocations == settings().oom_at) throw Failure{out_of_memory};
  const Address address = allocate(context.device, bytes, settings().memory);
  if (address == 0) throw Failure{out_of_memory};
  return address;
}

void copy_to_device(Context& context, Address to, const void* from, size_t bytes, Stream& stream) {
  count_operation(context);
  if (bytes == 0) return;
  check_memory(context, to, bytes);
  if (is_host_allocated(from, bytes) || stream.capture != nullptr) {
    const bool pinned = is_host_allocated(from, bytes);
    queue(stream, [=] {
      if (pinned && !is_host_allocated(from, bytes)) {
        complain("page-locked memory was freed before the copy that reads it ran");
        return illegal_address;
      }
      if (const Result result = emulate_still_there(to, bytes); result != ok) return result;
      memcpy(pointer(to), from, bytes);
      return ok;
    });
    return;
  }
  /* other memory is read before the call returns */
  const auto taken = std::make_shared<std::vector<char>>(static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
  queue(stream, [=] {
    if (const Result result = emulate_still_there(to, bytes); result != ok) return result;
    memcpy(pointer(to), taken->data(), bytes);
    return ok;
  });
}

void copy_to_host(Context& context, void* to, Address from, size_t bytes, Stream& stream) {
  count_operation(context);
  if (bytes == 0) return;
  check_memory(context, from, bytes);
  const bool pinned = is_host_allocated(to, bytes);
  queue(stream, [=] {
    if (pinned && !is_host_allocated(to, bytes)) {
      complain("page-locked memory was freed before the copy that writes it ran");
      return illegal_address;
    }
    if (const Result result = emulate_still_there(from, bytes); result != ok) return result;
    memcpy(to, pointer(from), bytes);
    return ok;
  });
  if (!pinned && stream.capture == nullptr) run_until(stream, stream.queued);
}

void copy_on_device(Context& context, Address to, Address from, size_t bytes, Stream& stream) {
  count_operation(context);
  if (bytes == 0) return;
  check_memory(context, to, bytes);
  check_memory(context, from, bytes);
  queue(stream, [=] {
    if (const Result result = emulate_still_there(to, bytes); result != ok) return result;
    if (const Result result = emulate_still_there(from, bytes); result != ok) return result;
    memmove(pointer(to), pointer(from), bytes);
    return ok;
  });
}

template <typename T> void set_memory(Context& context, Address to, T value, size_t count, Stream& stream) {
  count_operation(context);
  if (count == 0) return;
  require(to % sizeof(T) == 0);
  check_memory(context, to, count * sizeof(T));
  queue(stream, [=] {
    if (const Result result = emulate_still_there(to, count * sizeof(T)); result != ok) return result;
    T* at = static_cast<T*>(pointer(to));
    for (size_t i = 0; i < count; i++) at[i] = value;
    return ok;
  });
}

/* Copies without a stream are the legacy stream's, and wait. */
template <typename Copy> int at_once(const char* name, Copy copy) {
  return in_context(name, [&](Context& context) {
    refuse_in_capture();
    copy(context, *context.null_stream);
    run_until(*context.null_stream, context.null_stream->queued);
  });
}
template <typename Copy> int in_stream(const char* name, Stream* handle, Copy copy) {
  return in_context(name, [&](Context& context) { copy(context, *find_stream(context, handle)); });
}

int attribute(int which, const Settings& now) {
  switch (which) {
    case 1: return 1024;               /* threads of a block */
    case 2: case 3: return 1024;       /* its x and y */
    case 4: return 64;                 /* its z */
    case 5: return 2147483647;         /* blocks of a grid */
    case 6: case 7: return 65535;
    case 8: return 48 * 1024;          /* static shared memory */
    case 9: return 64 * 1024;          /* constant memory */
    case 10: return 32;                /* lanes of a warp */
    case 12: return 65536;             /* registers of a block */
    case 13: return 1410000;           /* kHz */
    case 14: return 512;               /* alignment of textures */
    case 16: return 4;                 /* multiprocessors */
    case 31: return 1;                 /* concurrent kernels */
    case 36: return 1215000;           /* kHz of the memory */
    case 37: return 5120;              /* bits of its bus */
    case 38: return 40 << 20;          /* bytes of the second-level cache */
    case 39: return 2048;              /* threads of a multiprocessor */
    case 40: return 2;                 /* copy engines */
    case 41: return 1;                 /* unified addressing */
    case 75: return now.major;
    case 76: return now.minor;
    case 81: return 164 * 1024;        /* shared memory of a multiprocessor */
    case 82: return 65536;             /* registers of a multiprocessor */
    case 97: return 99 * 1024;         /* shared memory that a block can ask for */
    case 106: return 32;               /* blocks of a multiprocessor */
    case 115: return now.missing.count("cuMemAllocAsync") == 0;
    default: return 0;
  }
}

}  // namespace
}  // namespace emulator

using namespace emulator;

DRIVER_API cuInit(unsigned flags) {
  return enter("cuInit", [&](const Settings& now) {
    if (now.init != 0) return Result(now.init);
    if (now.devices == 0) return no_device;
    require(flags == 0);
    initialized = true;
    return ok;
  });
}
DRIVER_API cuDriverGetVersion(int* version) {
  return enter("cuDriverGetVersion", [&](const Settings& now) {
    *version = now.driver_version;
    return ok;
  });
}
DRIVER_API cuGetErrorName(int result, const char** name) { return (*name = name_of(result)) == nullptr ? invalid_value : ok; }
DRIVER_API cuGetErrorString(int result, const char** meaning) { return (*meaning = meaning_of(result)) == nullptr ? invalid_value : ok; }

DRIVER_API cuDeviceGetCount(int* count) {
  return enter("cuDeviceGetCount", [&](const Settings& now) {
    if (!initialized) return not_initialized;
    *count = now.devices;
    return ok;
  });
}
DRIVER_API cuDeviceGet(int* handle, int number) {
  return enter("cuDeviceGet", [&](const Settings&) {
    device(number);
    *handle = number;
    return ok;
  });
}
DRIVER_API cuDeviceGetName(char* name, int length, int number) {
  return enter("cuDeviceGetName", [&](const Settings&) {
    device(number);
    require(length > 0);
    snprintf(name, size_t(length), "Tenfold CUDA emulator %d", number);
    return ok;
  });
}
DRIVER_API cuDeviceTotalMem_v2(size_t* bytes, int number) {
  return enter("cuDeviceTotalMem_v2", [&](const Settings& now) {
    device(number);
    *bytes = now.memory;
    return ok;
  });
}
DRIVER_API cuDeviceGetAttribute(int* value, int which, int number) {
  return enter("cuDeviceGetAttribute", [&](const Settings& now) {
    device(number);
    *value = attribute(which, now);
    return ok;
  });
}
DRIVER_API cuDeviceGetUuid(char* uuid, int number) {
  return enter("cuDeviceGetUuid", [&](const Settings&) {
    device(number);
    memset(uuid, 0, 16);
    memcpy(uuid, "tenfold", 7);
    uuid[15] = char(number);
    return ok;
  });
}
DRIVER_API cuDeviceGetUuid_v2(char* uuid, int number) { return cuDeviceGetUuid(uuid, number); }

DRIVER_API cuDevicePrimaryCtxRetain(Context** handle, int number) {
  return enter("cuDevicePrimaryCtxRetain", [&](const Settings&) {
    Device& here = device(number);
    if (here.lost != ok) return here.lost;
    if (here.context == nullptr) {
      here.context = std::make_unique<Context>();
      here.context->device = number;
      here.context->null_stream = std::make_shared<Stream>();
      here.context->null_stream->context = here.context.get();
      here.context->null_stream->blocking = true;
    }
    here.context->retained++;
    *handle = here.context.get();
    return ok;
  });
}
DRIVER_API cuDevicePrimaryCtxRelease_v2(int number) {
  return enter("cuDevicePrimaryCtxRelease_v2", [&](const Settings&) {
    Device& here = device(number);
    if (here.context == nullptr) return invalid_context;
    if (--here.context->retained > 0) return ok;
    run_all(*here.context);
    drop_work(*here.context);
    here.context = nullptr;
    release_all(number);
    return ok;
  });
}
DRIVER_API cuCtxSetCurrent(Context* handle) {
  return enter("cuCtxSetCurrent", [&](const Settings&) {
    Context* const before = std::exchange(current_handle(), handle);
    if (handle == nullptr) return ok;
    try {
      current_context();
    } catch (const Failure&) {
      current_handle() = before;
      throw;
    }
    return ok;
  });
}
DRIVER_API cuCtxGetCurrent(Context** handle) {
  *handle = current_handle();
  return ok;
}
DRIVER_API cuCtxPushCurrent_v2(Context* handle) {
  Context* const before = current_handle();
  const int result = cuCtxSetCurrent(handle);
  if (result == ok) emulator::stack.push_back(before);
  return result;
}
DRIVER_API cuCtxPopCurrent_v2(Context** handle) {
  if (emulator::stack.empty()) return invalid_context;
  if (handle != nullptr) *handle = current_handle();
  current_handle() = emulator::stack.back();
  emulator::stack.pop_back();
  return ok;
}
DRIVER_API cuCtxGetDevice(int* number) {
  return in_context("cuCtxGetDevice", [&](Context& context) { *number = context.device; });
}
DRIVER_API cuCtxSynchronize() {
  return in_context("cuCtxSynchronize", [&](Context& context) {
    refuse_in_capture();
    run_all(context);
  });
}

DRIVER_API cuMemGetInfo_v2(size_t* free, size_t* total) {
  return in_context("cuMemGetInfo_v2", [&](Context& context) {
    *total = settings().memory;
    *free = *total - std::min(*total, used(context.device));
  });
}
DRIVER_API cuMemAlloc_v2(Address* address, size_t bytes) {
  return in_context("cuMemAlloc_v2", [&](Context& context) {
    refuse_in_capture();
    *address = allocate_here(context, bytes);
  });
}
DRIVER_API cuMemFree_v2(Address address) {
  return in_context("cuMemFree_v2", [&](Context&) {
    if (address == 0) return;
    refuse_in_capture();
    /* a driver waits for work that is queued; nobody should rely on it, so here that work finds its memory gone */
    require(release(address));
  });
}
DRIVER_API cuMemAllocAsync(Address* address, size_t bytes, Stream* handle) {
  return in_stream("cuMemAllocAsync", handle, [&](Context& context, Stream& stream) {
    require(stream.capture == nullptr, capture_unsupported);
    *address = allocate_here(context, bytes);
  });
}
DRIVER_API cuMemFreeAsync(Address address, Stream* handle) {
  return in_stream("cuMemFreeAsync", handle, [&](Context&, Stream& stream) {
    require(stream.capture == nullptr, capture_unsupported);
    require(is_allocated(address, 1));
    queue(stream, [=] { return release(address) ? ok : illegal_address; });
  });
}
DRIVER_API cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  return in_context("cuMemHostAlloc", [&](Context&) {
    refuse_in_capture();
    require(bytes > 0);
    require((*address = allocate_host(bytes)) != nullptr, out_of_memory);
  });
}
DRIVER_API cuMemFreeHost(void* address) {
  return in_context("cuMemFreeHost", [&](Context&) {
    refuse_in_capture();
    if (release_host(address)) return;
    /* the result is easily overlooked, while it may have been taken by another thread meanwhile */
    complain("host memory was freed that is not allocated: twice?");
    throw Failure{invalid_value};
  });
}

DRIVER_API cuMemcpyHtoD_v2(Address to, const void* from, size_t bytes) {
  return at_once("cuMemcpyHtoD_v2", [&](Context& context, Stream& stream) { copy_to_device(context, to, from, bytes, stream); });
}
DRIVER_API cuMemcpyDtoH_v2(void* to, Address from, size_t bytes) {
  return at_once("cuMemcpyDtoH_v2", [&](Context& context, Stream& stream) { copy_to_host(context, to, from, bytes, stream); });
}
DRIVER_API cuMemcpyDtoD_v2(Address to, Address from, size_t bytes) {
  return at_once("cuMemcpyDtoD_v2", [&](Context& context, Stream& stream) { copy_on_device(context, to, from, bytes, stream); });
}
DRIVER_API cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t bytes, Stream* handle) {
  return in_stream("cuMemcpyHtoDAsync_v2", handle, [&](Context& context, Stream& stream) { copy_to_device(context, to, from, bytes, stream); });
}
DRIVER_API cuMemcpyDtoHAsync_v2(void* to, Address from, size_t bytes, Stream* handle) {
  return in_stream("cuMemcpyDtoHAsync_v2", handle, [&](Context& context, Stream& stream) { copy_to_host(context, to, from, bytes, stream); });
}
DRIVER_API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, Stream* handle) {
  return in_stream("cuMemcpyDtoDAsync_v2", handle, [&](Context& context, Stream& stream) { copy_on_device(context, to, from, bytes, stream); });
}
DRIVER_API cuMemsetD8_v2(Address to, unsigned char value, size_t count) {
  return at_once("cuMemsetD8_v2", [&](Context& context, Stream& stream) { set_memory(context, to, value, count, stream); });
}
DRIVER_API cuMemsetD32_v2(Address to, unsigned value, size_t count) {
  return at_once("cuMemsetD32_v2", [&](Context& context, Stream& stream) { set_memory(context, to, value, count, stream); });
}
DRIVER_API cuMemsetD8Async(Address to, unsigned char value, size_t count, Stream* handle) {
  return in_stream("cuMemsetD8Async", handle, [&](Context& context, Stream& stream) { set_memory(context, to, value, count, stream); });
}
DRIVER_API cuMemsetD32Async(Address to, unsigned value, size_t count, Stream* handle) {
  return in_stream("cuMemsetD32Async", handle, [&](Context& context, Stream& stream) { set_memory(context, to, value, count, stream); });
}
