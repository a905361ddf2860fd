#include "device.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "errors.h"

namespace tenfold {
namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> next{0};
  const std::uint64_t serial = next++;
  if (serial >= 1024) wrong_argument("a process can open devices 1024 times");
  return serial;
}

}  // namespace

Device::Device(std::shared_ptr<Driver> driver, std::shared_ptr<Libraries> libraries, int index, bool blocking, std::function<void()> notify)
    : driver_(std::move(driver)),
      libraries_(std::move(libraries)),
      blocking_(blocking),
      serial_(next_serial()),
      modules_(Kind::module, serial_),
      kernels_(Kind::kernel, serial_),
      buffers_(Kind::buffer, serial_),
      streams_(Kind::stream, serial_),
      events_(Kind::event, serial_),
      graphs_(Kind::graph, serial_),
      allocator_(*driver_, [this](Result r, const char* call) { check(r, call); }, [this] { wait_all(); }),
      pinned_(*driver_),
      staging_(*driver_, [this](Result r, const char* call) { check(r, call); }),
      notify_(std::move(notify)) {
  int count = 0;
  check(table().device_count(&count), "cuDeviceGetCount");
  if (index < 0 || index >= count) wrong_argument("there is no device ", index, ": the driver has ", count);
  check(table().device(&device_, index), "cuDeviceGet");
  check(table().retain_context(&context_, device_), "cuDevicePrimaryCtxRetain");
  try {
    check(table().set_context(context_), "cuCtxSetCurrent");
    Stream stream = nullptr;
    check(table().create_stream(&stream, stream_non_blocking), "cuStreamCreate");
    own_lane_ = std::make_shared<Lane>(stream);
    lane_ = own_lane_;
  } catch (...) {
    table().release_context(device_);
    throw;
  }
}

Device::~Device() { close(false); }

void Device::enter() {
  if (closed_) throw Failure(Code::lost, "the device was closed");
  if (lost_) throw Failure(Code::lost, *lost_);
  check(table().set_context(context_), "cuCtxSetCurrent");
}

void Device::enter_outside_capture(const char* what) {
  enter();
  if (capture_) wrong_argument(what, " while a graph is being captured: end or abandon the capture first");
}

void Device::check(Result result, const char* call) {
  if (result != result::ok) throw failure(result, call);
}

Failure Device::failure(Result result, const char* call) {
  std::string words = text(driver_->words(result), " (", call, ")");
  if (result == result::out_of_memory) {
    std::size_t free = 0, total = 0;
    table().memory_info(&free, &total);
    const Usage& usage = allocator_.usage();
    return Failure(text("no memory: ", words), Shortage{0, usage.used, usage.reserved - usage.used, free}, driver_->name(result));
  }
  if (!is_sticky(result)) return Failure(Code::cuda, words, driver_->name(result));
  if (!lost_) lost_ = text("the device is lost: ", words, suspects());
  return Failure(Code::lost, *lost_, driver_->name(result));
}

/* The kernels that may have caused an error which shows only now. */
std::string Device::suspects() const {
  std::vector<std::string> names;
  std::size_t more = 0;
  const std::uint64_t oldest = launches_ > launched_.size() ? launches_ - launched_.size() : 0;
  for (std::uint64_t number = launches_; number > oldest; number--) {
    const Launched& launched = launched_[(number - 1) % launched_.size()];
    if (launched.lane == nullptr || launched.number <= launched.lane->waited) continue;
    if (std::find(names.begin(), names.end(), launched.kernel->name) != names.end()) continue;
    if (names.size() == 16) more++;
    else names.push_back(launched.kernel->name);
  }
  if (names.empty()) return {};
  if (blocking_) return text(", in the kernel ", names.front());
  std::string list;
  for (auto name = names.rbegin(); name != names.rend(); ++name) list += (list.empty() ? "" : ", ") + *name;
  return text("; kernels queued since the last wait: ", more > 0 ? text(more, " others, ") : "", list, " (with `blocking`, an error names its kernel)");
}

Pool& Device::pool() { return capture_ ? *capture_->pool : lane_->pool; }

/* Notes that work with the buffer is queued on the current stream. */
Block* Device::use(const Buffer& buffer) {
  Block* block = buffer.block;
  if (block->pool->lane != lane_.get() && std::find(block->used_on.begin(), block->used_on.end(), lane_.get()) == block->used_on.end())
    block->used_on.push_back(lane_.get());
  if (capture_ && block->seen_by != captures_ && block->pool != capture_->pool.get()) {
    block->seen_by = captures_;
    block->graphs++;
    capture_->blocks.push_back(block);
  }
  return block;
}

