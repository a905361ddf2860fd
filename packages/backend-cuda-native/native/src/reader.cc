#include "reader.h"

#include <cstring>
#include <utility>

namespace tenfold {

Reader::Reader(const Driver& driver, Context context, std::function<void()> notify)
    : driver_(driver), context_(context), notify_(std::move(notify)), thread_([this] { run(); }) {}

void Reader::queue(std::unique_ptr<Read> read) {
  const std::lock_guard<std::mutex> lock(guard_);
  queued_.push_back(std::move(read));
  changed_.notify_one();
}

std::vector<std::unique_ptr<Read>> Reader::take_done() {
  const std::lock_guard<std::mutex> lock(guard_);
  return std::exchange(done_, {});
}

std::deque<std::unique_ptr<Read>> Reader::take_queued() {
  const std::lock_guard<std::mutex> lock(guard_);
  return std::exchange(queued_, {});
}

void Reader::stop(bool finish) {
  {
    const std::lock_guard<std::mutex> lock(guard_);
    stopping_ = true;
    finish_ = finish;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Reader::run() {
  driver_.table().set_context(context_);
  std::unique_lock<std::mutex> lock(guard_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queued_.empty(); });
    if (stopping_ && (queued_.empty() || !finish_)) return;
    std::unique_ptr<Read> read = std::move(queued_.front());
    queued_.pop_front();
    lock.unlock();
    await(*read);
    lock.lock();
    done_.push_back(std::move(read));
    notify_();
  }
}

void Reader::await(Read& read) const {
  for (const Event event : read.events) {
    read.result = driver_.table().synchronize_event(event);
    if (read.result != result::ok) return;
  }
  if (read.target != nullptr && read.pinned.address != nullptr) std::memcpy(read.target, read.pinned.address, read.bytes);
}

}  // namespace tenfold
