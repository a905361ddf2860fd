/* The driver's interface: modules and launches, streams, events, graphs. */
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

#include "entry.h"
#include "extension.h"

namespace emulator {
namespace {

/* A copy of a kernel's arguments, where the kernel finds them. */
std::shared_ptr<void> copy_arguments(const Kernel& kernel, const void* from) {
  const size_t alignment = std::max(kernel.alignment, alignof(std::max_align_t));
  void* copy = nullptr;
  if (posix_memalign(&copy, alignment, kernel.bytes) != 0) throw std::bad_alloc();
  memcpy(copy, from, kernel.bytes);
  return {copy, free};
}

/* Arguments come as a list of pointers, or as one buffer with its size. */
const void* find_arguments(const Kernel& kernel, void** parameters, void** extra) {
  require((parameters == nullptr) != (extra == nullptr));
  if (parameters != nullptr) {
    require(parameters[0] != nullptr);
    return parameters[0];
  }
  const void* buffer = nullptr;
  size_t bytes = 0;
  for (; extra[0] != nullptr; extra += 2) {
    const uintptr_t tag = reinterpret_cast<uintptr_t>(extra[0]);
    require(tag == 1 || tag == 2);
    if (tag == 1) buffer = extra[1];
    else bytes = *static_cast<const size_t*>(extra[1]);
  }
  require(buffer != nullptr && bytes == kernel.bytes);
  return buffer;
}

/* Counts a launch: the work, or a failure in its place. */
Work count_launch(Work work) {
  counts.launches++;
  const bool fails = counts.launches == settings().launch_fail_at, strays = counts.launches == settings().illegal_at;
  if (!fails && !strays) return work;
  return [fails] {
    complain("a kernel fails, as TENFOLD_EMULATOR asks");
    return fails ? launch_failed : illegal_address;
  };
}

Result run_launch(const Launch& launch) {
  const Outcome outcome = run(launch);
  if (outcome.kind == Outcome::fine) return ok;
  complain(outcome.message);
  return outcome.kind == Outcome::failed ? launch_failed : illegal_address;
}

int load(const char* name, Module** handle, const void* image) {
  return in_context(name, [&](Context& context) {
    refuse_in_capture();
    require(image != nullptr);
    auto module = load_module(context, image);
    *handle = module.get();
    context.modules.emplace(*handle, std::move(module));
  });
}

int instantiate(const char* name, Graph** executable, Graph* graph) {
  return in_context(name, [&](Context& context) {
    auto copy = std::make_unique<Graph>(*find(context.graphs, graph));
    *executable = copy.get();
    context.executables.emplace(*executable, std::move(copy));
  });
}

int create_stream(const char* name, Stream** handle, unsigned flags) {
  return in_context(name, [&](Context& context) {
    require(flags <= 1);
    auto stream = std::make_shared<Stream>();
    stream->context = &context;
    stream->blocking = flags == 0;
    *handle = stream.get();
    context.streams.emplace(*handle, std::move(stream));
  });
}

void refuse_captured(Stream& stream) {
  if (stream.capture == nullptr) return;
  stream.capture->valid = false;
  throw Failure{capture_unsupported};
}
void refuse_captured(const Event& event) {
  if (event.capture == nullptr) return;
  throw Failure{captured_event};
}

int address_of(const char* name, void** function, const Settings& now) {
  Dl_info here;
  if (now.missing.count(name) != 0 || dladdr(reinterpret_cast<void*>(address_of), &here) == 0) return not_found;
  void* const self = dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (self == nullptr) return not_found;
  /* versions of a function are told apart by its name */
  for (const char* suffix : {"_v3", "_v2", ""}) {
    *function = dlsym(self, (std::string(name) + suffix).c_str());
    if (*function != nullptr) break;
  }
  dlclose(self);
  return *function == nullptr ? not_found : ok;
}

}  // namespace

int emulate_launch(Stream* handle, Work work) {
  return in_context("cuLaunchKernel", [&](Context& context) {
    const auto stream = find_stream(context, handle);
    count_operation(context);
    queue(*stream, count_launch(std::move(work)));
  });
}

bool emulate_is_missing(const char* function) {
  const std::lock_guard<std::mutex> lock(driver_lock);
  return settings().missing.count(function) != 0;
}

bool emulate_has_memory(Address address, size_t bytes) {
  const std::lock_guard<std::mutex> lock(driver_lock);
  return is_allocated(address, bytes);
}

}  // namespace emulator

using namespace emulator;

