/* One device, as src/native.ts says, without JavaScript. Numbers from there are looked up and checked here; what is wrong raises a Failure. */
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "allocator.h"
#include "driver.h"
#include "libraries.h"
#include "multiply.h"
#include "pinned.h"
#include "reader.h"
#include "slots.h"

namespace tenfold {

constexpr std::size_t argument_bytes_most = 4096;
/* A pointer for each eight bytes of arguments */
constexpr std::size_t pointers_most = argument_bytes_most / sizeof(Pointer);

struct Kernel {
  Function function = nullptr;
  std::string name;
  std::size_t bytes = 0;
  unsigned threads = 0;
};

struct Buffer {
  Block* block = nullptr;
  std::size_t bytes = 0;
};

struct LoadedModule {
  Module module = nullptr;
  std::string name;
};

struct Captured {
  GraphExec exec = nullptr;
  std::unique_ptr<Pool> pool;
  /* Blocks from before the capture that the graph uses */
  std::vector<Block*> blocks;
  std::vector<Lane*> lanes;
};

struct MemoryFacts {
  Usage usage;
  std::uint64_t buffers, free, total;
};

class Device {
 public:
  /* `notify` is called on another thread when reads are done: {@link settle_reads} is due then. */
  Device(std::shared_ptr<Driver> driver, std::shared_ptr<Libraries> libraries, int index, bool blocking, std::function<void()> notify);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  std::uint64_t load_module(const std::string& name, const std::uint8_t* image, std::size_t bytes);
  std::uint64_t kernel(std::uint64_t module, const std::string& name, std::size_t bytes, unsigned threads);
  /* `pointers` are three numbers each, of which nothing is known yet. */
  void launch(std::uint64_t kernel, unsigned x, unsigned y, unsigned z, unsigned threads, const std::uint8_t* arguments, std::size_t argument_bytes,
              const double* pointers, std::size_t pointer_count);

  std::uint64_t allocate(std::size_t bytes);
  void release(std::uint64_t handle);
  void upload(std::uint64_t handle, std::size_t offset, const std::uint8_t* data, std::size_t bytes);
  /* Checks a read before memory is taken for it. */
  void check_read(std::uint64_t handle, std::size_t offset, std::size_t bytes);
  /* Queues a read into `read->target`, or, without bytes, a wait for all streams. */
  void download(std::uint64_t handle, std::size_t offset, std::size_t bytes, std::unique_ptr<Read> read);
  void synchronize(std::unique_ptr<Read> read);
  void download_sync(std::uint64_t handle, std::size_t offset, std::size_t bytes, std::uint8_t* target);
  void synchronize_sync();
  void copy(std::uint64_t from, std::size_t from_offset, std::uint64_t to, std::size_t to_offset, std::size_t bytes);
  void fill(std::uint64_t handle, std::size_t offset, std::size_t bytes, unsigned char byte);
  MemoryFacts memory();
  void empty_cache();

  std::uint64_t create_stream();
  void destroy_stream(std::uint64_t stream);
  void set_stream(std::uint64_t stream);
  std::uint64_t create_event();
  void destroy_event(std::uint64_t event);
  void record_event(std::uint64_t event);
  void wait_event(std::uint64_t event);
  bool query_event(std::uint64_t event);
  void synchronize_event(std::uint64_t event);
  double elapsed(std::uint64_t from, std::uint64_t to);

  void begin_capture();
  std::uint64_t end_capture();
  void abandon_capture();
  void replay(std::uint64_t graph);
  void destroy_graph(std::uint64_t graph);

  bool has_cublas_lt() const { return libraries_->cublas_lt_table != nullptr; }
  bool has_nvrtc() const { return libraries_->nvrtc_table != nullptr; }
  /* Why cuBLASLt has no algorithm; empty if the product was queued. */
  std::string multiply(const Product& product);
  std::string compile(const std::string& source, const std::vector<std::string>& options);

  /* Reads that are done, each with what went wrong if its result says so. */
  std::vector<std::unique_ptr<Read>> settle_reads();
  /* What a result of a read means, and marks the device as lost if so. */
  Failure failure(Result result, const char* call);
  const std::optional<std::string>& lost() const { return lost_; }
  bool closed() const { return closed_; }
  /* Gives everything back. With `finish`, reads that were queued are carried out before. What they held is in the result. */
  std::vector<std::unique_ptr<Read>> close(bool finish);

 private:
  struct Launched {
    const Kernel* kernel = nullptr;
    Lane* lane = nullptr;
    std::uint64_t number = 0;
  };

  const DriverTable& table() const { return driver_->table(); }
  void check(Result result, const char* call);
  /* Raises unless the device is there; makes its context the thread's. */
  void enter();
  void enter_outside_capture(const char* what);
  Block* use(const Buffer& buffer);
  const Buffer& buffer(std::uint64_t handle, std::size_t offset, std::size_t bytes);
  Pool& pool();
  void wait(Lane& lane);
  void wait_all();
  void mark(Read& read, const std::shared_ptr<Lane>& lane);
  void queue(std::unique_ptr<Read> read);
  Event take_event();
  Captured leave_capture();
  void note_launch(const Kernel& kernel);
  Pointer matrix(const Matrix& matrix, const Product& product);
  Multiplier::Plan* find_plan(const Product& product, const Multiplier::Pointers& at, std::string& reason);
  void release_graph(Captured& graph);
  std::string suspects() const;

  std::shared_ptr<Driver> driver_;
  std::shared_ptr<Libraries> libraries_;
  std::unique_ptr<Multiplier> multiplier_;
  int device_ = 0;
  bool blocking_;
  Context context_ = nullptr;
  std::optional<std::string> lost_;
  bool closed_ = false;
  std::uint64_t serial_;

  Slots<LoadedModule> modules_;
  Slots<std::unique_ptr<Kernel>> kernels_;
  Slots<Buffer> buffers_;
  Slots<std::shared_ptr<Lane>> streams_;
  Slots<Event> events_;
  Slots<Captured> graphs_;

  /* The device's own stream, and the current one */
  std::shared_ptr<Lane> own_lane_, lane_;
  Allocator allocator_;
  PinnedPool pinned_;
  Staging staging_;
  std::vector<Event> spare_events_;
  std::function<void()> notify_;
  std::unique_ptr<Reader> reader_;

  std::array<Launched, 64> launched_;
  std::uint64_t launches_ = 0;

  std::optional<Captured> capture_;
  std::uint64_t captures_ = 0;
};

}  // namespace tenfold