/* The buffer, of which `bytes` from `offset` lie inside. */
const Buffer& Device::buffer(std::uint64_t handle, std::size_t offset, std::size_t bytes) {
  const Buffer& found = buffers_.at(handle);
  if (offset > found.bytes || bytes > found.bytes - offset)
    wrong_argument(bytes, " bytes from ", offset, " are not within the buffer of ", found.bytes, " bytes");
  return found;
}

std::uint64_t Device::kernel(std::uint64_t module, const std::string& name, std::size_t bytes, unsigned threads) {
  enter();
  const LoadedModule& from = modules_.at(module);
  if (bytes > argument_bytes_most) wrong_argument("the arguments of ", name, " take ", bytes, " bytes; at most ", argument_bytes_most, " can be given");
  auto kernel = std::make_unique<Kernel>();
  if (const Result r = table().function(&kernel->function, from.module, name.c_str()); r != result::ok) {
    Failure cause = failure(r, "cuModuleGetFunction");
    if (cause.code == Code::cuda) throw Failure(Code::cuda, text("the module ", from.name, " has no kernel ", name, ": ", cause.what()), cause.cuda);
    throw cause;
  }
  int most = 0;
  check(table().function_attribute(&most, function_max_threads, kernel->function), "cuFuncGetAttribute");
  if (threads < 1 || threads > static_cast<unsigned>(most)) wrong_argument(name, " runs in blocks of 1 to ", most, " threads, not of ", threads);
  if (table().parameter) {
    std::size_t at = 0, size = 0;
    const bool has = table().parameter(kernel->function, 0, &at, &size) == result::ok;
    const bool more = table().parameter(kernel->function, 1, &at, &size) == result::ok;
    if (has) table().parameter(kernel->function, 0, &at, &size);
    if (more || (has ? size : 0) != bytes) wrong_argument(name, " takes ", more ? text("several arguments") : text("a struct of ", has ? size : 0, " bytes"), ", not one of ", bytes, " bytes");
  }
  kernel->name = name;
  kernel->bytes = bytes;
  kernel->threads = threads;
  return kernels_.add(std::move(kernel));
}

void Device::launch(std::uint64_t number, unsigned x, unsigned y, unsigned z, unsigned threads, const std::uint8_t* arguments, std::size_t argument_bytes,
                    const double* pointers, std::size_t pointer_count) {
  enter();
  const Kernel& kernel = *kernels_.at(number);
  if (x < 1 || y < 1 || z < 1 || x > 0x7fffffffu || y > 65535 || z > 65535)
    wrong_argument("a grid of ", x, " × ", y, " × ", z, " blocks for ", kernel.name, "; from 1 up to 2147483647 × 65535 × 65535 are possible");
  if (threads < 1 || threads > kernel.threads) wrong_argument("blocks of ", threads, " threads for ", kernel.name, ", which has at most ", kernel.threads);
  if (argument_bytes < kernel.bytes) wrong_argument("`argumentBytes` was detached: it holds ", argument_bytes, " bytes, ", kernel.name, " takes ", kernel.bytes);

  alignas(16) std::array<std::uint8_t, argument_bytes_most> bytes;
  if (kernel.bytes > 0) std::memcpy(bytes.data(), arguments, kernel.bytes);
  for (std::size_t i = 0; i < pointer_count; i++) {
    const double at = pointers[3 * i], handle = pointers[3 * i + 1], offset = pointers[3 * i + 2];
    /* comparisons that NaN fails */
    if (!(at >= 0 && at + sizeof(Pointer) <= static_cast<double>(kernel.bytes)) || static_cast<double>(static_cast<std::size_t>(at)) != at || static_cast<std::size_t>(at) % sizeof(Pointer) != 0)
      wrong_argument("pointer ", i, " of ", kernel.name, " belongs at byte ", at, " of its ", kernel.bytes, "; places are multiples of 8 within them");
    if (!(handle >= 0 && handle <= 9007199254740991.0) || static_cast<double>(static_cast<std::uint64_t>(handle)) != handle)
      wrong_argument("pointer ", i, " of ", kernel.name, ": ", handle, " is not the number of a buffer");
    const Buffer& buffer = buffers_.at(static_cast<std::uint64_t>(handle));
    if (!(offset >= 0 && offset <= static_cast<double>(buffer.bytes)) || static_cast<double>(static_cast<std::size_t>(offset)) != offset)
      wrong_argument("pointer ", i, " of ", kernel.name, " is ", offset, " bytes into a buffer of ", buffer.bytes);
    const Pointer pointer = buffer.block->address + static_cast<std::size_t>(offset);
    std::memcpy(bytes.data() + static_cast<std::size_t>(at), &pointer, sizeof pointer);
  }
  /* only now, so that a launch that is refused leaves no trace */
  for (std::size_t i = 0; i < pointer_count; i++) use(*buffers_.find(static_cast<std::uint64_t>(pointers[3 * i + 1])));

  note_launch(kernel);
  void* parameters[] = {bytes.data()};
  if (const Result r = table().launch(kernel.function, x, y, z, threads, 1, 1, 0, lane_->stream, kernel.bytes > 0 ? parameters : nullptr, nullptr); r != result::ok) {
    Failure cause = failure(r, "cuLaunchKernel");
    if (cause.code == Code::cuda) throw Failure(Code::cuda, text(kernel.name, ": ", cause.what()), cause.cuda);
    throw cause;
  }
  if (blocking_ && !capture_) wait(*lane_);
}

