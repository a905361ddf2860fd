/* Device: streams, events and graphs. */
#include <algorithm>

#include "device.h"
#include "errors.h"

namespace tenfold {
namespace {

/* What messages call the kernels of a graph. */
const Kernel& graph_kernel() {
  static const Kernel kernel{nullptr, "a replayed graph", 0, 0};
  return kernel;
}

}  // namespace

std::uint64_t Device::create_stream() {
  enter_outside_capture("a new stream");
  Stream stream = nullptr;
  check(table().create_stream(&stream, stream_non_blocking), "cuStreamCreate");
  return streams_.add(std::make_shared<Lane>(stream));
}

void Device::destroy_stream(std::uint64_t number) {
  enter_outside_capture("the end of a stream");
  Lane* lane = streams_.at(number).get();
  if (lane == lane_.get()) wrong_argument("the stream ", number, " is the current one: set another first");
  wait(*lane);
  staging_.forget(lane->stream);
  allocator_.forget(*lane);
  allocator_.merge(lane->pool, own_lane_->pool);
  graphs_.each([&](Captured& graph) {
    auto& lanes = graph.lanes;
    lanes.erase(std::remove(lanes.begin(), lanes.end(), lane), lanes.end());
    if (graph.pool->lane == lane) graph.pool->lane = own_lane_.get();
  });
  for (Launched& launched : launched_)
    if (launched.lane == lane) launched.lane = nullptr;
  const auto last = streams_.take(number);
  check(table().destroy_stream(last->stream), "cuStreamDestroy");
}

void Device::set_stream(std::uint64_t stream) {
  enter_outside_capture("another stream");
  lane_ = stream == 0 ? own_lane_ : streams_.at(stream);
}

std::uint64_t Device::create_event() {
  enter();
  Event event = nullptr;
  check(table().create_event(&event, 0), "cuEventCreate");
  return events_.add(event);
}

void Device::destroy_event(std::uint64_t event) {
  enter();
  check(table().destroy_event(events_.take(event)), "cuEventDestroy");
}

void Device::record_event(std::uint64_t event) {
  enter_outside_capture("an event");
  check(table().record_event(events_.at(event), lane_->stream), "cuEventRecord");
}

void Device::wait_event(std::uint64_t event) {
  enter_outside_capture("an event");
  check(table().wait_event(lane_->stream, events_.at(event), 0), "cuStreamWaitEvent");
}

bool Device::query_event(std::uint64_t event) {
  enter_outside_capture("an event");
  const Result r = table().query_event(events_.at(event));
  if (r == result::not_ready) return false;
  check(r, "cuEventQuery");
  return true;
}

void Device::synchronize_event(std::uint64_t event) {
  enter_outside_capture("a wait");
  check(table().synchronize_event(events_.at(event)), "cuEventSynchronize");
}

double Device::elapsed(std::uint64_t from, std::uint64_t to) {
  enter_outside_capture("an event");
  float milliseconds = 0;
  check(table().elapsed(&milliseconds, events_.at(from), events_.at(to)), "cuEventElapsedTime");
  return milliseconds;
}

void Device::begin_capture() {
  enter_outside_capture("a second capture");
  /* Relaxed: what a capture must not wait for is refused here. Otherwise the driver would refuse, for the whole thread, memory, code that cuBLASLt loads and
     what other devices do meanwhile. */
  check(table().begin_capture(lane_->stream, capture_relaxed), "cuStreamBeginCapture");
  captures_++;
  capture_.emplace();
  capture_->pool = std::make_unique<Pool>(lane_.get());
  capture_->pool->kept = true;
}

std::uint64_t Device::end_capture() {
  enter();
  if (!capture_) wrong_argument("no graph is being captured");
  Graph graph = nullptr;
  Result r = table().end_capture(lane_->stream, &graph);
  const char* call = "cuStreamEndCapture";
  if (r == result::ok) {
    call = "cuGraphInstantiate";
    r = table().instantiate_with_flags ? table().instantiate_with_flags(&capture_->exec, graph, 0)
        : table().instantiate         ? table().instantiate(&capture_->exec, graph, nullptr, nullptr, 0)
                                      : result::not_supported;
  }
  if (graph != nullptr) table().destroy_graph(graph);
  Captured captured = std::move(*capture_);
  capture_.reset();
  if (r != result::ok) {
    release_graph(captured);
    allocator_.capture_ended();
    check(r, call);
  }
  allocator_.capture_ended();
  return graphs_.add(std::move(captured));
}

void Device::abandon_capture() {
  enter();
  if (!capture_) wrong_argument("no graph is being captured");
  Captured captured = leave_capture();
  release_graph(captured);
  allocator_.capture_ended();
}

/* Ends the capture, and gives what it took. Nothing of it has run. */
Captured Device::leave_capture() {
  Graph graph = nullptr;
  table().end_capture(lane_->stream, &graph);
  if (graph != nullptr) table().destroy_graph(graph);
  Captured captured = std::move(*capture_);
  capture_.reset();
  return captured;
}

void Device::replay(std::uint64_t number) {
  enter_outside_capture("a replay");
  Captured& graph = graphs_.at(number);
  if (std::find(graph.lanes.begin(), graph.lanes.end(), lane_.get()) == graph.lanes.end()) graph.lanes.push_back(lane_.get());
  note_launch(graph_kernel());
  check(table().launch_graph(graph.exec, lane_->stream), "cuGraphLaunch");
  if (blocking_) wait(*lane_);
}

void Device::destroy_graph(std::uint64_t number) {
  enter_outside_capture("the end of a graph");
  for (Lane* lane : graphs_.at(number).lanes) wait(*lane);
  Captured graph = graphs_.take(number);
  release_graph(graph);
}

/* Gives back what a graph kept that does not run any more. */
void Device::release_graph(Captured& graph) {
  const Result destroyed = graph.exec == nullptr ? result::ok : table().destroy_graph_exec(graph.exec);
  for (Block* block : graph.blocks)
    if (--block->graphs == 0 && block->released) allocator_.release(block, false);
  graph.pool->kept = false;
  allocator_.merge(*graph.pool, graph.pool->lane->pool);
  /* only now: blocks name the pool, which goes with the graph */
  check(destroyed, "cuGraphExecDestroy");
}

}  // namespace tenfold
