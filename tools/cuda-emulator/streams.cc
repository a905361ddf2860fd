/* The order of work: each stream's own, and among streams what events say. */
#include <algorithm>
#include <condition_variable>
#include <utility>

#include "entry.h"

namespace emulator {

thread_local bool in_host_call = false;

namespace {

/* The capture mode of a thread, as cuThreadExchangeStreamCaptureMode sets it: 0 global, 1 thread-local, 2 relaxed. */
thread_local int thread_mode = 0;
std::set<std::shared_ptr<Capture>> captures;

/* Tells that a call of the host that a stream made has come back. */
std::condition_variable_any returned;

void run_one(Stream& stream) {
  const Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  /* after a failure nothing runs, but whoever waits for it is told */
  if (stream.context->sticky == ok) {
    const Result result = work();
    if (result != ok && stream.context->sticky == ok) stream.context->sticky = result;
  }
  stream.done++;
}

}  // namespace

void run_until(Stream& stream, uint64_t ticket) {
  while (stream.done < ticket) {
    if (stream.calls_host) returned.wait(driver_lock);
    else if (stream.queue.empty()) return;
    else run_one(stream);
  }
}

void call_host(Stream& stream, const std::function<void()>& call) {
  stream.calls_host = in_host_call = true;
  driver_lock.unlock();
  call();
  driver_lock.lock();
  stream.calls_host = in_host_call = false;
  returned.notify_all();
}

void run_all(Context& context) {
  for (const auto& [handle, stream] : context.streams) run_until(*stream, stream->queued);
  run_until(*context.null_stream, context.null_stream->queued);
}

void drop_work(Context& context) {
  for (const auto& [handle, stream] : context.streams) {
    stream->queue.clear();
    captures.erase(stream->capture);
  }
  context.null_stream->queue.clear();
}

void queue(Stream& stream, Work work) {
  if (stream.capture != nullptr) {
    if (!stream.capture->valid) throw Failure{capture_invalidated};
    stream.capture->work.push_back(std::move(work));
    stream.captured = stream.capture->work.size();
    return;
  }
  /* the legacy stream waits for all that block, and they for it: its work is never put off */
  const bool legacy = &stream == stream.context->null_stream.get();
  if (legacy) {
    for (const auto& [handle, other] : stream.context->streams) {
      if (!other->blocking) continue;
      if (other->capture != nullptr) {
        other->capture->valid = false;
        throw Failure{capture_implicit};
      }
      run_until(*other, other->queued);
    }
  }
  stream.queue.push_back(std::move(work));
  stream.queued++;
  if (legacy || !settings().lazy || stream.queue.size() >= settings().batch) run_until(stream, stream.queued);
}

bool is_done(const Event& event) { return event.stream == nullptr || event.stream->done >= event.ticket; }

void refuse_in_capture() {
  bool refused = false;
  for (const auto& capture : captures) {
    const bool own = capture->thread == std::this_thread::get_id();
    /* relaxed captures forbid nothing; thread-local ones only their own thread; global ones every thread that has not asked for less */
    if (capture->mode == 2 || thread_mode == 2 || (!own && (capture->mode == 1 || thread_mode == 1))) continue;
    capture->valid = false;
    refused = true;
  }
  if (refused) throw Failure{capture_unsupported};
}

std::shared_ptr<Stream> find_stream(Context& context, Stream* handle) {
  /* 1 and 2 are CU_STREAM_LEGACY and CU_STREAM_PER_THREAD */
  if (reinterpret_cast<uintptr_t>(handle) <= 2) return context.null_stream;
  const auto found = context.streams.find(handle);
  if (found == context.streams.end()) throw Failure{invalid_handle};
  return found->second;
}

int exchange_mode(int mode) { return std::exchange(thread_mode, mode); }

void begin_capture(Stream& stream, int mode) {
  if (&stream == stream.context->null_stream.get() || !settings().capture) throw Failure{capture_unsupported};
  if (stream.capture != nullptr) throw Failure{invalid_value};
  stream.capture = std::make_shared<Capture>();
  stream.capture->origin = &stream;
  stream.capture->mode = mode;
  stream.capture->thread = std::this_thread::get_id();
  stream.capture->streams.insert(&stream);
  stream.captured = stream.joined = 0;
  captures.insert(stream.capture);
}

std::unique_ptr<Graph> end_capture(Stream& stream) {
  const std::shared_ptr<Capture> capture = stream.capture;
  if (capture == nullptr) throw Failure{invalid_value};
  if (capture->origin != &stream) throw Failure{capture_unmatched};
  if (capture->mode != 2 && capture->thread != std::this_thread::get_id()) throw Failure{capture_wrong_thread};
  captures.erase(capture);
  bool joined = true;
  for (Stream* other : capture->streams) {
    if (other != &stream && other->captured > other->joined) joined = false;
    other->capture = nullptr;
  }
  if (!capture->valid) throw Failure{capture_invalidated};
  if (!joined) throw Failure{capture_unjoined};
  auto graph = std::make_unique<Graph>();
  graph->work = std::move(capture->work);
  return graph;
}

void record(Event& event, const std::shared_ptr<Stream>& stream) {
  if (stream->capture != nullptr) {
    event.capture = stream->capture;
    event.captured_in = stream.get();
    event.captured_work = stream->captured;
    return;
  }
  event.capture = nullptr;
  const std::shared_ptr<Event> kept = event.context->events.at(&event);
  const uint64_t ticket = stream->queued + 1;
  event.stream = stream;
  event.ticket = ticket;
  queue(*stream, [kept, ticket] {
    /* unless it was recorded again meanwhile */
    if (kept->ticket == ticket) kept->time = std::chrono::steady_clock::now();
    return ok;
  });
}

void wait_for(const std::shared_ptr<Stream>& stream, Event& event) {
  if (event.capture != nullptr) {
    if (captures.count(event.capture) == 0) throw Failure{captured_event};
    if (stream->capture != nullptr && stream->capture != event.capture) throw Failure{capture_merge};
    if (stream->capture == nullptr) {
      stream->capture = event.capture;
      stream->capture->streams.insert(stream.get());
      stream->captured = stream->joined = 0;
    }
    if (event.captured_in != stream.get()) {
      event.captured_in->joined = std::max(event.captured_in->joined, event.captured_work);
      /* what waits must itself be joined */
      stream->captured = event.capture->work.size();
    }
    return;
  }
  if (stream->capture != nullptr) {
    /* work from before the capture can't be a part of the graph */
    if (event.stream == nullptr) return;
    stream->capture->valid = false;
    throw Failure{capture_isolation};
  }
  const std::shared_ptr<Stream> other = event.stream;
  const uint64_t ticket = event.ticket;
  if (other == nullptr || other->done >= ticket) return;
  queue(*stream, [other, ticket] {
    run_until(*other, ticket);
    return ok;
  });
}

}  // namespace emulator