/* Remembers what runs, for the message if it fails; what is captured runs later. */
void Device::note_launch(const Kernel& kernel) {
  if (capture_) return;
  launched_[launches_ % launched_.size()] = {&kernel, lane_.get(), launches_ + 1};
  launches_++;
}

std::uint64_t Device::allocate(std::size_t bytes) {
  enter();
  Block* block = allocator_.allocate(bytes, pool(), capture_.has_value());
  try {
    return buffers_.add({block, bytes});
  } catch (...) {
    allocator_.release(block, capture_.has_value());
    throw;
  }
}

void Device::release(std::uint64_t handle) {
  if (closed_) throw Failure(Code::lost, "the device was closed");
  const Buffer buffer = buffers_.take(handle);
  /* the memory of a lost device is gone, and comes back with the process */
  if (lost_) return;
  check(table().set_context(context_), "cuCtxSetCurrent");
  allocator_.release(buffer.block, capture_.has_value());
}

void Device::upload(std::uint64_t handle, std::size_t offset, const std::uint8_t* data, std::size_t bytes) {
  enter_outside_capture("an upload");
  const Buffer& to = buffer(handle, offset, bytes);
  if (bytes == 0) return;
  staging_.upload(use(to)->address + offset, data, bytes, lane_->stream);
}

void Device::copy(std::uint64_t from, std::size_t from_offset, std::uint64_t to, std::size_t to_offset, std::size_t bytes) {
  enter();
  const Buffer source = buffer(from, from_offset, bytes), target = buffer(to, to_offset, bytes);
  if (source.block == target.block && from_offset < to_offset + bytes && to_offset < from_offset + bytes && bytes > 0)
    wrong_argument("a copy of ", bytes, " bytes from ", from_offset, " to ", to_offset, " of one buffer overlaps itself");
  if (bytes == 0) return;
  check(table().copy(use(target)->address + to_offset, use(source)->address + from_offset, bytes, lane_->stream), "cuMemcpyDtoDAsync");
}

void Device::fill(std::uint64_t handle, std::size_t offset, std::size_t bytes, unsigned char byte) {
  enter();
  const Buffer& to = buffer(handle, offset, bytes);
  if (bytes == 0) return;
  check(table().fill(use(to)->address + offset, byte, bytes, lane_->stream), "cuMemsetD8Async");
}

Event Device::take_event() {
  if (!spare_events_.empty()) {
    const Event event = spare_events_.back();
    spare_events_.pop_back();
    return event;
  }
  Event event = nullptr;
  check(table().create_event(&event, event_disable_timing | event_blocking_sync), "cuEventCreate");
  return event;
}

void Device::check_read(std::uint64_t handle, std::size_t offset, std::size_t bytes) {
  enter_outside_capture("a read");
  buffer(handle, offset, bytes);
}

void Device::download(std::uint64_t handle, std::size_t offset, std::size_t bytes, std::unique_ptr<Read> read) {
  enter_outside_capture("a read");
  const Buffer& from = buffer(handle, offset, bytes);
  read->bytes = bytes;
  if (bytes > 0) {
    read->pinned = pinned_.take(bytes);
    if (read->pinned.address == nullptr) {
      /* then it waits here, which is slower but right */
      download_sync(handle, offset, bytes, read->target);
    } else if (const Result r = table().to_host(read->pinned.address, use(from)->address + offset, bytes, lane_->stream); r != result::ok) {
      pinned_.put(read->pinned);
      check(r, "cuMemcpyDtoHAsync");
    }
  }
  mark(*read, lane_);
  queue(std::move(read));
}

void Device::synchronize(std::unique_ptr<Read> read) {
  enter_outside_capture("a wait");
  mark(*read, own_lane_);
  streams_.each([&](const std::shared_ptr<Lane>& lane) { mark(*read, lane); });
  queue(std::move(read));
}

