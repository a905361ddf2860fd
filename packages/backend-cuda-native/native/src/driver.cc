#include "driver.h"

#include <array>
#include <map>
#include <mutex>

#include "errors.h"

namespace tenfold {
namespace {

/* CUDA 11.0: the first whose driver loads PTX 7.0 */
constexpr int oldest_version = 11000;

std::string version_text(int version) { return text(version / 1000, '.', version % 1000 / 10); }

/* Fills the table; the name of the first function that is missing, or an empty text. */
std::string load(const Library& library, DriverTable& t) {
  std::string missing;
  const auto need = [&](auto& entry, const char* name) {
    if (!entry.load(library, name) && missing.empty()) missing = name;
  };
  need(t.init, "cuInit");
  need(t.driver_version, "cuDriverGetVersion");
  need(t.error_name, "cuGetErrorName");
  need(t.error_string, "cuGetErrorString");
  need(t.device_count, "cuDeviceGetCount");
  need(t.device, "cuDeviceGet");
  need(t.device_name, "cuDeviceGetName");
  need(t.device_memory, "cuDeviceTotalMem_v2");
  need(t.device_attribute, "cuDeviceGetAttribute");
  need(t.retain_context, "cuDevicePrimaryCtxRetain");
  need(t.release_context, "cuDevicePrimaryCtxRelease_v2");
  need(t.set_context, "cuCtxSetCurrent");
  need(t.load_module, "cuModuleLoadDataEx");
  need(t.unload_module, "cuModuleUnload");
  need(t.function, "cuModuleGetFunction");
  need(t.function_attribute, "cuFuncGetAttribute");
  need(t.launch, "cuLaunchKernel");
  need(t.allocate, "cuMemAlloc_v2");
  need(t.free, "cuMemFree_v2");
  need(t.memory_info, "cuMemGetInfo_v2");
  need(t.allocate_host, "cuMemHostAlloc");
  need(t.free_host, "cuMemFreeHost");
  need(t.to_device, "cuMemcpyHtoDAsync_v2");
  need(t.to_host, "cuMemcpyDtoHAsync_v2");
  need(t.copy, "cuMemcpyDtoDAsync_v2");
  need(t.fill, "cuMemsetD8Async");
  need(t.create_stream, "cuStreamCreate");
  need(t.destroy_stream, "cuStreamDestroy_v2");
  need(t.synchronize_stream, "cuStreamSynchronize");
  need(t.wait_event, "cuStreamWaitEvent");
  need(t.create_event, "cuEventCreate");
  need(t.destroy_event, "cuEventDestroy_v2");
  need(t.query_event, "cuEventQuery");
  need(t.synchronize_event, "cuEventSynchronize");
  need(t.record_event, "cuEventRecord");
  need(t.elapsed, "cuEventElapsedTime");
  need(t.begin_capture, "cuStreamBeginCapture_v2");
  need(t.end_capture, "cuStreamEndCapture");
  need(t.launch_graph, "cuGraphLaunch");
  need(t.destroy_graph_exec, "cuGraphExecDestroy");
  need(t.destroy_graph, "cuGraphDestroy");
  t.instantiate_with_flags.load(library, "cuGraphInstantiateWithFlags");
  t.instantiate.load(library, "cuGraphInstantiate_v2");
  t.parameter.load(library, "cuFuncGetParamInfo");
  return missing;
}

std::vector<std::string> system_names() {
#ifdef _WIN32
  return {"nvcuda.dll"};
#else
  /* in WSL the driver is Windows', and in no folder that the linker looks in */
  return {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"};
#endif
}

}  // namespace

std::shared_ptr<Driver> Driver::open(const std::string& path, std::string& reason, std::string& found_at, std::string& version) {
  const std::string asked = !path.empty() ? path : environment("TENFOLD_CUDA_DRIVER");
  const std::vector<std::string> names = asked.empty() ? system_names() : std::vector<std::string>{asked};
  Library library;
  std::string first_reason;
  for (const std::string& name : names) {
    std::string why;
    library = Library::open(name, why);
    if (library) break;
    if (first_reason.empty()) first_reason = why;
  }
  if (!library) {
    reason = asked.empty() ? text("no NVIDIA driver: ", first_reason) : text("the driver that was asked for can't be opened: ", first_reason);
    return nullptr;
  }
  found_at = library.path();

  static std::mutex guard;
  static std::map<std::string, std::shared_ptr<Driver>> opened;
  const std::lock_guard<std::mutex> lock(guard);
  if (const auto known = opened.find(library.path()); known != opened.end()) {
    version = version_text(known->second->version_);
    return known->second;
  }

  const auto driver = std::make_shared<Driver>();
  const std::string missing = load(library, driver->table_);
  const DriverTable& t = driver->table_;
  if (t.driver_version && t.driver_version(&driver->version_) == result::ok) version = version_text(driver->version_);
  if (driver->version_ != 0 && driver->version_ < oldest_version) {
    reason = text("the NVIDIA driver is for CUDA ", version, "; CUDA ", version_text(oldest_version), " or newer is needed (driver 450 or newer)");
    return nullptr;
  }
  if (!missing.empty()) {
    reason = text(library.path(), " has no ", missing, ": it is not a driver for CUDA ", version_text(oldest_version), " or newer");
    return nullptr;
  }
  if (const Result r = t.init(0); r != result::ok) {
    reason = r == result::no_device ? text("the NVIDIA driver finds no device (", driver->words(r), ")") : text("the NVIDIA driver does not start: ", driver->words(r));
    return nullptr;
  }
  opened.emplace(library.path(), driver);
  return driver;
}

std::string Driver::name(Result result) const {
  const char* name = nullptr;
  if (table_.error_name(result, &name) != result::ok || name == nullptr) return text("CUDA error ", result);
  return name;
}

std::string Driver::words(Result result) const {
  const char* meaning = nullptr;
  if (table_.error_string(result, &meaning) != result::ok || meaning == nullptr) return name(result);
  return text(name(result), ": ", meaning);
}

std::vector<DeviceFacts> Driver::devices() const {
  std::vector<DeviceFacts> devices;
  int count = 0;
  if (table_.device_count(&count) != result::ok) return devices;
  for (int index = 0; index < count; index++) {
    int device = 0;
    if (table_.device(&device, index) != result::ok) continue;
    const auto read = [&](int which) {
      int value = 0;
      return table_.device_attribute(&value, which, device) == result::ok && value > 0 ? value : 0;
    };
    DeviceFacts facts;
    std::array<char, 256> name{};
    if (table_.device_name(name.data(), static_cast<int>(name.size()) - 1, device) == result::ok) facts.name = name.data();
    std::size_t memory = 0;
    if (table_.device_memory(&memory, device) == result::ok) facts.memory = memory;
    facts.major = read(attribute::major);
    facts.minor = read(attribute::minor);
    facts.multiprocessors = read(attribute::multiprocessors);
    facts.cache_bytes = static_cast<std::uint64_t>(read(attribute::cache_bytes));
    const int shared = read(attribute::shared_bytes);
    facts.shared_bytes = static_cast<std::uint64_t>(shared > 0 ? shared : read(attribute::shared_bytes_static));
    /* kHz of the memory's clock, two transfers a tick, bits of its bus */
    facts.bandwidth = 2.0 * 1000 * read(attribute::memory_clock) * (read(attribute::bus_width) / 8.0);
    devices.push_back(std::move(facts));
  }
  return devices;
}

bool is_sticky(Result result) {
  switch (result) {
    case result::deinitialized:
    case 214: /* ECC_UNCORRECTABLE */
    case 220: /* NVLINK_UNCORRECTABLE */
    case 226: /* CONTAINED */
    case 700: /* ILLEGAL_ADDRESS */
    case 702: /* LAUNCH_TIMEOUT */
    case 709: /* CONTEXT_IS_DESTROYED */
    case 710: /* ASSERT */
    case 714: /* HARDWARE_STACK_ERROR */
    case 715: /* ILLEGAL_INSTRUCTION */
    case 716: /* MISALIGNED_ADDRESS */
    case 717: /* INVALID_ADDRESS_SPACE */
    case 718: /* INVALID_PC */
    case 719: /* LAUNCH_FAILED */
    case 721: /* TENSOR_MEMORY_LEAK */
    case 810: /* MPS_CLIENT_TERMINATED */
    case 911: /* EXTERNAL_DEVICE */
    case 999: /* UNKNOWN */
      return true;
    default:
      return false;
  }
}

}  // namespace tenfold