DRIVER_API cuModuleLoadData(Module** handle, const void* image) { return load("cuModuleLoadData", handle, image); }
DRIVER_API cuModuleLoadDataEx(Module** handle, const void* image, unsigned, int*, void**) { return load("cuModuleLoadDataEx", handle, image); }
DRIVER_API cuModuleUnload(Module* handle) {
  return in_context("cuModuleUnload", [&](Context& context) {
    find(context.modules, handle);
    run_all(context);
    for (auto i = context.functions.begin(); i != context.functions.end();) i = i->second->module == handle ? context.functions.erase(i) : std::next(i);
    context.modules.erase(handle);
  });
}
DRIVER_API cuModuleGetFunction(Function** handle, Module* module, const char* name) {
  return in_context("cuModuleGetFunction", [&](Context& context) {
    const auto& kernels = find(context.modules, module)->kernels;
    const auto kernel = kernels.find(name);
    require(kernel != kernels.end(), not_found);
    for (const auto& [known, function] : context.functions)
      if (function->kernel == kernel->second && function->module == module) {
        *handle = known;
        return;
      }
    auto function = std::make_unique<Function>(Function{module, kernel->second});
    *handle = function.get();
    context.functions.emplace(*handle, std::move(function));
  });
}
DRIVER_API cuFuncGetAttribute(int* value, int which, Function* handle) {
  return in_context("cuFuncGetAttribute", [&](Context& context) {
    const Kernel& kernel = *find(context.functions, handle)->kernel;
    /* most threads, bytes of shared, constant and local memory, registers, versions of PTX and of the binary */
    const int values[] = {int(kernel.threads), 0, 0, 0, 32, 70, 10 * settings().major + settings().minor};
    require(which >= 0);
    *value = which < 7 ? values[which] : 0;
  });
}
DRIVER_API cuFuncSetAttribute(Function* handle, int, int) {
  return in_context("cuFuncSetAttribute", [&](Context& context) { find(context.functions, handle); });
}
DRIVER_API cuFuncGetParamInfo(Function* handle, size_t index, size_t* offset, size_t* bytes) {
  return in_context("cuFuncGetParamInfo", [&](Context& context) {
    const Kernel& kernel = *find(context.functions, handle)->kernel;
    require(index == 0);
    *offset = 0;
    if (bytes != nullptr) *bytes = kernel.bytes;
  });
}
DRIVER_API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function* handle, int threads, size_t) {
  return in_context("cuOccupancyMaxActiveBlocksPerMultiprocessor", [&](Context& context) {
    find(context.functions, handle);
    require(threads > 0);
    *blocks = std::min(32, 2048 / threads);
  });
}
DRIVER_API cuLaunchKernel(Function* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                          unsigned shared, Stream* stream_handle, void** parameters, void** extra) {
  return in_context("cuLaunchKernel", [&](Context& context) {
    const Kernel& kernel = *find(context.functions, handle)->kernel;
    const auto stream = find_stream(context, stream_handle);
    const Index grid = {grid_x, grid_y, grid_z}, block = {block_x, block_y, block_z};
    require(grid_x > 0 && grid_y > 0 && grid_z > 0 && grid_x <= 2147483647u && grid_y <= 65535 && grid_z <= 65535);
    require(block_x > 0 && block_y > 0 && block_z > 0 && block_x <= 1024 && block_y <= 1024 && block_z <= 64);
    require(block_x * block_y * block_z <= kernel.threads);
    require(shared <= 48 * 1024);
    const std::shared_ptr<void> arguments = copy_arguments(kernel, find_arguments(kernel, parameters, extra));
    const Settings& now = settings();
    count_operation(context);
    const Launch launch = {&kernel, grid, block, arguments.get(), now.blocks, now.threads};
    queue(*stream, count_launch([launch, arguments] { return run_launch(launch); }));
  });
}
DRIVER_API cuLaunchHostFunc(Stream* handle, void (*function)(void*), void* data) {
  return in_context("cuLaunchHostFunc", [&](Context& context) {
    const auto stream = find_stream(context, handle);
    require(function != nullptr);
    count_operation(context);
    queue(*stream, [function, data, self = stream] {
      call_host(*self, [=] { function(data); });
      return ok;
    });
    /* nobody may ever ask: who waits for the call waits outside of the driver */
    if (stream->capture == nullptr) run_until(*stream, stream->queued);
  });
}

DRIVER_API cuStreamCreate(Stream** handle, unsigned flags) { return create_stream("cuStreamCreate", handle, flags); }
DRIVER_API cuStreamCreateWithPriority(Stream** handle, unsigned flags, int) { return create_stream("cuStreamCreateWithPriority", handle, flags); }
DRIVER_API cuStreamDestroy_v2(Stream* handle) {
  return in_context("cuStreamDestroy_v2", [&](Context& context) {
    const auto stream = find(context.streams, handle);
    require(stream->capture == nullptr, capture_unsupported);
    run_until(*stream, stream->queued);
    context.streams.erase(handle);
  });
}
DRIVER_API cuStreamSynchronize(Stream* handle) {
  return in_context("cuStreamSynchronize", [&](Context& context) {
    const auto stream = find_stream(context, handle);
    refuse_captured(*stream);
    run_until(*stream, stream->queued);
  });
}
DRIVER_API cuStreamQuery(Stream* handle) {
  bool done = true;
  const int result = in_context("cuStreamQuery", [&](Context& context) {
    const auto stream = find_stream(context, handle);
    refuse_captured(*stream);
    done = stream->done == stream->queued;
    run_until(*stream, stream->queued);
  });
  return result == ok && !done ? not_ready : result;
}
DRIVER_API cuStreamWaitEvent(Stream* handle, Event* event, unsigned) {
  return in_context("cuStreamWaitEvent", [&](Context& context) { wait_for(find_stream(context, handle), *find(context.events, event)); });
}