/* Has the read wait for what is queued on the stream so far. */
void Device::mark(Read& read, const std::shared_ptr<Lane>& lane) {
  read.events.push_back(take_event());
  check(table().record_event(read.events.back(), lane->stream), "cuEventRecord");
  read.reached.emplace_back(lane, launches_);
}

void Device::queue(std::unique_ptr<Read> read) {
  if (!reader_) reader_ = std::make_unique<Reader>(*driver_, context_, notify_);
  reader_->queue(std::move(read));
}

std::vector<std::unique_ptr<Read>> Device::settle_reads() {
  std::vector<std::unique_ptr<Read>> done = reader_ ? reader_->take_done() : std::vector<std::unique_ptr<Read>>{};
  /* the thread has perhaps turned to another device meanwhile, and pinned memory may be given back here */
  if (!done.empty()) table().set_context(context_);
  for (const auto& read : done) {
    spare_events_.insert(spare_events_.end(), read->events.begin(), read->events.end());
    pinned_.put(std::exchange(read->pinned, {}));
    if (read->result != result::ok) continue;
    for (const auto& [lane, number] : read->reached) lane->waited = std::max(lane->waited, number);
  }
  return done;
}

void Device::download_sync(std::uint64_t handle, std::size_t offset, std::size_t bytes, std::uint8_t* target) {
  enter_outside_capture("a read");
  const Buffer& from = buffer(handle, offset, bytes);
  constexpr std::size_t piece_most = std::size_t{32} << 20;
  Pointer at = bytes == 0 ? 0 : use(from)->address + offset;
  while (bytes > 0) {
    const Pinned pinned = pinned_.take(std::min(bytes, piece_most));
    const std::size_t piece = pinned.address == nullptr ? bytes : std::min(bytes, piece_most);
    void* through = pinned.address == nullptr ? target : pinned.address;
    Result r = table().to_host(through, at, piece, lane_->stream);
    if (r == result::ok) r = table().synchronize_stream(lane_->stream);
    if (r == result::ok && pinned.address != nullptr) std::memcpy(target, pinned.address, piece);
    pinned_.put(pinned);
    check(r, "cuMemcpyDtoHAsync");
    at += piece;
    target += piece;
    bytes -= piece;
  }
  wait(*lane_);
}

void Device::wait(Lane& lane) {
  check(table().synchronize_stream(lane.stream), "cuStreamSynchronize");
  lane.waited = launches_;
}

void Device::wait_all() {
  wait(*own_lane_);
  streams_.each([&](std::shared_ptr<Lane>& lane) { wait(*lane); });
}

void Device::synchronize_sync() {
  enter_outside_capture("a wait");
  wait_all();
}

MemoryFacts Device::memory() {
  enter();
  std::size_t free = 0, total = 0;
  check(table().memory_info(&free, &total), "cuMemGetInfo");
  return {allocator_.usage(), buffers_.count(), free, total};
}

void Device::empty_cache() {
  enter_outside_capture("giving memory back");
  allocator_.empty_cache();
}

std::vector<std::unique_ptr<Read>> Device::close(bool finish) {
  if (closed_) return {};
  std::vector<std::unique_ptr<Read>> reads;
  table().set_context(context_);
  if (reader_) {
    reader_->stop(finish);
    reads = settle_reads();
    for (auto& read : reader_->take_queued()) {
      spare_events_.insert(spare_events_.end(), read->events.begin(), read->events.end());
      reads.push_back(std::move(read));
    }
  }
  if (capture_) leave_capture();
  closed_ = true;
  if (own_lane_) table().synchronize_stream(own_lane_->stream);
  streams_.each([&](std::shared_ptr<Lane>& lane) { table().synchronize_stream(lane->stream); });
  graphs_.each([&](Captured& graph) { table().destroy_graph_exec(graph.exec); });
  events_.each([&](Event& event) { table().destroy_event(event); });
  for (const Event event : spare_events_) table().destroy_event(event);
  staging_.destroy();
  for (const auto& read : reads) {
    /* reads that were given up still have their pinned memory */
    pinned_.put(std::exchange(read->pinned, {}));
  }
  pinned_.destroy();
  multiplier_.reset();
  allocator_.destroy();
  modules_.each([&](LoadedModule& module) { table().unload_module(module.module); });
  streams_.each([&](std::shared_ptr<Lane>& lane) { table().destroy_stream(lane->stream); });
  if (own_lane_) table().destroy_stream(own_lane_->stream);
  table().release_context(device_);
  return reads;
}

}  // namespace tenfold
