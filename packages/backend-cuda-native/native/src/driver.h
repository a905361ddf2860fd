/* The CUDA driver: what is used of it, declared here so that nothing of the toolkit is needed to build. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "library.h"

namespace tenfold {

using Result = int;
using Pointer = unsigned long long;
struct ContextState;
struct ModuleState;
struct FunctionState;
struct StreamState;
struct EventState;
struct GraphState;
struct GraphExecState;
using Context = ContextState*;
using Module = ModuleState*;
using Function = FunctionState*;
using Stream = StreamState*;
using Event = EventState*;
using Graph = GraphState*;
using GraphExec = GraphExecState*;

/* Results that something here depends on. */
namespace result {
constexpr Result ok = 0, invalid_value = 1, out_of_memory = 2, deinitialized = 4, no_device = 100, not_ready = 600, not_supported = 801;
}

/* Numbers of CUdevice_attribute. */
namespace attribute {
constexpr int multiprocessors = 16, memory_clock = 36, bus_width = 37, cache_bytes = 38, major = 75, minor = 76, shared_bytes = 97, shared_bytes_static = 8;
}

constexpr unsigned stream_non_blocking = 1, event_blocking_sync = 1, event_disable_timing = 2;
constexpr int capture_relaxed = 2;
constexpr int function_max_threads = 0;

/* The functions of the driver, by its names without `cu`. What is under "may be missing" is newer than the oldest driver that serves. */
struct DriverTable {
  Entry<Result, unsigned> init;
  Entry<Result, int*> driver_version;
  Entry<Result, Result, const char**> error_name, error_string;
  Entry<Result, int*> device_count;
  Entry<Result, int*, int> device;
  Entry<Result, char*, int, int> device_name;
  Entry<Result, std::size_t*, int> device_memory;
  Entry<Result, int*, int, int> device_attribute;
  Entry<Result, Context*, int> retain_context;
  Entry<Result, int> release_context;
  Entry<Result, Context> set_context;
  Entry<Result, Module*, const void*, unsigned, int*, void**> load_module;
  Entry<Result, Module> unload_module;
  Entry<Result, Function*, Module, const char*> function;
  Entry<Result, int*, int, Function> function_attribute;
  Entry<Result, Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream, void**, void**> launch;
  Entry<Result, Pointer*, std::size_t> allocate;
  Entry<Result, Pointer> free;
  Entry<Result, std::size_t*, std::size_t*> memory_info;
  Entry<Result, void**, std::size_t, unsigned> allocate_host;
  Entry<Result, void*> free_host;
  Entry<Result, Pointer, const void*, std::size_t, Stream> to_device;
  Entry<Result, void*, Pointer, std::size_t, Stream> to_host;
  Entry<Result, Pointer, Pointer, std::size_t, Stream> copy;
  Entry<Result, Pointer, unsigned char, std::size_t, Stream> fill;
  Entry<Result, Stream*, unsigned> create_stream;
  Entry<Result, Stream> destroy_stream, synchronize_stream;
  Entry<Result, Stream, Event, unsigned> wait_event;
  Entry<Result, Event*, unsigned> create_event;
  Entry<Result, Event> destroy_event, query_event, synchronize_event;
  Entry<Result, Event, Stream> record_event;
  Entry<Result, float*, Event, Event> elapsed;
  Entry<Result, Stream, int> begin_capture;
  Entry<Result, Stream, Graph*> end_capture;
  Entry<Result, GraphExec> destroy_graph_exec;
  Entry<Result, GraphExec, Stream> launch_graph;
  Entry<Result, Graph> destroy_graph;

  /* may be missing */
  Entry<Result, GraphExec*, Graph, unsigned long long> instantiate_with_flags;
  Entry<Result, GraphExec*, Graph, void**, char*, std::size_t> instantiate;
  Entry<Result, Function, std::size_t, std::size_t*, std::size_t*> parameter;
};

struct DeviceFacts {
  std::string name;
  std::uint64_t memory = 0;
  int major = 0, minor = 0, multiprocessors = 0;
  std::uint64_t cache_bytes = 0, shared_bytes = 0;
  double bandwidth = 0;
};

class Driver {
 public:
  /* Opens `path`, else what TENFOLD_CUDA_DRIVER names, else the system's. A library that was opened once is opened for good. */
  static std::shared_ptr<Driver> open(const std::string& path, std::string& reason, std::string& found_at, std::string& version);

  const DriverTable& table() const { return table_; }
  /* 12040 is CUDA 12.4. */
  int version() const { return version_; }
  /* The driver's own name of a result, `CUDA_ERROR_…`, and the name with what it means. */
  std::string name(Result result) const;
  std::string words(Result result) const;
  std::vector<DeviceFacts> devices() const;

 private:
  DriverTable table_;
  int version_ = 0;
};

/* Whether nothing can be done in the context any more once this has come. */
bool is_sticky(Result result);

}  // namespace tenfold