DRIVER_API cuEventCreate(Event** handle, unsigned flags) {
  return in_context("cuEventCreate", [&](Context& context) {
    auto event = std::make_shared<Event>();
    event->context = &context;
    event->timed = (flags & 2) == 0;
    *handle = event.get();
    context.events.emplace(*handle, std::move(event));
  });
}
DRIVER_API cuEventDestroy_v2(Event* handle) {
  return in_context("cuEventDestroy_v2", [&](Context& context) {
    find(context.events, handle);
    context.events.erase(handle);
  });
}
DRIVER_API cuEventRecord(Event* handle, Stream* stream) {
  return in_context("cuEventRecord", [&](Context& context) { record(*find(context.events, handle), find_stream(context, stream)); });
}
/* Who asks too early is told so once; by the next time the work is done. */
DRIVER_API cuEventQuery(Event* handle) {
  bool done = true;
  const int result = in_context("cuEventQuery", [&](Context& context) {
    const auto event = find(context.events, handle);
    refuse_captured(*event);
    refuse_in_capture();
    done = is_done(*event);
    if (!done) run_until(*event->stream, event->ticket);
  });
  return result == ok && !done ? not_ready : result;
}
DRIVER_API cuEventSynchronize(Event* handle) {
  return in_context("cuEventSynchronize", [&](Context& context) {
    const auto event = find(context.events, handle);
    refuse_captured(*event);
    if (!is_done(*event)) run_until(*event->stream, event->ticket);
  });
}
DRIVER_API cuEventElapsedTime(float* milliseconds, Event* from, Event* to) {
  return in_context("cuEventElapsedTime", [&](Context& context) {
    const auto start = find(context.events, from), end = find(context.events, to);
    require(start->timed && end->timed && start->stream != nullptr && end->stream != nullptr, invalid_handle);
    require(is_done(*start) && is_done(*end), not_ready);
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  });
}

DRIVER_API cuThreadExchangeStreamCaptureMode(int* mode) {
  return enter("cuThreadExchangeStreamCaptureMode", [&](const Settings&) {
    require(*mode >= 0 && *mode <= 2);
    *mode = exchange_mode(*mode);
    return ok;
  });
}
DRIVER_API cuStreamBeginCapture_v2(Stream* handle, int mode) {
  return in_context("cuStreamBeginCapture_v2", [&](Context& context) {
    require(mode >= 0 && mode <= 2);
    begin_capture(*find_stream(context, handle), mode);
  });
}
DRIVER_API cuStreamEndCapture(Stream* handle, Graph** result) {
  return in_context("cuStreamEndCapture", [&](Context& context) {
    *result = nullptr;
    auto graph = end_capture(*find_stream(context, handle));
    *result = graph.get();
    context.graphs.emplace(*result, std::move(graph));
  });
}
DRIVER_API cuStreamIsCapturing(Stream* handle, int* status) {
  return in_context("cuStreamIsCapturing", [&](Context& context) {
    const auto capture = find_stream(context, handle)->capture;
    *status = capture == nullptr ? 0 : capture->valid ? 1 : 2;
  });
}
DRIVER_API cuGraphInstantiate_v2(Graph** executable, Graph* graph, void*, char*, size_t) { return instantiate("cuGraphInstantiate_v2", executable, graph); }
DRIVER_API cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, unsigned long long) {
  return instantiate("cuGraphInstantiateWithFlags", executable, graph);
}
DRIVER_API cuGraphLaunch(Graph* executable, Stream* handle) {
  return in_context("cuGraphLaunch", [&](Context& context) {
    const auto stream = find_stream(context, handle);
    const auto graph = std::make_shared<const Graph>(*find(context.executables, executable));
    require(stream->capture == nullptr, capture_unsupported);
    count_operation(context);
    queue(*stream, [graph] {
      for (const Work& work : graph->work)
        if (const Result result = work(); result != ok) return result;
      return ok;
    });
  });
}
DRIVER_API cuGraphDestroy(Graph* handle) {
  return in_context("cuGraphDestroy", [&](Context& context) {
    find(context.graphs, handle);
    context.graphs.erase(handle);
  });
}
DRIVER_API cuGraphExecDestroy(Graph* handle) {
  return in_context("cuGraphExecDestroy", [&](Context& context) {
    find(context.executables, handle);
    context.executables.erase(handle);
  });
}

DRIVER_API cuGetProcAddress(const char* name, void** function, int, unsigned long long) {
  return enter("cuGetProcAddress", [&](const Settings& now) { return address_of(name, function, now); });
}
DRIVER_API cuGetProcAddress_v2(const char* name, void** function, int, unsigned long long, int* status) {
  return enter("cuGetProcAddress_v2", [&](const Settings& now) {
    const int result = address_of(name, function, now);
    if (status != nullptr) *status = result == ok ? 0 : 1;
    return result;
  });
}
